"""Records of the traffic that crossed the wire, to compare with a bot's telemetry."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from .entries import CloseEntry, CommandEntry, GuildEntry, HeartbeatEntry, SessionEntry
from .summary import InteractionSummary, RestSummary, Summary
from .voice.ledger import VoiceLedger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .entries import CloserKind, GuildChange, InteractionEntry, InteractionKind, RestEntry, SessionKind


class Ledger:
    """Everything one simulator sent and received.

    The lists hold live records in the order they came; take a copy with ``list(...)`` before iterating from
    another thread while the bot is busy. The methods are safe to call from any thread at any time.

    Attributes
    ----------
    rest:
        One entry for each response.
    interactions:
        By interaction id.
    sessions:
    closes:
    guilds:
    heartbeats:
    commands:
    voice:
        The records of the voice server.
    raw_frames:
        Frames injected with ``send_raw`` or ``send_message``; they do not count as events.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.rest: list[RestEntry] = []
        self.interactions: dict[int, InteractionEntry] = {}
        self.sessions: list[SessionEntry] = []
        self.closes: list[CloseEntry] = []
        self.guilds: list[GuildEntry] = []
        self.heartbeats: list[HeartbeatEntry] = []
        self.commands: list[CommandEntry] = []
        self.voice = VoiceLedger()
        self.raw_frames = 0
        self._lock = threading.Lock()
        self._written: Counter[tuple[int, str]] = Counter()
        self._lost: Counter[tuple[int, str]] = Counter()
        self._rest: Counter[tuple[str, str, int]] = Counter()

    def event_counts(self) -> dict[str, int]:
        """Return how many gateway events were written to an open connection, by type (``MESSAGE_CREATE``)."""
        return dict(_by_type(self.shard_event_counts().items()))

    def shard_event_counts(self) -> dict[tuple[int, str], int]:
        """Return the same by (shard, type)."""
        with self._lock:
            return dict(self._written)

    def received_event_counts(self) -> dict[tuple[int, str], int]:
        """Return the events the bot has received, by (shard, type).

        An event that was written to a connection that died before the bot read it is written again after
        RESUME. The sequence number in RESUME identifies such events, and they are counted once here.
        """
        with self._lock:
            received = self._written.copy()
            received.subtract(self._lost)
        return {key: count for key, count in received.items() if count}

    def rest_counts(self) -> dict[tuple[str, str, int], int]:
        """Return how many responses there were, by (method, template, status); status 0 is a reset connection."""
        with self._lock:
            return dict(self._rest)

    def ratelimit_counts(self) -> dict[tuple[str, str], int]:
        """Return how many 429 there were, by (template, scope)."""
        return dict(Counter((entry.template, entry.scope) for entry in self.rest_now() if entry.scope is not None))

    def interaction_counts(self) -> dict[tuple[InteractionKind, str], int]:
        """Return how many interactions were sent, by (kind, command name or custom_id)."""
        return dict(Counter((entry.kind, entry.name) for entry in self.interactions_now()))

    def interactions_now(self) -> list[InteractionEntry]:
        """Return the interactions so far, oldest first."""
        with self._lock:
            return list(self.interactions.values())

    def session_counts(self) -> dict[tuple[int, SessionKind], int]:
        """Return how many IDENTIFY and RESUME came, accepted or not, by (shard, kind)."""
        with self._lock:
            return dict(Counter((entry.shard_id, entry.kind) for entry in self.sessions))

    def close_counts(self) -> dict[tuple[int, int, CloserKind], int]:
        """Return how many gateway connections ended, by (shard, close code, who closed)."""
        with self._lock:
            return dict(Counter((entry.shard_id, entry.code, entry.by) for entry in self.closes))

    def guild_counts(self) -> dict[GuildChange, int]:
        """Return how many guilds were joined, left, and so on, by change."""
        with self._lock:
            return dict(Counter(entry.change for entry in self.guilds))

    def command_counts(self) -> dict[tuple[int, str], int]:
        """Return how many messages of the bot came over the gateway, by (shard, name); heartbeats apart."""
        with self._lock:
            return dict(Counter((entry.shard_id, entry.name) for entry in self.commands))

    def summary(self) -> Summary:
        """Return the counts as plain dictionaries, ready for JSON."""
        shard_events: dict[str, dict[str, int]] = {}
        for (shard_id, event_type), count in sorted(self.shard_event_counts().items()):
            shard_events.setdefault(str(shard_id), {})[event_type] = count
        ratelimits: Counter[str] = Counter()
        for (_, scope), count in self.ratelimit_counts().items():
            ratelimits[scope] += count
        return Summary(
            events=dict(sorted(self.event_counts().items())),
            shard_events=shard_events,
            raw_frames=self.raw_frames,
            sessions={f"{shard} {kind}": count for (shard, kind), count in sorted(self.session_counts().items())},
            closes={f"{shard} {code} {by}": count for (shard, code, by), count in sorted(self.close_counts().items())},
            guilds=dict(sorted(self.guild_counts().items())),
            heartbeats=dict(Counter(str(entry.shard_id) for entry in self.heartbeats_now())),
            rest=[
                RestSummary(method=method, template=template, status=status, count=count)
                for (method, template, status), count in sorted(self.rest_counts().items())
            ],
            ratelimits=dict(ratelimits),
            faults=dict(Counter(entry.fault for entry in self.rest_now() if entry.fault is not None)),
            interactions=self._interaction_summaries(),
            voice=self.voice.summary(),
        )

    def _interaction_summaries(self) -> list[InteractionSummary]:
        rows: dict[tuple[str, str], InteractionSummary] = {}
        for entry in self.interactions_now():
            row = rows.setdefault(
                (entry.kind, entry.name),
                InteractionSummary(kind=entry.kind, name=entry.name, sent=0, acknowledged=0, late=0),
            )
            row["sent"] += 1
            row["acknowledged"] += entry.acknowledged
            row["late"] += entry.late
        return [rows[key] for key in sorted(rows)]

    def record_event(self, shard_id: int, event_type: str) -> None:
        """Count one event written to an open connection."""
        with self._lock:
            self._written[shard_id, event_type] += 1

    def record_lost_event(self, shard_id: int, event_type: str) -> None:
        """Count one event that was written but, by the bot's own account, never read."""
        with self._lock:
            self._lost[shard_id, event_type] += 1

    def record_raw_frame(self) -> None:
        """Count one injected frame."""
        with self._lock:
            self.raw_frames += 1

    def record_rest(self, entry: RestEntry) -> None:
        """Keep one response."""
        with self._lock:
            self.rest.append(entry)
            self._rest[entry.method, entry.template, entry.status] += 1

    def record_interaction(self, entry: InteractionEntry) -> None:
        """Keep one interaction; its other fields are set later."""
        with self._lock:
            self.interactions[entry.id] = entry

    def record_session(self, shard_id: int, kind: SessionKind, *, accepted: bool) -> None:
        """Keep one IDENTIFY or RESUME."""
        with self._lock:
            self.sessions.append(SessionEntry(shard_id, kind, accepted, self._clock()))

    def record_close(self, shard_id: int, code: int, by: CloserKind) -> None:
        """Keep the end of one gateway connection."""
        with self._lock:
            self.closes.append(CloseEntry(shard_id, code, by, self._clock()))

    def record_guild(self, shard_id: int, guild_id: int, change: GuildChange) -> None:
        """Keep one change of a guild."""
        with self._lock:
            self.guilds.append(GuildEntry(shard_id, guild_id, change, self._clock()))

    def record_command(self, shard_id: int, name: str, data: dict[str, Any]) -> None:
        """Keep one message of the bot to the gateway."""
        with self._lock:
            self.commands.append(CommandEntry(shard_id, name, data, self._clock()))

    def record_heartbeat(self, shard_id: int) -> HeartbeatEntry:
        """Keep one heartbeat, and return it so that its acknowledgement can be recorded."""
        entry = HeartbeatEntry(shard_id, self._clock())
        with self._lock:
            self.heartbeats.append(entry)
        return entry

    def heartbeats_now(self) -> list[HeartbeatEntry]:
        """Return the heartbeats so far."""
        with self._lock:
            return list(self.heartbeats)

    def rest_now(self) -> list[RestEntry]:
        """Return the REST responses so far, oldest first."""
        with self._lock:
            return list(self.rest)


def _by_type(counts: Iterable[tuple[tuple[int, str], int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for (_, event_type), count in counts:
        total[event_type] += count
    return total
