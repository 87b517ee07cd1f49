"""The types of a ledger's summary, which is one JSON object."""

from __future__ import annotations

from typing import TypedDict


class RestSummary(TypedDict):
    """How many responses one route gave with one status; status 0 is a connection that was reset."""

    method: str
    template: str
    status: int
    count: int


class InteractionSummary(TypedDict):
    """The interactions of one kind and name: how many were sent, acknowledged, and too late."""

    kind: str
    name: str
    sent: int
    acknowledged: int
    late: int


class VoiceSummary(TypedDict):
    """The voice server's counts; the keys of ``closes`` are the code and who closed (``4014 simulator``)."""

    sessions: dict[str, int]
    closes: dict[str, int]
    heartbeats: int
    packets: int


class Summary(TypedDict):
    """The counts of a :class:`~discord_simulator.Ledger`, in types JSON has.

    ``events`` is by event type and ``shard_events`` by shard id and event type. The keys of ``sessions`` are the
    shard id and the kind (``0 identify``), those of ``closes`` the shard id, the code and who closed
    (``0 4000 bot``), those of ``guilds`` the change, those of ``ratelimits`` the scope.
    """

    events: dict[str, int]
    shard_events: dict[str, dict[str, int]]
    raw_frames: int
    sessions: dict[str, int]
    closes: dict[str, int]
    guilds: dict[str, int]
    heartbeats: dict[str, int]
    rest: list[RestSummary]
    ratelimits: dict[str, int]
    faults: dict[str, int]
    interactions: list[InteractionSummary]
    voice: VoiceSummary
