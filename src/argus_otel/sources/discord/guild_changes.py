"""Observed: which guilds the bot is in, according to the gateway. Signals: counter, events, and the data of two gauges.

READY lists the guilds of its shard. GUILD_CREATE is sent for a guild that is new or available again, GUILD_DELETE for
one that the bot has left or that is unavailable. ``ConnectionState`` keeps a parser for each type in a dictionary of
its own, where the hook wraps these three. discord.py's own view is not enough: it does not dispatch ``guild_join`` for
a guild that is joined while the guilds of READY still arrive, and dispatches it late or never if members are fetched
first; and the cache of a client with several shards keeps guilds that a shard has lost while it was disconnected. Safe,
because the original parsers get the same data, and the hook only adds an id to a set or removes one.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import Event, Telemetry

from .catalogue import GUILD_CHANGES, GUILD_JOIN_EVENT, GUILD_LEAVE_EVENT
from .ids import ids_of_guild, shard_of
from .instance_patches import InstancePatches
from .patches import Function

if TYPE_CHECKING:
    from discord.state import ConnectionState

HOOK = "guild changes"


class Guilds:
    """The guilds of one client. Changed on its event loop; the counts may be read from any thread."""

    def __init__(self) -> None:
        self._known: dict[int, set[int]] = {}
        self._unavailable: dict[int, set[int]] = {}

    def reset(self, shard_id: int, known: Iterable[int], unavailable: Iterable[int]) -> None:
        """Set the guilds of a shard."""
        # Replaced, not changed: the collecting thread reads them.
        self._known = {**self._known, shard_id: set(known)}
        self._unavailable = {**self._unavailable, shard_id: set(unavailable)}

    def add(self, shard_id: int, guild_id: int, *, unavailable: bool) -> bool:
        """Add a guild, or update whether it is unavailable; return whether it is new."""
        if shard_id not in self._known:
            self.reset(shard_id, (), ())
        known = self._known[shard_id]
        new = guild_id not in known
        known.add(guild_id)
        if unavailable:
            self._unavailable[shard_id].add(guild_id)
        else:
            self._unavailable[shard_id].discard(guild_id)
        return new

    def mark_unavailable(self, shard_id: int, guild_id: int) -> None:
        """Mark a guild as unavailable, if it is known."""
        if guild_id in self._known.get(shard_id, ()):
            self._unavailable[shard_id].add(guild_id)

    def remove(self, shard_id: int, guild_id: int) -> bool:
        """Remove a guild; return whether it was known."""
        if guild_id not in self._known.get(shard_id, ()):
            return False
        self._known[shard_id].discard(guild_id)
        self._unavailable[shard_id].discard(guild_id)
        return True

    @property
    def started(self) -> bool:
        """Whether any shard has received its guilds."""
        return bool(self._known)

    @property
    def count(self) -> int:
        """The number of guilds."""
        return sum(map(len, self._known.values()))

    @property
    def unavailable(self) -> int:
        """The number of guilds that are unavailable now."""
        return sum(map(len, self._unavailable.values()))


class GuildChanges:
    """Follows the guilds of each client."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._counts = telemetry.counter(GUILD_CHANGES)
        self._guilds: weakref.WeakKeyDictionary[ConnectionState[Any], Guilds] = weakref.WeakKeyDictionary()
        self._patches = {
            "READY": (_parser("READY"), self._ready),
            "GUILD_CREATE": (_parser("GUILD_CREATE"), self._created),
            "GUILD_DELETE": (_parser("GUILD_DELETE"), self._deleted),
        }

    def of(self, state: ConnectionState[Any]) -> Guilds | None:
        """Return the guilds of a client, or ``None`` if it is not attached. Any thread."""
        return self._guilds.get(state)

    def attach(self, state: ConnectionState[Any]) -> None:
        """Follow the guilds of ``state`` from now on. Safe to repeat."""
        if state not in self._guilds:
            self._guilds[state] = _cached(state)
        for event, (patches, body) in self._patches.items():
            if event in state.parsers:
                patches.wrap(state, self._maker(state, body))

    def detach(self) -> None:
        """Restore every client's own parsers."""
        for patches, _ in self._patches.values():
            patches.unwrap_all()
        self._guilds.clear()

    def _maker(
        self,
        state: ConnectionState[Any],
        body: Callable[[ConnectionState[Any], Guilds, dict[str, Any]], None],
    ) -> Callable[[Function], Function]:
        def observe(data: dict[str, Any]) -> None:
            guilds = self._guilds.get(state)
            if guilds is not None:  # a wrapper that could not be unwrapped may outlive `detach`
                body(state, guilds, data)

        observed = self._telemetry.guard.shield(HOOK, observe)

        def make(parse: Function) -> Function:
            def parse_observed(data: Any) -> None:
                observed(data)  # first: discord.py then drops the name of a guild that the bot has left
                parse(data)

            return parse_observed

        return make

    def _ready(self, _: ConnectionState[Any], guilds: Guilds, data: dict[str, Any]) -> None:
        listed = {int(guild["id"]): guild.get("unavailable", False) for guild in data["guilds"]}
        shard_id = data["shard"][0] if data.get("shard") else 0
        guilds.reset(shard_id, listed, (guild_id for guild_id, unavailable in listed.items() if unavailable))

    def _created(self, state: ConnectionState[Any], guilds: Guilds, data: dict[str, Any]) -> None:
        guild_id = int(data["id"])
        shard_id = _shard_of(state, guild_id)
        if guilds.add(shard_id, guild_id, unavailable=bool(data.get("unavailable"))):
            self._changed("join", GUILD_JOIN_EVENT, shard_id, guild_id, data)

    def _deleted(self, state: ConnectionState[Any], guilds: Guilds, data: dict[str, Any]) -> None:
        guild_id = int(data["id"])
        shard_id = _shard_of(state, guild_id)
        if data.get("unavailable"):
            guilds.mark_unavailable(shard_id, guild_id)
        elif guilds.remove(shard_id, guild_id):
            guild = state._get_guild(guild_id)
            facts = {} if guild is None else {"name": guild.name, "member_count": guild.member_count}
            self._changed("leave", GUILD_LEAVE_EVENT, shard_id, guild_id, facts)

    def _changed(self, change: str, event: Event, shard_id: int, guild_id: int, facts: Mapping[str, Any]) -> None:
        self._counts[change].value += 1
        attributes = ids_of_guild(guild_id, shard_id)
        for fact in ("name", "member_count"):
            if facts.get(fact) is not None:  # Discord sends neither for a guild that is unavailable
                attributes[f"discord.guild.{fact}"] = facts[fact]
        self._telemetry.emit(event, attributes)
        if self._telemetry.history is not None:
            self._telemetry.history(event, attributes, None)


def _cached(state: ConnectionState[Any]) -> Guilds:
    """Return the guilds in discord.py's cache, for a client that was connected before it was attached."""
    guilds = Guilds()
    for guild in tuple(state._guilds.values()):
        guilds.add(_shard_of(state, guild.id), guild.id, unavailable=guild.unavailable)
    return guilds


def _shard_of(state: ConnectionState[Any], guild_id: int) -> int:
    return shard_of(guild_id, state.shard_count)


def _parser(event: str) -> InstancePatches[ConnectionState[Any]]:
    def put(state: ConnectionState[Any], parse: Function) -> None:
        state.parsers[event] = parse

    return InstancePatches(lambda state: state.parsers[event], put)
