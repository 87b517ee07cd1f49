"""Exports rows as log records over OTLP, to the Collector that receives the process's logs.

The sender is handed in, and may use any SDK. It bypasses the SDK's batching queue, which drops records beyond its limit
and does not report whether a record has arrived.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from argus_otel.history.record.delivery import DestinationUnavailable, RowsRejected
from argus_otel.history.row import DURATION_ATTRIBUTE, ID_ATTRIBUTE, Row
from argus_otel.telemetry import AttributeValue


class EventRecord(NamedTuple):
    """One row as a log record.

    Attributes
    ----------
    time:
        In nanoseconds since 1970.
    resource:
        The attributes in which the resource of the record's process differs from other processes'.
    """

    time: int
    event: str
    attributes: Mapping[str, AttributeValue]
    resource: Mapping[str, str]


class SendResult(Protocol):
    """How a batch ended."""

    @property
    def delivered(self) -> bool:
        """Whether the batch was acknowledged."""
        ...

    @property
    def rejected(self) -> bool:
        """Whether the same batch will never be accepted."""
        ...

    @property
    def message(self) -> str:
        """The reason of a failure, without secrets."""
        ...


class Sender(Protocol):
    """Sends log records over OTLP."""

    destination: str

    def send(self, records: Sequence[EventRecord]) -> SendResult:
        """Send records; return once they are acknowledged, or have failed."""
        ...

    def close(self) -> None:
        """Release connections, and let a request that is under way fail soon. Any thread."""
        ...


class OtlpExporter:
    """Exports rows through a sender of log records."""

    def __init__(self, sender: Sender) -> None:
        self.destination = sender.destination
        self._sender = sender

    def export(self, rows: Sequence[Row]) -> None:
        """Send rows; return when they were acknowledged.

        Raises
        ------
        DestinationUnavailable, RowsRejected
        """
        result = self._sender.send([record_of(row) for row in rows])
        if result.delivered:
            return
        if result.rejected:
            raise RowsRejected(result.message)
        raise DestinationUnavailable(f"{self.destination} does not accept events: {result.message}")

    def close(self) -> None:
        """Close the sender."""
        self._sender.close()


def record_of(row: Row) -> EventRecord:
    """Return a row as a log record: its attributes, and its id and duration by names of their own."""
    attributes: dict[str, AttributeValue] = {**row.attributes, "event.name": row.event, ID_ATTRIBUTE: row.event_id}
    if row.duration:
        attributes[DURATION_ATTRIBUTE] = row.duration
    return EventRecord(row.time * 1000, row.event, attributes, {"service.name": row.service, **row.resource})
