"""Whether spans or log records hold the exceptions that end work."""

from __future__ import annotations

import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from argus_otel.otel.bridge import Bridge
from argus_otel.telemetry import Event, Operation, Severity, SpanKind, Telemetry

ENDED = Event("bot.command.exception", "An exception ended the command", severity=Severity.ERROR)


class Exported:
    """What arrives at exporters of spans, and of logs if there is one."""

    def __init__(self, telemetry: Telemetry, signal: str, logs: bool) -> None:
        self.telemetry = telemetry
        self.spans = InMemorySpanExporter()
        self.logs = InMemoryLogRecordExporter()
        tracers = TracerProvider(shutdown_on_exit=False)
        tracers.add_span_processor(SimpleSpanProcessor(self.spans))
        loggers = None
        if logs:
            loggers = LoggerProvider(shutdown_on_exit=False)
            loggers.add_log_record_processor(SimpleLogRecordProcessor(self.logs))
        Bridge(telemetry, ()).connect(tracer_provider=tracers, logger_provider=loggers, exception_signal=signal)

    def fail(self, rate: float = 1.0) -> None:
        tracing = self.telemetry.tracing
        assert tracing is not None
        operation = Operation()
        operation.trace_in(tracing.root("command play", SpanKind.SERVER, dict, rate=rate))
        try:
            raise ValueError("no song")  # noqa: TRY301 - so that it has a traceback
        except ValueError as error:
            self.telemetry.exception_reports.report(ENDED, error, {}, operation.trace)
            operation.record_error(error)
        operation.settle()
        operation.end_span(True)


@pytest.mark.parametrize(
    ("signal", "logs", "records", "events"),
    [
        ("", True, 1, 0),
        ("", False, 0, 1),
        ("logs", True, 1, 0),
        ("logs", False, 0, 0),
        ("logs/dup", True, 1, 1),
        ("logs/dup", False, 0, 1),
    ],
)
def test_exceptions_are_where_the_setting_and_the_exporters_say(
    telemetry: Telemetry, signal: str, logs: bool, records: int, events: int
) -> None:
    exported = Exported(telemetry, signal, logs)
    exported.fail()
    (span,) = exported.spans.get_finished_spans()
    assert [event.name for event in span.events] == ["exception"] * events
    assert span.status.description == "no song"
    found = [each.log_record for each in exported.logs.get_finished_logs()]
    assert [record.event_name for record in found] == ["bot.command.exception"] * records
    for record in found:
        assert span.context is not None
        assert (record.trace_id, record.span_id) == (span.context.trace_id, span.context.span_id)
        assert record.severity_text == "ERROR"


def test_the_exception_of_an_unsampled_trace_is_exported_without_ids(telemetry: Telemetry) -> None:
    exported = Exported(telemetry, "", True)
    exported.fail(rate=0.0)
    assert not exported.spans.get_finished_spans()
    (record,) = (each.log_record for each in exported.logs.get_finished_logs())
    assert record.trace_id == record.span_id == 0
