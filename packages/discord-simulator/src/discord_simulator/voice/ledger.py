"""What crossed the wire of the voice server."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from discord_simulator.ledger import Closer, SessionKind

__all__ = ["SpeakingEntry", "VoiceCloseEntry", "VoiceHeartbeatEntry", "VoiceLedger", "VoiceSessionEntry"]


@dataclass(slots=True)
class VoiceSessionEntry:
    """One IDENTIFY or RESUME on a voice connection.

    Attributes
    ----------
    guild_id: :class:`int`
        The guild that the bot named.
    channel_id: Optional[:class:`int`]
        The channel it is for; ``None`` where nobody expected it.
    ssrc: Optional[:class:`int`]
        What its packets are recognised by; ``None`` where nobody expected it.
    kind: :class:`str`
        ``identify`` or ``resume``.
    accepted: :class:`bool`
    version: :class:`int`
        The voice gateway's version that the bot speaks.
    at: :class:`float`
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

    ``code`` is 1006 where there was no close frame; ``guild_id`` is ``None`` where the bot was never accepted.
    """

    guild_id: int | None
    code: int
    by: Closer
    at: float


@dataclass(slots=True)
class VoiceHeartbeatEntry:
    """One heartbeat on a voice connection.

    ``seq_ack`` is the last sequence number that the bot says it has had, ``None`` where it does not say;
    ``ack_delay`` is ``None`` where it was not acknowledged, else seconds.
    """

    guild_id: int | None
    at: float
    seq_ack: int | None = None
    ack_delay: float | None = None


@dataclass(slots=True)
class SpeakingEntry:
    """One announcement of the bot that it speaks (``speaking`` is not 0) or has ended."""

    guild_id: int
    ssrc: int
    speaking: int
    at: float


class VoiceLedger:
    """Everything one simulator's voice server sent and received.

    The lists hold live records in the order they came; take a copy with ``list(...)`` before iterating from
    another thread while the bot is busy. The methods are safe to call from any thread at any time.

    Attributes
    ----------
    sessions: List[VoiceSessionEntry]
    closes: List[VoiceCloseEntry]
    heartbeats: List[VoiceHeartbeatEntry]
    speaking: List[SpeakingEntry]
    strays: :class:`int`
        Datagrams that are neither IP discovery nor audio of a source that was told to the bot.
    """

    def __init__(self) -> None:
        self.sessions: list[VoiceSessionEntry] = []
        self.closes: list[VoiceCloseEntry] = []
        self.heartbeats: list[VoiceHeartbeatEntry] = []
        self.speaking: list[SpeakingEntry] = []
        self.strays = 0
        self._lock = threading.Lock()
        self._packets: Counter[int] = Counter()

    @property
    def packets(self) -> int:
        """:class:`int`: How many audio packets came."""
        with self._lock:
            return self._packets.total()

    def packet_counts(self) -> dict[int, int]:
        """Return how many audio packets came, by SSRC."""
        with self._lock:
            return dict(self._packets)

    def session_counts(self) -> dict[SessionKind, int]:
        """Return how many IDENTIFY and RESUME came, accepted or not."""
        with self._lock:
            return dict(Counter(entry.kind for entry in self.sessions))

    def close_counts(self) -> dict[tuple[int, Closer], int]:
        """Return how many voice connections ended, by (close code, who closed)."""
        with self._lock:
            return dict(Counter((entry.code, entry.by) for entry in self.closes))

    def record_packet(self, ssrc: int) -> None:
        """Count one audio packet."""
        with self._lock:
            self._packets[ssrc] += 1

    def record_stray(self) -> None:
        """Count one datagram that nobody expected."""
        with self._lock:
            self.strays += 1

    def record_session(self, entry: VoiceSessionEntry) -> None:
        """Keep one IDENTIFY or RESUME."""
        with self._lock:
            self.sessions.append(entry)

    def record_close(self, guild_id: int | None, code: int, by: Closer) -> None:
        """Keep the end of one voice connection."""
        with self._lock:
            self.closes.append(VoiceCloseEntry(guild_id, code, by, time.time()))

    def record_heartbeat(self, guild_id: int | None, seq_ack: int | None) -> VoiceHeartbeatEntry:
        """Keep one heartbeat, and return it so that its acknowledgement can be noted."""
        entry = VoiceHeartbeatEntry(guild_id, time.time(), seq_ack)
        with self._lock:
            self.heartbeats.append(entry)
        return entry

    def record_speaking(self, guild_id: int, ssrc: int, speaking: int) -> None:
        """Keep one announcement."""
        with self._lock:
            self.speaking.append(SpeakingEntry(guild_id, ssrc, speaking, time.time()))
