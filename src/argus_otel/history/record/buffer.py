"""The buffer between the observed code, which adds events, and the flush thread, which takes rows.

A hook pays for one tuple in a queue. The flush thread makes the id, the pseudonyms and the row.
"""

from __future__ import annotations

import threading
import uuid
from collections import deque
from collections.abc import Callable, Collection, Mapping
from time import time_ns

from argus_otel.history.row import Row
from argus_otel.telemetry import AttributeValue, Event, SeveralEvents, WholeText

from .stats import Stats

LIMIT = 10_000
"""The most events in memory. Events beyond are dropped, and counted."""

BATCH = 1000
"""The most rows in one delivery."""

BATCH_SIZE = 1 << 20
"""About the most bytes of one delivery: a Collector accepts 4 MiB in one request."""

LONGEST_TEXT = 500
"""The most characters of an attribute, but for a :class:`argus_otel.telemetry.WholeText`."""

_ROW_SIZE = 300
_INT64 = range(-(2**63), 2**63)

_Entry = tuple[int, str, Mapping[str, AttributeValue], "float | None", "str | None"]


class EventBuffer:
    """The events of one process that have not been delivered yet.

    Parameters
    ----------
    service:
        ``service.name`` of the process.
    resource:
        Other attributes of its resource that every row gets.
    personal:
        Attributes whose values are ids of people.
    pseudonym:
        Maps such an id to the stored value, see :func:`.pseudonyms.pseudonymizer`. An attribute of which nothing is
        kept is left out of the row.
    """

    def __init__(
        self,
        service: str,
        resource: Mapping[str, str],
        personal: Collection[str],
        pseudonym: Callable[[str], str],
        stats: Stats,
    ) -> None:
        self._service = service
        self._resource = resource
        self._personal = frozenset(personal)
        self._pseudonym = pseudonym
        self._stats = stats
        self._entries: deque[_Entry] = deque()
        self._taking = threading.Lock()
        self.filled = threading.Event()
        """Set when a whole batch is buffered."""

    def __len__(self) -> int:
        """Return how many events are buffered."""
        return len(self._entries)

    def __call__(
        self,
        event: Event,
        attributes: Mapping[str, AttributeValue],
        duration: float | None,
        event_id: str | None = None,
        at: float | None = None,
    ) -> bool:
        """Add an event, as :class:`argus_otel.telemetry.HistorySink` says. Any thread."""
        entries = self._entries
        buffered = len(entries)
        if buffered >= LIMIT:
            self._stats.buffer_full.value += 1
            return False
        entries.append((time_ns() if at is None else int(at * 1e9), event.name, attributes, duration, event_id))
        if buffered == BATCH:
            self.filled.set()
        return True

    def take(self) -> list[Row]:
        """Remove the oldest events, a batch at most, and return them as rows. Any thread."""
        rows: list[Row] = []
        size = 0
        with self._taking:
            while self._entries and len(rows) < BATCH and size < BATCH_SIZE:
                row = self._row(*self._entries.popleft())
                self._stats.recorded(row.event, row.number)
                rows.append(row)
                size += _ROW_SIZE + sum(len(name) + len(str(value)) for name, value in row.attributes.items())
        return rows

    def _row(
        self,
        ended: int,
        event: str,
        attributes: Mapping[str, AttributeValue],
        duration: float | None,
        event_id: str | None,
    ) -> Row:
        kept: dict[str, AttributeValue] = {}
        for name, value in attributes.items():
            if name in self._personal:
                value = self._pseudonym(str(value))
                if not value:
                    continue
            kept[name] = _exportable(value)
        return Row(
            time=(ended - int((duration or 0.0) * 1e9)) // 1000,
            event=event,
            event_id=event_id or str(uuid.uuid4()),
            service=self._service,
            resource=self._resource,
            duration=duration or 0.0,
            attributes=kept,
            number=attributes.number if isinstance(attributes, SeveralEvents) else 1,
        )


def _exportable(value: AttributeValue) -> AttributeValue:
    """Return a value that JSON, OTLP and ClickHouse can all hold."""
    if isinstance(value, str):
        text = str(value) if isinstance(value, WholeText) else value[:LONGEST_TEXT]
        # Half of a surrogate pair, which JSON may hold, cannot be encoded in UTF-8.
        return text if text.isascii() else text.encode("utf-8", "replace").decode()
    if isinstance(value, int) and value not in _INT64:
        return str(value)[:LONGEST_TEXT]
    return value
