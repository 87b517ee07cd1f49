from __future__ import annotations

import time

from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

from argus_otel.otel.events import OTelEvents
from argus_otel.telemetry import Event, SpanRef, Telemetry

JOINED = Event("discord.guild.joined", "The bot joined a guild.", ("discord.guild.id",))


def test_an_event_becomes_a_log_record_with_an_event_name(telemetry: Telemetry) -> None:
    exporter = InMemoryLogRecordExporter()
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    telemetry.add_event_sink(OTelEvents(provider.get_logger("test")))
    before = time.time_ns()
    given = {"discord.guild.id": 42}
    telemetry.emit(JOINED, given)
    (exported,) = exporter.get_finished_logs()
    record = exported.log_record
    assert record.event_name == "discord.guild.joined"
    assert record.body == "The bot joined a guild."
    assert dict(record.attributes or {}) == {"discord.guild.id": 42, "event.name": "discord.guild.joined"}
    assert record.severity_number is SeverityNumber.INFO
    assert record.severity_text == "INFO"
    assert record.timestamp is not None
    assert before <= record.timestamp <= time.time_ns()
    assert given == {"discord.guild.id": 42}


def test_an_event_that_belongs_to_a_span_has_its_ids_after_it_has_ended_too(telemetry: Telemetry) -> None:
    exporter = InMemoryLogRecordExporter()
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    telemetry.add_event_sink(OTelEvents(provider.get_logger("test")))
    telemetry.emit(JOINED, {}, SpanRef(0x1234, 0x56))
    telemetry.emit(JOINED, {})
    of_span, without = (each.log_record for each in exporter.get_finished_logs())
    assert (of_span.trace_id, of_span.span_id, of_span.trace_flags) == (0x1234, 0x56, 1)
    assert (without.trace_id, without.span_id) == (0, 0)
