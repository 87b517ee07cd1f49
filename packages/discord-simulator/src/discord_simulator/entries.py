"""The records of a ledger: one class for each kind of traffic."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

ACKNOWLEDGEMENT_DEADLINE = 3.0
"""Seconds from an interaction's creation within which Discord accepts the first answer."""

InteractionKind: TypeAlias = Literal["application_command", "component", "autocomplete", "modal_submit"]
SessionKind: TypeAlias = Literal["identify", "resume"]
CloserKind: TypeAlias = Literal["bot", "simulator"]
GuildChange: TypeAlias = Literal["join", "leave", "outage", "recovery"]


@dataclass(slots=True)
class RestEntry:
    """One REST response, or one connection that was reset instead of answered.

    Attributes
    ----------
    method:
        ``GET``, ``POST``...
    template:
        The URL template in discord.py's spelling, such as ``/channels/{channel_id}/messages``; for a route the
        simulator does not know, ``(unknown)``.
    path:
        The path that was asked for, below ``/api/v10``, with interaction and webhook tokens left out.
    status:
        The HTTP status; ``0`` if the connection was reset instead.
    started:
        When the request was received, on :func:`time.perf_counter`.
    ended:
        When the response was ready to be written, on the same clock.
    scope:
        ``user``, ``shared``, ``global`` or ``cloudflare`` for a 429.
    fault:
        The kind of the injected fault, if any.
    traceparent:
        Whether the request carried a ``traceparent`` header, which must not leak to Discord.
    body:
        The JSON of the request, or the ``payload_json`` of a form with files; ``None`` without either.
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
        """Seconds from receipt to answer."""
        return self.ended - self.started


@dataclass(slots=True)
class InteractionEntry:
    """One interaction that a user started.

    Attributes
    ----------
    id:
        Its snowflake.
    kind:
        ``application_command``, ``component``, ``autocomplete`` or ``modal_submit``, as discord.py names them.
    name:
        The full command name (``play song``), or the ``custom_id``.
    shard_id:
        The shard it was sent to; -1 if it was posted to the bot's URL.
    created_at:
        Unix seconds of its snowflake, in whole milliseconds; the deadline counts from here.
    sent_at:
        Unix seconds at which it was written to the gateway, or posted.
    sent:
        The same on :func:`time.perf_counter`.
    received:
        When the first callback arrived, on :func:`time.perf_counter`.
    received_at:
        The same in Unix seconds.
    answered:
        When the response to it was ready, on :func:`time.perf_counter`.
    status:
        The status of the first callback; 2xx means accepted.
    response_type:
        The accepted callback type: 4, 5, 6, 7, 8 or 9.
    callbacks:
        The number of callbacks, accepted or refused.
    acknowledged:
        Whether one was accepted.
    responded:
        When the response to the posted interaction had arrived, on :func:`time.perf_counter`.
    response_status:
        The status of that response; 0 if there was none within the deadline.
    clock:
        Discord's clock, the source of its Unix seconds.
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
    responded: float | None = None
    response_status: int | None = None
    clock: Callable[[], float] = field(default=time.time, repr=False, compare=False)

    @property
    def late(self) -> bool:
        """Whether the deadline has passed without an accepted callback."""
        return not self.acknowledged and self.clock() - self.created_at > ACKNOWLEDGEMENT_DEADLINE

    @property
    def acknowledged_after(self) -> float | None:
        """Seconds from creation to the arrival of the first callback."""
        return None if self.received_at is None else self.received_at - self.created_at


@dataclass(slots=True)
class SessionEntry:
    """One IDENTIFY or RESUME: which shard, whether it was accepted, and when (Unix seconds).

    ``shard_id`` is -1 if RESUME named an unknown session.
    """

    shard_id: int
    kind: SessionKind
    accepted: bool
    at: float


@dataclass(slots=True)
class CloseEntry:
    """The end of one gateway connection.

    ``code`` is 1006 without a close frame; ``shard_id`` is -1 if the bot never identified.
    """

    shard_id: int
    code: int
    by: CloserKind
    at: float


@dataclass(slots=True)
class GuildEntry:
    """A guild that the bot joined or left, or whose outage began or ended, and when (Unix seconds).

    A shard that was disconnected at that moment gets the event on RESUME. Guilds in READY have no entry.
    """

    shard_id: int
    guild_id: int
    change: GuildChange
    at: float


@dataclass(slots=True)
class HeartbeatEntry:
    """One heartbeat of a bot; ``ack_delay`` is in seconds, or ``None`` if it was not acknowledged."""

    shard_id: int
    at: float
    ack_delay: float | None = None


@dataclass(slots=True)
class CommandEntry:
    """One message of a bot to the gateway, other than a heartbeat.

    Attributes
    ----------
    shard_id:
    name:
        ``PRESENCE_UPDATE``, ``VOICE_STATE_UPDATE`` or ``REQUEST_GUILD_MEMBERS``.
    data:
        Its ``d``.
    at:
        Unix seconds.
    """

    shard_id: int
    name: str
    data: dict[str, Any]
    at: float
