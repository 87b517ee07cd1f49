"""Events become OpenTelemetry log records with an event name."""

from __future__ import annotations

from collections.abc import Mapping
from time import time_ns

from argus_otel.telemetry import AttributeValue, Event, Severity, SpanIds

from .private import Logger, LogRecord, SeverityNumber
from .unsampled import context_of, without_unsampled_ids

_SEVERITIES = {
    Severity.INFO: SeverityNumber.INFO,
    Severity.WARN: SeverityNumber.WARN,
    Severity.ERROR: SeverityNumber.ERROR,
}


class OTelEvents:
    """Emits events on one logger."""

    def __init__(self, logger: Logger) -> None:
        self._logger = logger

    def __call__(self, event: Event, attributes: Mapping[str, AttributeValue], span: SpanIds | None = None) -> None:
        """Emit ``event`` as of now, in the context of ``span``, by default of the current span.

        Its name is an attribute too: the ClickHouse exporter leaves the name's own column out of every insert when it
        could not read the schema at its start.
        """
        record = LogRecord(
            timestamp=time_ns(),
            context=None if span is None else context_of(span),
            severity_number=_SEVERITIES[event.severity],
            severity_text=_SEVERITIES[event.severity].name,  # as the program's own log records have it
            body=event.description,
            attributes={**attributes, "event.name": event.name},
            event_name=event.name,
        )
        self._logger.emit(without_unsampled_ids(record))
