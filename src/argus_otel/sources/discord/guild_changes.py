"""Observed: the bot's guilds and their members, according to the gateway. Signals: counter, events, data of gauges.

READY lists the guilds of its shard. GUILD_CREATE is sent for a guild that is new or available again, GUILD_DELETE for
one that the bot has left or that is unavailable. ``ConnectionState`` keeps a parser for each type in a dictionary of
its own, where the hooks wrap these. discord.py's own view is not enough: it does not dispatch ``guild_join`` for
a guild that is joined while the guilds of READY still arrive, and dispatches it late or never if members are fetched
first; and the cache of a client with several shards keeps guilds that a shard has lost while it was disconnected.

GUILD_CREATE has a guild's number of members, which GUILD_MEMBER_ADD and GUILD_MEMBER_REMOVE change. Discord sends these
two only with the members intent. Without it, the number stays as it was when the guild was sent last, as discord.py's
own ``Guild.member_count`` does.

Safe, because the original parsers get the same data, and the hooks do constant work for each event but READY.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import Event, Telemetry

from .catalogue import GUILD_CHANGES, GUILD_JOIN_EVENT, GUILD_LEAVE_EVENT
from .guilds import Guilds
from .ids import ids_of_guild, shard_of
from .instance_patches import InstancePatches
from .patches import Function

if TYPE_CHECKING:
    from discord.state import ConnectionState

HOOK = "guild changes"


class GuildChanges:
    """Follows the guilds of each client."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._counts = telemetry.counter(GUILD_CHANGES)
        self._guilds: weakref.WeakKeyDictionary[ConnectionState[Any], Guilds] = weakref.WeakKeyDictionary()
        self._patches = {
            "READY": (_parser("READY"), self._ready),
            "GUILD_CREATE": (_parser("GUILD_CREATE"), self._created),
            "GUILD_UPDATE": (_parser("GUILD_UPDATE"), self._updated),
            "GUILD_DELETE": (_parser("GUILD_DELETE"), self._deleted),
            "GUILD_MEMBER_ADD": (_parser("GUILD_MEMBER_ADD"), self._member_added),
            "GUILD_MEMBER_REMOVE": (_parser("GUILD_MEMBER_REMOVE"), self._member_removed),
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
        members = data.get("member_count")
        if guilds.add(shard_id, guild_id, unavailable=bool(data.get("unavailable")), members=members):
            self._changed("join", GUILD_JOIN_EVENT, shard_id, guild_id, data)

    def _updated(self, state: ConnectionState[Any], guilds: Guilds, data: dict[str, Any]) -> None:
        guild_id = int(data["id"])
        guilds.set_members(_shard_of(state, guild_id), guild_id, data.get("member_count"))

    def _deleted(self, state: ConnectionState[Any], guilds: Guilds, data: dict[str, Any]) -> None:
        guild_id = int(data["id"])
        shard_id = _shard_of(state, guild_id)
        if data.get("unavailable"):
            guilds.mark_unavailable(shard_id, guild_id)
        elif guilds.remove(shard_id, guild_id):
            guild = state._get_guild(guild_id)
            facts = {} if guild is None else {"name": guild.name, "member_count": guild.member_count}
            self._changed("leave", GUILD_LEAVE_EVENT, shard_id, guild_id, facts)

    def _member_added(self, state: ConnectionState[Any], guilds: Guilds, data: dict[str, Any]) -> None:
        guild_id = int(data["guild_id"])
        guilds.change_members(_shard_of(state, guild_id), guild_id, 1)

    def _member_removed(self, state: ConnectionState[Any], guilds: Guilds, data: dict[str, Any]) -> None:
        guild_id = int(data["guild_id"])
        guilds.change_members(_shard_of(state, guild_id), guild_id, -1)

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
        shard_id = _shard_of(state, guild.id)
        members = getattr(guild, "_member_count", None)  # missing in the forks until Discord has sent it
        guilds.add(shard_id, guild.id, unavailable=guild.unavailable, members=members)
    return guilds


def _shard_of(state: ConnectionState[Any], guild_id: int) -> int:
    return shard_of(guild_id, state.shard_count)


def _parser(event: str) -> InstancePatches[ConnectionState[Any]]:
    def put(state: ConnectionState[Any], parse: Function) -> None:
        state.parsers[event] = parse

    return InstancePatches(lambda state: state.parsers[event], put)
