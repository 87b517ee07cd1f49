"""Observed: the numbers of guilds, their members, commands and extensions. Signals: up-down counters.

They are read at collection, on another thread, while the event loop changes them. Safe, because the numbers of guilds
and members are kept ready by :mod:`.guild_changes`, and because the few dictionaries that are iterated, those of
commands, are copied first: ``tuple`` of a dictionary's values is one call into C, which runs no Python code and so
switches to no other thread. The sums over all clients are reported, without those that have been closed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import AttributeValue, Metric, Reading, Telemetry

from .attributes import COMMAND_TYPE, GUILD_SIZE
from .catalogue import COMMANDS, EXTENSIONS, GUILD_MEMBERS, GUILD_SIZES, GUILDS, GUILDS_UNAVAILABLE
from .guild_changes import GuildChanges
from .shards import ClientRegistry

if TYPE_CHECKING:
    from discord.client import Client

# The types of context menus, by Discord's numbers.
_MENUS = {2: "user", 3: "message"}


class StateGauges:
    """Reads the sizes."""

    def __init__(self, telemetry: Telemetry, registry: ClientRegistry, guild_changes: GuildChanges) -> None:
        self._telemetry = telemetry
        self._registry = registry
        self._guild_changes = guild_changes
        self._sum(GUILDS, self._guilds)
        self._sum(GUILDS_UNAVAILABLE, self._guilds_unavailable)
        self._sum(GUILD_MEMBERS, self._members)
        self._sum(EXTENSIONS, _extensions)
        telemetry.gauge(GUILD_SIZES, self._sizes)
        telemetry.gauge(COMMANDS, self._commands)

    def _sum(self, metric: Metric, size: Callable[[Client], int | None]) -> None:
        """Report the sum of ``size`` over the clients; nothing if it is ``None`` for all of them."""

        def read() -> Reading:
            sizes = [found for client in self._registry.open_clients() if (found := size(client)) is not None]
            return [({}, float(sum(sizes)))] if sizes else []

        self._telemetry.gauge(metric, read)

    def _guilds(self, client: Client) -> int | None:
        guilds = self._guild_changes.of(client._connection)
        return guilds.count if guilds is not None and guilds.started else None

    def _guilds_unavailable(self, client: Client) -> int | None:
        guilds = self._guild_changes.of(client._connection)
        # READY lists every guild as unavailable; without the intent, Discord never sends that one has become available.
        if guilds is None or not guilds.started or not client._connection._intents.guilds:
            return None
        return guilds.unavailable

    def _members(self, client: Client) -> int | None:
        guilds = self._guild_changes.of(client._connection)
        return None if guilds is None else guilds.members

    def _sizes(self) -> Reading:
        sizes: dict[AttributeValue, int] = {}
        for client in self._registry.open_clients():
            guilds = self._guild_changes.of(client._connection)
            if guilds is not None and guilds.members is not None:
                for size, count in guilds.by_class.items():
                    sizes[size] = sizes.get(size, 0) + count
        return [({GUILD_SIZE.name: size}, float(count)) for size, count in sizes.items()]

    def _commands(self) -> Reading:
        counts: dict[str, int] = {}
        for client in self._registry.open_clients():
            for kind, count in _commands_of(client):
                counts[kind] = counts.get(kind, 0) + count
        return [({COMMAND_TYPE.name: kind}, float(count)) for kind, count in counts.items()]


def _extensions(client: Client) -> int | None:
    extensions: Mapping[str, object] | None = getattr(client, "extensions", None)
    return None if extensions is None else len(extensions)


def _commands_of(client: Client) -> Iterable[tuple[str, int]]:
    """Return (type, count) for each type of command that ``client`` can have."""
    tree: Any = getattr(client._connection, "_command_tree", None)  # missing in the forks
    if tree is not None:
        mappings: list[Mapping[str, Any]] = [tree._global_commands]
        mappings += tuple(tree._guild_commands.values())
        yield "slash", _count(mappings, "_children")
        menus = {id(menu): menu for menu in tuple(tree._context_menus.values())}
        for number, kind in _MENUS.items():
            yield kind, sum(menu.type.value == number for menu in menus.values())
    prefixed = getattr(client, "all_commands", None)
    if prefixed is not None:
        yield "prefix", _count([prefixed], "all_commands")


def _count(mappings: list[Mapping[str, Any]], children: str) -> int:
    """Count commands and their children, each once: a command has an entry for each alias and each guild."""
    seen: dict[int, object] = {}
    while mappings:
        for command in tuple(mappings.pop().values()):
            seen[id(command)] = command
            mappings.append(getattr(command, children, {}))
    return len(seen)
