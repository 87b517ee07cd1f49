"""The application commands that a bot has synced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .options import OptionType
from .payloads import Payload, as_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .snowflakes import Snowflakes

_NESTING = (OptionType.SUBCOMMAND, OptionType.GROUP)


class CommandType:
    """Application command types."""

    SLASH = 1
    USER = 2
    MESSAGE = 3


@dataclass(frozen=True, slots=True)
class Resolved:
    """A command found by its full name.

    Attributes
    ----------
    command:
        The top-level command as synced.
    path:
        The group and subcommand below it: (option type, name).
    options:
        The definitions of the options it takes.
    """

    command: Payload
    path: tuple[tuple[int, str], ...]
    options: Sequence[Payload]


class Commands:
    """The global commands and those of each guild; ``None`` as a guild id means global."""

    def __init__(self, application_id: int, snowflakes: Snowflakes) -> None:
        self._application_id = application_id
        self._snowflakes = snowflakes
        self._scopes: dict[int | None, dict[int, Payload]] = {}

    def all(self, guild_id: int | None) -> list[Payload]:
        """Return the commands of one scope."""
        return list(self._scopes.get(guild_id, {}).values())

    def get(self, guild_id: int | None, command_id: int) -> Payload | None:
        """Return one command of a scope."""
        return self._scopes.get(guild_id, {}).get(command_id)

    def replace(self, guild_id: int | None, definitions: Sequence[Payload]) -> list[Payload]:
        """Replace the commands of a scope; those that keep name and type keep their id."""
        old = {(entry["name"], entry["type"]): entry for entry in self.all(guild_id)}
        self._scopes[guild_id] = {}
        for definition in definitions:
            known = old.get((definition["name"], definition.get("type", CommandType.SLASH)))
            self._put(guild_id, definition, None if known is None else int(known["id"]))
        return self.all(guild_id)

    def upsert(self, guild_id: int | None, definition: Payload) -> Payload:
        """Add one command, or overwrite the one of the same name and type."""
        kind = definition.get("type", CommandType.SLASH)
        for entry in self.all(guild_id):
            if (entry["name"], entry["type"]) == (definition["name"], kind):
                return self._put(guild_id, definition, int(entry["id"]))
        return self._put(guild_id, definition, None)

    def edit(self, guild_id: int | None, command_id: int, changes: Payload) -> Payload | None:
        """Change one command; return ``None`` if it does not exist."""
        entry = self.get(guild_id, command_id)
        return None if entry is None else self._put(guild_id, entry | changes, command_id)

    def delete(self, guild_id: int | None, command_id: int) -> bool:
        """Remove one command; return whether it existed."""
        return self._scopes.get(guild_id, {}).pop(command_id, None) is not None

    def find(self, name: str, guild_id: int | None, kind: int = CommandType.SLASH) -> Resolved | None:
        """Find a command by its full name (``play song``) as a user in a guild would see it.

        A guild's own commands win over global ones. The name of a context menu may have spaces in it.
        """
        words = [name] if kind != CommandType.SLASH else name.split()
        for scope in (guild_id, None) if guild_id is not None else (None,):
            for command in self.all(scope):
                if command["name"] == words[0] and command["type"] == kind:
                    found = _descend(command, words[1:])
                    if found is not None:
                        return found
        return None

    def names(self, guild_id: int | None, kind: int = CommandType.SLASH) -> list[str]:
        """Return the full names of every command of a kind a user in a guild could use."""
        scopes = (None,) if guild_id is None else (None, guild_id)
        found = [command for scope in scopes for command in self.all(scope) if command["type"] == kind]
        return [name for command in found for name in _leaves(command)]

    def _put(self, guild_id: int | None, definition: Payload, command_id: int | None) -> Payload:
        command_id = command_id or self._snowflakes.next()
        kind = definition.get("type", CommandType.SLASH)
        entry: Payload = {"description": "", "options": [], "default_member_permissions": None, "nsfw": False}
        entry |= definition
        entry |= {
            "id": str(command_id),
            "application_id": str(self._application_id),
            "type": kind,
            "version": str(self._snowflakes.next()),
        }
        if guild_id is not None:
            entry["guild_id"] = str(guild_id)
        self._scopes.setdefault(guild_id, {})[command_id] = entry
        return entry


def _descend(command: Payload, words: Sequence[str]) -> Resolved | None:
    path: list[tuple[int, str]] = []
    options = as_list(command.get("options"))
    for word in words:
        below = next((entry for entry in options if entry["name"] == word and entry["type"] in _NESTING), None)
        if below is None:
            return None
        path.append((below["type"], word))
        options = as_list(below.get("options"))
    if any(entry["type"] in _NESTING for entry in options):
        return None
    return Resolved(command, tuple(path), options)


def _leaves(entry: Payload) -> list[str]:
    below = [option for option in as_list(entry.get("options")) if option["type"] in _NESTING]
    if not below:
        return [str(entry["name"])]
    return [f"{entry['name']} {name}" for option in below for name in _leaves(option)]
