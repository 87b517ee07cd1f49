"""Observed: discord.py's caches. Signals: up-down counters.

They are read at collection, on another thread, while the event loop changes them. Safe, because a container is asked
for its length, and a few objects are taken out of it, each in one call into C, which runs no Python code and so
switches to no other thread.

Each guild has caches of its own: members, channels, threads, roles and voice states. A collection counts those of as
many guilds as it can in 2 ms, and the next one continues. So a collection in a bot with 100,000 guilds takes no longer
than in one with some thousands, and a bot whose guilds need several collections reports its last complete count. Only
ids are kept in between: a guild must be free to go.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import Reading, Telemetry

from .attributes import CACHE_NAME
from .catalogue import CACHE_MEMORY, CACHE_OBJECTS
from .shards import ClientRegistry

if TYPE_CHECKING:
    from discord.client import Client
    from discord.state import ConnectionState

_SECONDS = 0.002
_GUILDS_AT_ONCE = 100
_OBJECTS = 20
_MEASURED_EVERY = 60.0

# By the cache's name: the attribute of `ConnectionState` or `Guild`.
_OF_CLIENT = {
    "users": "_users",
    "messages": "_messages",
    "emojis": "_emojis",
    "stickers": "_stickers",
    "private_channels": "_private_channels",
}
_OF_GUILD = {
    "members": "_members",
    "channels": "_channels",
    "threads": "_threads",
    "roles": "_roles",
    "voice_states": "_voice_states",
}


class Caches:
    """Counts the objects in the caches, and estimates their memory. The sums over all open clients are reported."""

    def __init__(self, telemetry: Telemetry, registry: ClientRegistry) -> None:
        self._registry = registry
        self._clients: weakref.WeakKeyDictionary[Client, _Caches] = weakref.WeakKeyDictionary()
        # Several exporters may collect at once. The event loop never takes it.
        self._lock = Lock()
        telemetry.gauge(CACHE_OBJECTS, self._objects)
        telemetry.gauge(CACHE_MEMORY, self._memory)

    def _objects(self) -> Reading:
        with self._lock:
            return _sums(self._of(client).count(client) for client in self._registry.open_clients())

    def _memory(self) -> Reading:
        with self._lock:
            return _sums(self._of(client).memory(client) for client in self._registry.open_clients())

    def _of(self, client: Client) -> _Caches:
        known = self._clients.get(client)
        if known is None:
            known = self._clients[client] = _Caches()
        return known


class _Caches:
    """The caches of one client."""

    def __init__(self) -> None:
        self._ids: list[int] = []  # of the guilds that this count visits
        self._visited = 0
        self._counting = dict.fromkeys(_OF_GUILD, 0)
        self._counted: dict[str, int] = {}
        self._objects: dict[str, int] = {}
        self._sizes: dict[str, float] = {}
        self._measured = -_MEASURED_EVERY

    def count(self, client: Client) -> dict[str, int]:
        """Return the number of objects in each cache."""
        state = client._connection
        self._count_guilds(state)
        # A cache is `None` if the bot has turned it off, as that of messages.
        own = {name: len(getattr(state, field) or ()) for name, field in _OF_CLIENT.items()}
        self._objects = {**own, **self._counted}
        return self._objects

    def _count_guilds(self, state: ConnectionState[Any]) -> None:
        if not self._visited:
            self._ids = list(state._guilds)
        stop = time.perf_counter() + _SECONDS
        while self._visited < len(self._ids):
            self._count_some(state, self._ids[self._visited : self._visited + _GUILDS_AT_ONCE])
            if time.perf_counter() >= stop:
                break
        if self._visited >= len(self._ids):
            self._visited, self._ids = 0, []
            self._counted, self._counting = self._counting, dict.fromkeys(_OF_GUILD, 0)

    def _count_some(self, state: ConnectionState[Any], ids: list[int]) -> None:
        members = channels = threads = roles = voice_states = 0
        for guild_id in ids:
            guild = state._guilds.get(guild_id)
            if guild is not None:
                members += len(guild._members)
                channels += len(guild._channels)
                threads += len(guild._threads)
                roles += len(guild._roles)
                voice_states += len(guild._voice_states)
        for name, more in zip(_OF_GUILD, (members, channels, threads, roles, voice_states), strict=True):
            self._counting[name] += more
        self._visited += len(ids)

    def memory(self, client: Client) -> dict[str, float]:
        """Return the estimated bytes of each cache that has been counted, and of which an object has been measured."""
        now = time.monotonic()
        new = any(count and name not in self._sizes for name, count in self._objects.items())
        if new or now - self._measured >= _MEASURED_EVERY:
            self._measured = now
            self._measure(client._connection)
        return {name: count * self._sizes[name] for name, count in self._objects.items() if name in self._sizes}

    def _measure(self, state: ConnectionState[Any]) -> None:
        ids = list(state._guilds)
        guilds = [guild for each in ids[:: len(ids) // _OBJECTS + 1] if (guild := state._guilds.get(each)) is not None]
        for name, field in _OF_CLIENT.items():
            self._measure_cache(name, [getattr(state, field)])
        for name, field in _OF_GUILD.items():
            self._measure_cache(name, [getattr(guild, field) for guild in guilds])

    def _measure_cache(self, name: str, containers: list[Any]) -> None:
        from .footprints import entry_size, footprint, some_of  # not at the bot's start

        sizes: list[float] = []
        for container in containers:
            if container:
                entry = entry_size(container)
                sizes += [entry + footprint(each) for each in some_of(container, _OBJECTS // len(containers))]
        if sizes:  # else it keeps its former mean
            self._sizes[name] = sum(sizes) / len(sizes)


def _sums(clients: Iterable[Mapping[str, float]]) -> Reading:
    sums: dict[str, float] = {}
    for found in clients:
        for name, value in found.items():
            sums[name] = sums.get(name, 0.0) + value
    return [({CACHE_NAME.name: name}, value) for name, value in sums.items()]
