"""One row of history. Buffer, spool, exporters and the store's inbox all speak of it, and none knows a source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from argus_otel.telemetry import AttributeValue

ID_ATTRIBUTE = "argus.history.id"
"""The attribute that marks a log record as a row of history."""

DURATION_ATTRIBUTE = "argus.history.duration"
"""The attribute of a log record that has the row's duration, in seconds."""


@dataclass(frozen=True, slots=True)
class Row:
    """One recorded event.

    Attributes
    ----------
    time:
        When it began: microseconds since 1970, UTC.
    event:
        Its name, such as ``job.finished``.
    event_id:
        A UUID. It stays the same however often the row is sent, and a store keeps one row of each.
    service:
        ``service.name`` of the resource.
    resource:
        Other attributes of the resource that tell processes of one service apart.
    duration:
        In seconds; 0 for an event without one.
    attributes:
        By their names on every signal. They stay this mapping until ClickHouse, where models make columns of them.
    number:
        How many events it tells of: more than one where a source puts several into one row, such as the logged steps of
        a training run. What is lost is counted by it.
    """

    time: int
    event: str
    event_id: str
    service: str
    resource: Mapping[str, str] = field(default_factory=dict[str, str])
    duration: float = 0.0
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict[str, AttributeValue])
    number: int = 1


def number_in(rows: Iterable[Row]) -> int:
    """Return how many events rows tell of."""
    return sum(row.number for row in rows)


def text_of(value: AttributeValue) -> str:
    """Return an attribute's value as every store spells it: ``true``, ``7``, ``0.5``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
