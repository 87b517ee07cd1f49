"""The options of a command: from a user's values to the payload that Discord sends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from . import payloads
from .payloads import Payload
from .world import Channel, Member, Role, User

if TYPE_CHECKING:
    from .world import Guild, World

OptionValue: TypeAlias = "str | int | float | bool | User | Member | Channel | Role"


class OptionType:
    """Application command option types."""

    SUBCOMMAND = 1
    GROUP = 2
    STRING = 3
    INTEGER = 4
    BOOLEAN = 5
    USER = 6
    CHANNEL = 7
    ROLE = 8
    MENTIONABLE = 9
    NUMBER = 10


class Resolver:
    """Collects the objects that an interaction names by id, for its ``resolved`` field."""

    def __init__(self, world: World, guild: Guild | None) -> None:
        self._world = world
        self._guild = guild
        self._found: dict[str, Payload] = {}

    @property
    def resolved(self) -> Payload:
        """The ``resolved`` field, or an empty dictionary if no object was named."""
        return {"resolved": self._found} if self._found else {}

    def user(self, user_id: int) -> str:
        """Add a user, with the member object if there is one in the guild."""
        user = self._world.users.get(user_id)
        if user is None:
            raise ValueError(f"there is no user {user_id}")
        self._found.setdefault("users", {})[str(user_id)] = payloads.user(user)
        member = None if self._guild is None else self._guild.members.get(user_id)
        if member is not None:
            self._found.setdefault("members", {})[str(user_id)] = payloads.member(
                member, with_user=False, permissions=True
            )
        return str(user_id)

    def channel(self, channel_id: int) -> str:
        """Add a channel."""
        channel = self._world.channel(channel_id)
        if channel is None:
            raise ValueError(f"there is no channel {channel_id}")
        self._found.setdefault("channels", {})[str(channel_id)] = payloads.channel(channel) | {
            "permissions": payloads.ALL_PERMISSIONS
        }
        return str(channel_id)

    def role(self, role_id: int) -> str:
        """Add a role of the guild."""
        role = None if self._guild is None else self._guild.roles.get(role_id)
        if role is None:
            raise ValueError(f"there is no role {role_id} here")
        self._found.setdefault("roles", {})[str(role_id)] = payloads.role(role)
        return str(role_id)

    def mentionable(self, snowflake: int) -> str:
        """Add a user or a role."""
        return self.user(snowflake) if snowflake in self._world.users else self.role(snowflake)

    def message(self, message: Payload) -> str:
        """Add a message."""
        self._found.setdefault("messages", {})[message["id"]] = message
        return str(message["id"])


def fill(
    definitions: Sequence[Payload] | None,
    given: Mapping[str, OptionValue],
    resolver: Resolver,
    *,
    focused: str | None = None,
) -> list[Payload]:
    """Return the ``options`` of an interaction.

    Parameters
    ----------
    definitions:
        The options of the command; ``None`` if it was never synced, so that the value determines the type.
    given:
        Values by option name.
    resolver:
        Collects the objects that are named by id.
    focused:
        The option that the user is typing into. It makes this an autocomplete: other options may be missing.

    Raises
    ------
    ValueError
        A name is unknown, a required option is missing, or a value does not fit its type.
    """
    if definitions is None:
        return [_option(name, _type_of(value), value, resolver, focused=focused) for name, value in given.items()]
    by_name = {str(definition["name"]): definition for definition in definitions}
    unknown = sorted(given.keys() - by_name.keys())
    if unknown:
        raise ValueError(f"no such option: {', '.join(unknown)}; there are: {', '.join(by_name) or 'none'}")
    missing = [name for name, definition in by_name.items() if definition.get("required") and name not in given]
    if missing and focused is None:
        raise ValueError(f"a required option is missing: {', '.join(missing)}")
    return [
        _option(name, int(by_name[name]["type"]), value, resolver, focused=focused) for name, value in given.items()
    ]


def _option(name: str, kind: int, value: OptionValue, resolver: Resolver, *, focused: str | None) -> Payload:
    option: Payload = {"name": name, "type": kind}
    if name == focused:
        # The value of an option that is being typed is text, whatever its type.
        return option | {"value": value, "focused": True}
    return option | {"value": _value(name, kind, value, resolver)}


def _value(name: str, kind: int, value: OptionValue, resolver: Resolver) -> Any:
    resolve = {
        OptionType.USER: resolver.user,
        OptionType.CHANNEL: resolver.channel,
        OptionType.ROLE: resolver.role,
        OptionType.MENTIONABLE: resolver.mentionable,
    }.get(kind)
    if resolve is not None:
        return resolve(_snowflake(name, value))
    fits = {
        OptionType.STRING: (str,),
        OptionType.INTEGER: (int,),
        OptionType.BOOLEAN: (bool,),
        OptionType.NUMBER: (int, float),
    }.get(kind)
    if fits is None:
        raise ValueError(f"option {name!r} has type {kind}, which the simulator cannot fill in")
    if not isinstance(value, fits) or (isinstance(value, bool) and kind != OptionType.BOOLEAN):
        raise ValueError(f"option {name!r} takes {' or '.join(entry.__name__ for entry in fits)}, not {value!r}")
    return value


def _snowflake(name: str, value: OptionValue) -> int:
    if isinstance(value, Member):
        return value.user.id
    if isinstance(value, (User, Channel, Role)):
        return value.id
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"option {name!r} takes a user, member, channel, role or its id, not {value!r}")


def _type_of(value: OptionValue) -> int:
    # bool before int: True is an int too.
    if isinstance(value, bool):
        return OptionType.BOOLEAN
    if isinstance(value, int):
        return OptionType.INTEGER
    if isinstance(value, float):
        return OptionType.NUMBER
    if isinstance(value, (User, Member)):
        return OptionType.USER
    if isinstance(value, Channel):
        return OptionType.CHANNEL
    return OptionType.ROLE if isinstance(value, Role) else OptionType.STRING
