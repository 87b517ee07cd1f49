"""Takes what happens, on the event loop, and makes rows of it, off the loop.

What a hook pays is one tuple in a queue. The id, the hash of the user and the row are made by the thread that writes.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from time import time_ns

from argus_otel.telemetry import AttributeValue, Event

from .rows import COLUMNS, Row
from .tally import Tally

LIMIT = 10_000
"""The most events in memory. Those beyond are dropped, and counted."""

BATCH = 1000
"""The most rows that are delivered at once."""

BATCH_SIZE = 1 << 20
"""About how many bytes they may have: a Collector takes 4 MiB in one request."""

_ROW_SIZE = 300
_LONGEST_NAME = 500
_INT32 = range(-1, 2**31)
_SNOWFLAKES = 1 << 64

_Entry = tuple[int, str, Mapping[str, AttributeValue], "float | None"]

_FIELDS = {
    column.attribute: column.name
    for column in COLUMNS
    if column.attribute and column.name not in ("event", "event_id", "service", "cluster", "duration")
}


class Journal:
    """The events of one process on their way to the thread that writes them.

    Parameters
    ----------
    service, cluster:
        Who is speaking.
    user:
        Makes of a user's id what is kept of it, see :func:`users`.
    """

    def __init__(self, service: str, cluster: str, user: Callable[[str], str], tally: Tally) -> None:
        self._service = service
        self._cluster = cluster
        self._user = user
        self._tally = tally
        self._entries: deque[_Entry] = deque()
        self._taking = threading.Lock()
        self.filled = threading.Event()
        """Set when there is a batch to take."""

    def __len__(self) -> int:
        """Return how many events wait."""
        return len(self._entries)

    def __call__(self, event: Event, attributes: Mapping[str, AttributeValue], duration: float | None) -> None:
        """Keep one event, as :class:`argus_otel.telemetry.HistorySink` says. Any thread."""
        entries = self._entries
        waiting = len(entries)
        if waiting >= LIMIT:
            self._tally.buffer_full.value += 1
            return
        entries.append((time_ns(), event.name, attributes, duration))
        if waiting == BATCH:
            self.filled.set()

    def take(self) -> list[Row]:
        """Return the oldest events as rows, a batch at most. Any thread."""
        rows: list[Row] = []
        size = 0
        with self._taking:
            while self._entries and len(rows) < BATCH and size < BATCH_SIZE:
                row = self._row(*self._entries.popleft())
                self._tally.recorded(row.event)
                rows.append(row)
                size += _ROW_SIZE + sum(len(name) + len(value) for name, value in row.attributes.items())
        return rows

    def _row(self, ended: int, event: str, attributes: Mapping[str, AttributeValue], duration: float | None) -> Row:
        columns: dict[str, str] = {}
        others: dict[str, str] = {}
        for name, value in attributes.items():
            column = _FIELDS.get(name)
            if column is None:
                others[name] = _text(value)
            else:
                columns[column] = _text(value)[:_LONGEST_NAME]
        user = columns.get("user", "")
        return Row(
            time=(ended - int((duration or 0.0) * 1e9)) // 1000,
            event=event,
            event_id=str(uuid.uuid4()),
            service=self._service,
            cluster=self._cluster,
            shard=_number(columns.get("shard"), _INT32, -1),
            guild_id=_number(columns.get("guild_id"), range(_SNOWFLAKES), 0),
            channel_id=_number(columns.get("channel_id"), range(_SNOWFLAKES), 0),
            user=self._user(user) if user else "",
            command=columns.get("command", ""),
            type=columns.get("type", ""),
            outcome=columns.get("outcome", ""),
            error=columns.get("error", ""),
            duration=duration or 0.0,
            attributes=others,
        )


def users(policy: str, key: str | None) -> Callable[[str], str]:
    """Return what makes of a user's id what history keeps of it.

    Parameters
    ----------
    policy:
        ``off``, ``hashed`` or ``plain``. Hashed without a key is off.
    """
    if policy == "plain":
        return str
    if policy == "hashed" and key:
        return lambda user: hashed(user, key)
    return lambda _: ""


def hashed(user: str, key: str) -> str:
    """Return a user's id as its keyed hash: the first 16 bytes of HMAC-SHA256, in hexadecimal digits.

    Ids are few enough to try them all, so a hash without a key would hide nothing.
    """
    return hmac.new(key.encode(), user.encode(), hashlib.sha256).digest()[:16].hex()


def _text(value: AttributeValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    # Half of a surrogate pair, which JSON may hold, can be written nowhere.
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _number(text: str | None, allowed: range, otherwise: int) -> int:
    if text is None or not text.lstrip("-").isdecimal() or len(text) > 20:
        return otherwise
    number = int(text)
    return number if number in allowed else otherwise
