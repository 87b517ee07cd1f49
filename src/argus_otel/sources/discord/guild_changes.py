"""Observed: which guilds the bot is in, by the gateway's own words. Nouns: counter, events, and what two gauges read.

READY names the guilds of its shard, GUILD_CREATE a guild that is there, be it new or back, and GUILD_DELETE one that is
gone or unavailable. ``ConnectionState`` keeps a parser for each type in a dictionary of its own, so closures take their
places. discord.py's account is not enough: its event ``guild_join`` is not dispatched for a guild that is joined while
those of READY still come in, and late or never where members are fetched first; and the cache of a client with several
shards keeps the guilds that one of them has lost while it was away. Safe, because the original parsers get the same
data, and what is done besides is to add an id to a set or to take one out.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import Event, Telemetry

from .catalogue import GUILD_CHANGES, GUILD_JOIN_EVENT, GUILD_LEAVE_EVENT
from .chains import Chains
from .ids import ids, shard_of
from .patches import Function

if TYPE_CHECKING:
    from discord.state import ConnectionState

HOOK = "guild changes"


class Guilds:
    """The guilds of one client. Changed on its event loop; their number may be read from any thread."""

    def __init__(self) -> None:
        self._known: dict[int, set[int]] = {}
        self._unavailable: dict[int, set[int]] = {}

    def begin(self, shard_id: int, known: Iterable[int], unavailable: Iterable[int]) -> None:
        """Let these be the guilds of a shard."""
        # Replaced, not changed: collection reads them on another thread.
        self._known = {**self._known, shard_id: set(known)}
        self._unavailable = {**self._unavailable, shard_id: set(unavailable)}

    def add(self, shard_id: int, guild_id: int, *, unavailable: bool) -> bool:
        """Take note of a guild that is there; return whether it is new."""
        if shard_id not in self._known:
            self.begin(shard_id, (), ())
        known = self._known[shard_id]
        new = guild_id not in known
        known.add(guild_id)
        if unavailable:
            self._unavailable[shard_id].add(guild_id)
        else:
            self._unavailable[shard_id].discard(guild_id)
        return new

    def lose(self, shard_id: int, guild_id: int) -> None:
        """Take note of a guild that Discord cannot serve now."""
        if guild_id in self._known.get(shard_id, ()):
            self._unavailable[shard_id].add(guild_id)

    def remove(self, shard_id: int, guild_id: int) -> bool:
        """Take note of a guild that is gone; return whether it was there."""
        if guild_id not in self._known.get(shard_id, ()):
            return False
        self._known[shard_id].discard(guild_id)
        self._unavailable[shard_id].discard(guild_id)
        return True

    @property
    def started(self) -> bool:
        """Whether any shard has been told its guilds."""
        return bool(self._known)

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(map(len, self._known.values()))

    @property
    def unavailable(self) -> int:
        """How many of them Discord cannot serve now."""
        return sum(map(len, self._unavailable.values()))


class GuildChanges:
    """Follows the guilds of each client."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._counts = telemetry.counter(GUILD_CHANGES)
        self._guilds: weakref.WeakKeyDictionary[ConnectionState[Any], Guilds] = weakref.WeakKeyDictionary()
        self._chains = {
            "READY": (_parser("READY"), self._ready),
            "GUILD_CREATE": (_parser("GUILD_CREATE"), self._created),
            "GUILD_DELETE": (_parser("GUILD_DELETE"), self._deleted),
        }

    def of(self, state: ConnectionState[Any]) -> Guilds | None:
        """Return the guilds of a client that has been seen. Any thread."""
        return self._guilds.get(state)

    def chain(self, state: ConnectionState[Any]) -> None:
        """Follow the guilds of ``state`` from now on; safe to repeat."""
        if state not in self._guilds:
            self._guilds[state] = _cached(state)
        for event, (chains, body) in self._chains.items():
            if event in state.parsers:
                chains.place(state, self._maker(state, body))

    def release(self) -> None:
        """Give every client its own parsers back."""
        for chains, _ in self._chains.values():
            chains.release()
        self._guilds.clear()

    def _maker(
        self,
        state: ConnectionState[Any],
        body: Callable[[ConnectionState[Any], Guilds, dict[str, Any]], None],
    ) -> Callable[[Function], Function]:
        def observe(data: dict[str, Any]) -> None:
            guilds = self._guilds.get(state)
            if guilds is not None:  # as after the release of a closure that somebody else has wrapped
                body(state, guilds, data)

        observed = self._telemetry.guard.shield(HOOK, observe)

        def make(parse: Function) -> Function:
            def parse_observed(data: Any) -> None:
                observed(data)  # before discord.py forgets the name of a guild that is gone
                parse(data)

            return parse_observed

        return make

    def _ready(self, _: ConnectionState[Any], guilds: Guilds, data: dict[str, Any]) -> None:
        listed = {int(guild["id"]): guild.get("unavailable", False) for guild in data["guilds"]}
        shard_id = data["shard"][0] if data.get("shard") else 0
        guilds.begin(shard_id, listed, (guild_id for guild_id, unavailable in listed.items() if unavailable))

    def _created(self, state: ConnectionState[Any], guilds: Guilds, data: dict[str, Any]) -> None:
        guild_id = int(data["id"])
        shard_id = _shard_of(state, guild_id)
        if guilds.add(shard_id, guild_id, unavailable=bool(data.get("unavailable"))):
            self._changed("join", GUILD_JOIN_EVENT, shard_id, guild_id, data)

    def _deleted(self, state: ConnectionState[Any], guilds: Guilds, data: dict[str, Any]) -> None:
        guild_id = int(data["id"])
        shard_id = _shard_of(state, guild_id)
        if data.get("unavailable"):
            guilds.lose(shard_id, guild_id)
        elif guilds.remove(shard_id, guild_id):
            guild = state._get_guild(guild_id)
            facts = {} if guild is None else {"name": guild.name, "member_count": guild.member_count}
            self._changed("leave", GUILD_LEAVE_EVENT, shard_id, guild_id, facts)

    def _changed(self, change: str, event: Event, shard_id: int, guild_id: int, facts: Mapping[str, Any]) -> None:
        self._counts[change].value += 1
        attributes = ids(guild=guild_id, shard=shard_id)
        for fact in ("name", "member_count"):
            if facts.get(fact) is not None:  # Discord says neither of a guild that is unavailable
                attributes[f"discord.guild.{fact}"] = facts[fact]
        self._telemetry.emit(event, attributes)
        if self._telemetry.history is not None:
            self._telemetry.history(event, attributes, None)


def _cached(state: ConnectionState[Any]) -> Guilds:
    """Return the guilds that discord.py has of a client that has connected before we came."""
    guilds = Guilds()
    for guild in tuple(state._guilds.values()):
        guilds.add(_shard_of(state, guild.id), guild.id, unavailable=guild.unavailable)
    return guilds


def _shard_of(state: ConnectionState[Any], guild_id: int) -> int:
    return shard_of(guild_id, state.shard_count)


def _parser(event: str) -> Chains[ConnectionState[Any]]:
    def put(state: ConnectionState[Any], parse: Function) -> None:
        state.parsers[event] = parse

    return Chains(lambda state: state.parsers[event], put)
