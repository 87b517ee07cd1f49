"""What really crossed the wire, to hold against what a bot's telemetry says crossed it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from discord_simulator.summary import Summary, summarise
from discord_simulator.voice.ledger import VoiceLedger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = [
    "ACKNOWLEDGEMENT_DEADLINE",
    "Closer",
    "CloseEntry",
    "CommandEntry",
    "GuildChange",
    "GuildEntry",
    "HeartbeatEntry",
    "InteractionEntry",
    "InteractionKind",
    "Ledger",
    "RestEntry",
    "SessionEntry",
    "SessionKind",
]

#: Seconds from an interaction's creation within which Discord accepts the first answer.
ACKNOWLEDGEMENT_DEADLINE = 3.0

InteractionKind: TypeAlias = Literal["application_command", "component", "autocomplete", "modal_submit"]
SessionKind: TypeAlias = Literal["identify", "resume"]
Closer: TypeAlias = Literal["bot", "simulator"]
GuildChange: TypeAlias = Literal["join", "leave", "outage", "recovery"]


@dataclass(slots=True)
class RestEntry:
    """One REST response, or one connection which was reset instead of answered.

    Attributes
    ----------
    method: :class:`str`
        ``GET``, ``POST``...
    template: :class:`str`
        The URL template in discord.py's spelling, such as ``/channels/{channel_id}/messages``; for a route the
        simulator does not know, ``(unknown)``.
    path: :class:`str`
        The path that was asked for, below ``/api/v10``, with interaction and webhook tokens left out.
    status: :class:`int`
        The HTTP status; ``0`` where the connection was reset instead.
    started: :class:`float`
        When the request was received, on :func:`time.perf_counter`.
    ended: :class:`float`
        When the response was ready to be written, on the same clock.
    scope: Optional[:class:`str`]
        ``user``, ``shared``, ``global`` or ``cloudflare`` for a 429.
    fault: Optional[:class:`str`]
        The kind of the injected fault, where there was one.
    traceparent: :class:`bool`
        Whether the request carried a ``traceparent`` header, which a bot has no business sending to Discord.
    body: Any
        The JSON that was sent, or the ``payload_json`` of a form with files; ``None`` where there was none.
    """

    method: str
    template: str
    path: str
    status: int
    started: float
    ended: float
    scope: str | None = None
    fault: str | None = None
    traceparent: bool = False
    body: Any = None

    @property
    def duration(self) -> float:
        """:class:`float`: Seconds from receipt to answer."""
        return self.ended - self.started


@dataclass(slots=True)
class InteractionEntry:
    """One interaction which a user started.

    Attributes
    ----------
    id: :class:`int`
        Its snowflake.
    kind: :class:`str`
        ``application_command``, ``component``, ``autocomplete`` or ``modal_submit``, as discord.py names them.
    name: :class:`str`
        The full command name (``play song``), or the ``custom_id``.
    shard_id: :class:`int`
        The shard it was sent to.
    created_at: :class:`float`
        Unix seconds of its snowflake, in whole milliseconds; the deadline counts from here.
    sent_at: Optional[:class:`float`]
        Unix seconds at which it was written to the gateway.
    sent: Optional[:class:`float`]
        The same on :func:`time.perf_counter`.
    received: Optional[:class:`float`]
        When the first callback arrived, on :func:`time.perf_counter`.
    received_at: Optional[:class:`float`]
        The same in Unix seconds.
    answered: Optional[:class:`float`]
        When the response to it was ready, on :func:`time.perf_counter`.
    status: Optional[:class:`int`]
        The status of the first callback; 2xx means accepted.
    response_type: Optional[:class:`int`]
        The callback type which was accepted: 4, 5, 6, 7, 8 or 9.
    callbacks: :class:`int`
        How many callbacks came, accepted or refused.
    acknowledged: :class:`bool`
        Whether one was accepted.
    clock: Callable[[], :class:`float`]
        Discord's clock, which its Unix seconds are by.
    """

    id: int
    kind: InteractionKind
    name: str
    shard_id: int
    created_at: float
    sent_at: float | None = None
    sent: float | None = None
    received: float | None = None
    received_at: float | None = None
    answered: float | None = None
    status: int | None = None
    response_type: int | None = None
    callbacks: int = 0
    acknowledged: bool = False
    clock: Callable[[], float] = field(default=time.time, repr=False, compare=False)

    @property
    def late(self) -> bool:
        """:class:`bool`: Whether the deadline has passed without an accepted callback."""
        return not self.acknowledged and self.clock() - self.created_at > ACKNOWLEDGEMENT_DEADLINE

    @property
    def acknowledged_after(self) -> float | None:
        """Optional[:class:`float`]: Seconds from creation to the arrival of the first callback."""
        return None if self.received_at is None else self.received_at - self.created_at


@dataclass(slots=True)
class SessionEntry:
    """One IDENTIFY or RESUME: which shard, whether it was accepted, and when (Unix seconds).

    ``shard_id`` is -1 where RESUME named a session which never was.
    """

    shard_id: int
    kind: SessionKind
    accepted: bool
    at: float


@dataclass(slots=True)
class CloseEntry:
    """The end of one gateway connection.

    ``code`` is 1006 where there was no close frame; ``shard_id`` is -1 where the bot never identified.
    """

    shard_id: int
    code: int
    by: Closer
    at: float


@dataclass(slots=True)
class GuildEntry:
    """A guild which the bot joined or left, or which went away or came back in an outage, and when (Unix seconds).

    A shard which was away at that moment is told on RESUME. Guilds in READY are none of these.
    """

    shard_id: int
    guild_id: int
    change: GuildChange
    at: float


@dataclass(slots=True)
class HeartbeatEntry:
    """One heartbeat of a bot; ``ack_delay`` is ``None`` where it was not acknowledged, else seconds."""

    shard_id: int
    at: float
    ack_delay: float | None = None


@dataclass(slots=True)
class CommandEntry:
    """One message of a bot to the gateway, other than a heartbeat.

    Attributes
    ----------
    shard_id: :class:`int`
    name: :class:`str`
        ``PRESENCE_UPDATE``, ``VOICE_STATE_UPDATE`` or ``REQUEST_GUILD_MEMBERS``.
    data: Dict[:class:`str`, Any]
        Its ``d``.
    at: :class:`float`
        Unix seconds.
    """

    shard_id: int
    name: str
    data: dict[str, Any]
    at: float


class Ledger:
    """Everything one simulator sent and received.

    The lists hold live records in the order they came; take a copy with ``list(...)`` before iterating from
    another thread while the bot is busy. The methods are safe to call from any thread at any time.

    Attributes
    ----------
    rest: List[RestEntry]
        One entry for each response.
    interactions: Dict[:class:`int`, InteractionEntry]
        By interaction id.
    sessions: List[SessionEntry]
    closes: List[CloseEntry]
    guilds: List[GuildEntry]
    heartbeats: List[HeartbeatEntry]
    commands: List[CommandEntry]
    voice: VoiceLedger
        The same of the voice server.
    raw_frames: :class:`int`
        Frames injected with ``send_raw`` or ``send_message``; they are no events.
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
        """Return the events the bot has had, by (shard, type).

        An event which was written to a connection that died before the bot read it is written again after
        RESUME. The sequence number in RESUME tells which ones, and they are counted once here.
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

    def close_counts(self) -> dict[tuple[int, int, Closer], int]:
        """Return how many gateway connections ended, by (shard, close code, who closed)."""
        with self._lock:
            return dict(Counter((entry.shard_id, entry.code, entry.by) for entry in self.closes))

    def guild_counts(self) -> dict[GuildChange, int]:
        """Return how many guilds were joined, left, and so on, by what happened."""
        with self._lock:
            return dict(Counter(entry.change for entry in self.guilds))

    def command_counts(self) -> dict[tuple[int, str], int]:
        """Return how many messages of the bot came over the gateway, by (shard, name); heartbeats apart."""
        with self._lock:
            return dict(Counter((entry.shard_id, entry.name) for entry in self.commands))

    def summary(self) -> Summary:
        """Return the counts as plain dictionaries, ready for JSON."""
        return summarise(self)

    def record_event(self, shard_id: int, event_type: str) -> None:
        """Count one event written to an open connection."""
        with self._lock:
            self._written[shard_id, event_type] += 1

    def record_lost_event(self, shard_id: int, event_type: str) -> None:
        """Count one event which was written and, by the bot's own account, never read."""
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
        """Keep one interaction; its later fields are filled in place."""
        with self._lock:
            self.interactions[entry.id] = entry

    def record_session(self, shard_id: int, kind: SessionKind, *, accepted: bool) -> None:
        """Keep one IDENTIFY or RESUME."""
        with self._lock:
            self.sessions.append(SessionEntry(shard_id, kind, accepted, self._clock()))

    def record_close(self, shard_id: int, code: int, by: Closer) -> None:
        """Keep the end of one gateway connection."""
        with self._lock:
            self.closes.append(CloseEntry(shard_id, code, by, self._clock()))

    def record_guild(self, shard_id: int, guild_id: int, change: GuildChange) -> None:
        """Keep what happened to one guild."""
        with self._lock:
            self.guilds.append(GuildEntry(shard_id, guild_id, change, self._clock()))

    def record_command(self, shard_id: int, name: str, data: dict[str, Any]) -> None:
        """Keep one message of the bot to the gateway."""
        with self._lock:
            self.commands.append(CommandEntry(shard_id, name, data, self._clock()))

    def record_heartbeat(self, shard_id: int) -> HeartbeatEntry:
        """Keep one heartbeat, and return it so that its acknowledgement can be noted."""
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
