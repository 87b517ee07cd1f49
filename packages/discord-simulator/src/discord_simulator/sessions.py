"""Gateway sessions, with the events they have sent, so that a shard can resume."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .connection import Opcode

if TYPE_CHECKING:
    from .connection import Connection
    from .ledger import Ledger
    from .payloads import Payload

# Discord keeps a session's events for some minutes; a count does the same here and bounds the memory.
_REMEMBERED_EVENTS = 20_000


@dataclass(slots=True)
class _Sent:
    sequence: int
    event_type: str
    text: str
    written: bool


class Session:
    """The session of one shard. It outlives its connections.

    Parameters
    ----------
    shard:
        The shard's id, and the number of shards.
    intents:
        The intents it identified with.
    large_threshold:
        The number of members above which ``GUILD_CREATE`` does not list them.
    ledger:
        The ledger that counts the events.
    """

    def __init__(self, shard: tuple[int, int], *, intents: int, large_threshold: int, ledger: Ledger) -> None:
        self.id = secrets.token_hex(16)
        self.shard = shard
        self.shard_id, self.shard_count = shard
        self.intents = intents
        self.large_threshold = large_threshold
        self.connection: Connection | None = None
        self.ready = False
        self._ledger = ledger
        self._sequence = 0
        self._sent: deque[_Sent] = deque(maxlen=_REMEMBERED_EVENTS)
        self._order = asyncio.Lock()

    @property
    def connected(self) -> bool:
        """Whether an event would be written now rather than kept for RESUME."""
        return self.connection is not None and self.connection.open

    async def dispatch(self, event_type: str, data: Payload) -> bool:
        """Send one event, or keep it until the shard resumes; return whether it was written."""
        async with self._order:
            return await self._dispatch(event_type, data)

    def can_resume(self, sequence: int) -> bool:
        """Return whether every event after ``sequence`` is still remembered."""
        oldest = self._sent[0].sequence if self._sent else self._sequence + 1
        return oldest - 1 <= sequence <= self._sequence

    async def resume(self, connection: Connection, sequence: int) -> None:
        """Send the missed events over a new connection, then ``RESUMED``."""
        async with self._order:
            self.connection = connection
            for event in self._sent:
                if event.sequence <= sequence:
                    continue
                if event.written:
                    self._ledger.record_lost_event(self.shard_id, event.event_type)
                event.written = await self._write(event.event_type, event.text)
            await self._dispatch("RESUMED", {"_trace": []})

    async def _dispatch(self, event_type: str, data: Payload) -> bool:
        self._sequence += 1
        message = {"op": Opcode.DISPATCH, "t": event_type, "s": self._sequence, "d": data}
        text = json.dumps(message, separators=(",", ":"))
        written = await self._write(event_type, text)
        self._sent.append(_Sent(self._sequence, event_type, text, written))
        return written

    async def _write(self, event_type: str, text: str) -> bool:
        connection = self.connection
        if connection is None or not connection.open:
            return False
        # Counted before the write is awaited, so that a bot that has the event is never ahead of the ledger.
        self._ledger.record_event(self.shard_id, event_type)
        written = await connection.write(text)
        if not written:
            self._ledger.record_lost_event(self.shard_id, event_type)
        return written
