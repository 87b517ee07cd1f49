from __future__ import annotations

import time

from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

from argus_otel.otel.events import OTelEvents
from argus_otel.telemetry import Event, Telemetry

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
