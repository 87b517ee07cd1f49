"""A program with OpenTelemetry's own SDK, which sends a test's data by OTLP."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from argus_otel.history import row


class Program:
    """One service. Nothing is sent before :meth:`send`.

    Parameters
    ----------
    endpoint:
        A Collector's, by gRPC.
    service:
        The service's name; its instance is ``<name>-1``.
    exporting:
        Further keywords of the exporters, such as ``headers`` and ``credentials``.
    """

    def __init__(self, endpoint: str, service: str, **exporting: Any) -> None:
        self.service = service
        resource = Resource(
            {"service.name": service, "service.instance.id": f"{service}-1", "discord.cluster.id": "cluster-7"}
        )
        self._metrics = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=endpoint, **exporting), 1e9)
        self._meters = MeterProvider([self._metrics], resource)
        self._tracers = TracerProvider(resource=resource)
        self._tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, **exporting), 65536))
        self._loggers = LoggerProvider(resource)
        self._loggers.add_log_record_processor(
            BatchLogRecordProcessor(OTLPLogExporter(endpoint=endpoint, **exporting), max_queue_size=65536)
        )
        self.meter = self._meters.get_meter("tests")
        self.tracer = self._tracers.get_tracer("tests")
        self.logger = self._loggers.get_logger("tests")

    @classmethod
    @contextmanager
    def sending_to(cls, endpoint: str, service: str, **exporting: Any) -> Iterator[Program]:
        """A program that is shut down at the end."""
        program = cls(endpoint, service, **exporting)
        try:
            yield program
        finally:
            program.shutdown()

    def send(self) -> None:
        """Send what there is, and wait until it was taken."""
        assert self._meters.force_flush(20_000)
        assert self._tracers.force_flush(20_000)
        assert self._loggers.force_flush(20_000)

    def shutdown(self) -> None:
        self._tracers.shutdown()
        self._loggers.shutdown()
        self._meters.shutdown(5_000)

    def log(self, body: str, event_name: str = "", **attributes: Any) -> None:
        """A log record; ``__`` in a keyword is a dot."""
        self._emit(body, event_name, {name.replace("__", "."): value for name, value in attributes.items()})

    def history(self, event: str, event_id: str = "", duration: float | None = None, **attributes: Any) -> str:
        """A log record that is one of history, as bots send them; return its id. ``__`` in a keyword is a dot."""
        identity = event_id or str(uuid.uuid4())
        named = {name.replace("__", "."): value for name, value in attributes.items()}
        if duration is not None:
            named[row.DURATION_ATTRIBUTE] = duration
        self._emit("", event, {**named, row.ID_ATTRIBUTE: identity})
        return identity

    def _emit(self, body: str, event_name: str, attributes: dict[str, Any]) -> None:
        record = LogRecord(timestamp=time.time_ns(), body=body, attributes=attributes, event_name=event_name or None)
        self.logger.emit(record)
