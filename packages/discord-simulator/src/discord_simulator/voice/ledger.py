"""Records of the voice server's traffic."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

from ..summary import VoiceSummary
from .entries import SpeakingEntry, VoiceCloseEntry, VoiceHeartbeatEntry

if TYPE_CHECKING:
    from ..entries import CloserKind, SessionKind
    from .entries import VoiceSessionEntry


class VoiceLedger:
    """Everything one simulator's voice server sent and received.

    The lists hold live records in the order they came; take a copy with ``list(...)`` before iterating from
    another thread while the bot is busy. The methods are safe to call from any thread at any time.

    Attributes
    ----------
    sessions:
    closes:
    heartbeats:
    speaking:
    strays:
        Datagrams that are neither IP discovery nor audio of an SSRC that the server assigned.
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
        """The number of audio packets received."""
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

    def close_counts(self) -> dict[tuple[int, CloserKind], int]:
        """Return how many voice connections ended, by (close code, who closed)."""
        with self._lock:
            return dict(Counter((entry.code, entry.by) for entry in self.closes))

    def summary(self) -> VoiceSummary:
        """Return the counts as plain dictionaries, ready for JSON."""
        return VoiceSummary(
            sessions=dict(sorted(self.session_counts().items())),
            closes={f"{code} {by}": count for (code, by), count in sorted(self.close_counts().items())},
            heartbeats=len(self.heartbeats),
            packets=self.packets,
        )

    def record_packet(self, ssrc: int) -> None:
        """Count one audio packet."""
        with self._lock:
            self._packets[ssrc] += 1

    def record_stray(self) -> None:
        """Count one unexpected datagram."""
        with self._lock:
            self.strays += 1

    def record_session(self, entry: VoiceSessionEntry) -> None:
        """Keep one IDENTIFY or RESUME."""
        with self._lock:
            self.sessions.append(entry)

    def record_close(self, guild_id: int | None, code: int, by: CloserKind) -> None:
        """Keep the end of one voice connection."""
        with self._lock:
            self.closes.append(VoiceCloseEntry(guild_id, code, by, time.time()))

    def record_heartbeat(self, guild_id: int | None, seq_ack: int | None) -> VoiceHeartbeatEntry:
        """Keep one heartbeat, and return it so that its acknowledgement can be recorded."""
        entry = VoiceHeartbeatEntry(guild_id, time.time(), seq_ack)
        with self._lock:
            self.heartbeats.append(entry)
        return entry

    def record_speaking(self, guild_id: int, ssrc: int, speaking: int) -> None:
        """Keep one speaking update."""
        with self._lock:
            self.speaking.append(SpeakingEntry(guild_id, ssrc, speaking, time.time()))
