"""The ledger in one JSON object, for another process and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from discord_simulator.ledger import Ledger
    from discord_simulator.voice.ledger import VoiceLedger

__all__ = ["InteractionSummary", "RestSummary", "Summary", "VoiceSummary", "summarise"]


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
    (``0 4000 bot``), those of ``guilds`` what happened to them, those of ``ratelimits`` the scope.
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


def summarise(ledger: Ledger) -> Summary:
    """Return the counts of a ledger."""
    shard_events: dict[str, dict[str, int]] = {}
    for (shard_id, event_type), count in sorted(ledger.shard_event_counts().items()):
        shard_events.setdefault(str(shard_id), {})[event_type] = count

    heartbeats: dict[str, int] = {}
    for beat in ledger.heartbeats_now():
        heartbeats[str(beat.shard_id)] = heartbeats.get(str(beat.shard_id), 0) + 1

    ratelimits: dict[str, int] = {}
    for (_, scope), count in ledger.ratelimit_counts().items():
        ratelimits[scope] = ratelimits.get(scope, 0) + count

    faults: dict[str, int] = {}
    for entry in ledger.rest_now():
        if entry.fault is not None:
            faults[entry.fault] = faults.get(entry.fault, 0) + 1

    return Summary(
        events=dict(sorted(ledger.event_counts().items())),
        shard_events=shard_events,
        raw_frames=ledger.raw_frames,
        sessions={f"{shard} {kind}": count for (shard, kind), count in sorted(ledger.session_counts().items())},
        closes={f"{shard} {code} {by}": count for (shard, code, by), count in sorted(ledger.close_counts().items())},
        guilds=dict(sorted(ledger.guild_counts().items())),
        heartbeats=heartbeats,
        rest=[
            RestSummary(method=method, template=template, status=status, count=count)
            for (method, template, status), count in sorted(ledger.rest_counts().items())
        ],
        ratelimits=ratelimits,
        faults=faults,
        interactions=_interactions(ledger),
        voice=_voice(ledger.voice),
    )


def _interactions(ledger: Ledger) -> list[InteractionSummary]:
    rows: dict[tuple[str, str], InteractionSummary] = {}
    for entry in ledger.interactions_now():
        row = rows.setdefault(
            (entry.kind, entry.name),
            InteractionSummary(kind=entry.kind, name=entry.name, sent=0, acknowledged=0, late=0),
        )
        row["sent"] += 1
        row["acknowledged"] += entry.acknowledged
        row["late"] += entry.late
    return [rows[key] for key in sorted(rows)]


def _voice(ledger: VoiceLedger) -> VoiceSummary:
    return VoiceSummary(
        sessions=dict(sorted(ledger.session_counts().items())),
        closes={f"{code} {by}": count for (code, by), count in sorted(ledger.close_counts().items())},
        heartbeats=len(ledger.heartbeats),
        packets=ledger.packets,
    )
