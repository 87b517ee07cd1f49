"""The records of the voice server's ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..entries import CloserKind, SessionKind


@dataclass(slots=True)
class VoiceSessionEntry:
    """One IDENTIFY or RESUME on a voice connection.

    Attributes
    ----------
    guild_id:
        The guild that the bot named.
    channel_id:
        The channel of the session; ``None`` if the session is unknown.
    ssrc:
        Identifies its packets; ``None`` if the session is unknown.
    kind:
        ``identify`` or ``resume``.
    accepted:
    version:
        The voice gateway's version that the bot speaks.
    at:
        Unix seconds.
    """

    guild_id: int
    channel_id: int | None
    ssrc: int | None
    kind: SessionKind
    accepted: bool
    version: int
    at: float


@dataclass(slots=True)
class VoiceCloseEntry:
    """The end of one voice connection.

    ``code`` is 1006 without a close frame; ``guild_id`` is ``None`` if the bot was never accepted.
    """

    guild_id: int | None
    code: int
    by: CloserKind
    at: float


@dataclass(slots=True)
class VoiceHeartbeatEntry:
    """One heartbeat on a voice connection.

    ``seq_ack`` is the last sequence number that the bot reports as received, ``None`` if it reports none.
    ``ack_delay`` is in seconds, or ``None`` if it was not acknowledged.
    """

    guild_id: int | None
    at: float
    seq_ack: int | None = None
    ack_delay: float | None = None


@dataclass(slots=True)
class SpeakingEntry:
    """One speaking update: the bot starts (``speaking`` is not 0) or stops."""

    guild_id: int
    ssrc: int
    speaking: int
    at: float
