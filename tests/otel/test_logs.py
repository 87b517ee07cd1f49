from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Iterator
from enum import Enum
from typing import Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY as SUPPRESSED
from opentelemetry.instrumentation.logging.handler import LoggingHandler
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider

from argus_otel.otel.bridge import Bridge
from argus_otel.otel.events import OTelEvents
from argus_otel.otel.logs import RedactingProvider
from argus_otel.otel.sampling import SAMPLE_ALL
from argus_otel.settings import Settings
from argus_otel.sources.process.source import ProcessSource
from argus_otel.telemetry import Event, SpanKind, State, Telemetry

_numbers = itertools.count()


class Exported:
    """A process whose logs are exported, and what was."""

    def __init__(self, **options: Any) -> None:
        self.telemetry = Telemetry()
        self.telemetry.redact.add_secret("swordfish")
        self._exporter = InMemoryLogRecordExporter()
        self.provider = LoggerProvider(shutdown_on_exit=False)
        self.provider.add_log_record_processor(SimpleLogRecordProcessor(self._exporter))
        self.bridge = Bridge(self.telemetry, ())
        self.bridge.connect(
            logger_provider=self.provider,
            tracer_provider=TracerProvider(sampler=SAMPLE_ALL, shutdown_on_exit=False),
            **options,
        )
        self.source = ProcessSource(
            self.telemetry, Settings.resolve({}, {"process_loop_blocked_after": 0}), lambda: None
        )
        self.source.install()
        self.source.start()

    @property
    def all(self) -> list[Any]:
        return list(self._exporter.get_finished_logs())

    @property
    def records(self) -> list[Any]:
        return [data.log_record for data in self.all]

    @property
    def bodies(self) -> list[object]:
        return [record.body for record in self.records]

    @property
    def state(self) -> tuple[State, str]:
        part = self.telemetry.health.parts()["log records"]
        return part.state, part.detail


@pytest.fixture
def exported() -> Iterator[Exported]:
    exported = Exported()
    yield exported
    exported.source.uninstall()
    assert exported.telemetry.guard.faults == {}


@pytest.fixture
def logger() -> logging.Logger:
    logger = logging.getLogger(f"exporting{next(_numbers)}")
    logger.setLevel(1)
    return logger


def test_a_record_is_exported_as_it_is(exported: Exported, logger: logging.Logger) -> None:
    logger.warning("played %s", "So What", extra={"shard": 3, "ratio": 0.5, "ok": True, "songs": ["a", "b"]})
    (data,) = exported.all
    record = data.log_record
    assert record.body == "played So What"
    assert record.severity_number is SeverityNumber.WARN
    assert record.severity_text == "WARN"
    attributes = {name: value for name, value in record.attributes.items() if not name.startswith("otel")}
    assert attributes == {"shard": 3, "ratio": 0.5, "ok": True, "songs": ("a", "b")}
    assert data.instrumentation_scope.name == logger.name
    assert record.trace_id == 0
    assert exported.state == (State.OK, "")


def test_a_record_has_the_span_that_it_was_made_in(exported: Exported, logger: logging.Logger) -> None:
    assert exported.telemetry.tracing is not None
    span = exported.telemetry.tracing.root("command play", SpanKind.SERVER, dict)
    span.attach()
    logger.info("inside")
    span.detach()
    logger.info("outside")
    inside, outside = exported.records
    assert (inside.trace_id, inside.span_id) == (span.trace_id, span.span_id)
    assert inside.trace_id
    assert (outside.trace_id, outside.span_id) == (0, 0)


def test_a_trace_that_is_not_kept_lends_its_ids_to_no_record_or_event(
    exported: Exported, logger: logging.Logger
) -> None:
    assert exported.telemetry.tracing is not None
    span = exported.telemetry.tracing.root("event message", SpanKind.CONSUMER, dict, rate=0.0)
    span.attach()
    assert trace.get_current_span().get_span_context().trace_id
    logger.info("inside")
    exported.telemetry.add_event_sink(OTelEvents(exported.provider.get_logger("test")))
    exported.telemetry.emit(Event("happened", "It happened"), {})
    span.detach()
    assert {(record.trace_id, record.span_id, int(record.trace_flags)) for record in exported.records} == {(0, 0, 0)}
    assert len(exported.records) >= 2


def test_secrets_are_taken_out_of_everything(exported: Exported, logger: logging.Logger) -> None:
    def fail() -> None:
        raise RuntimeError("swordfish in the message") from ValueError("and swordfish in its cause")

    try:
        fail()
    except RuntimeError:
        logger.exception("the %s", "swordfish", extra={"key": "swordfish", "keys": ["swordfish"]}, stack_info=True)
    (record,) = exported.records
    assert "swordfish" not in repr((record.body, dict(record.attributes)))
    assert record.body == "the [redacted]"
    assert record.attributes["key"] == "[redacted]"
    assert record.attributes["keys"] == ("[redacted]",)
    assert record.attributes["exception.type"] == "RuntimeError"
    assert record.attributes["exception.message"] == "[redacted] in the message"
    assert "and [redacted] in its cause" in record.attributes["exception.stacktrace"]


def test_an_exception_that_the_sdk_would_spell_out_is_redacted_first(exported: Exported) -> None:
    logger = RedactingProvider(exported.provider, exported.telemetry.redact).get_logger("newer handlers")
    logger.emit(LogRecord(body="swordfish", exception=RuntimeError("swordfish")))
    logger.emit(body="swordfish", exception=RuntimeError("swordfish"))
    assert logger.enabled(severity_number=SeverityNumber.INFO)
    for record in exported.records:
        assert "swordfish" not in repr((record.body, dict(record.attributes), record.exception))
        assert record.attributes["exception.message"] == "[redacted]"


class Message:
    def __repr__(self) -> str:
        return "<Message content='swordfish'>"


class Colour(str, Enum):
    RED = "red"


def test_what_is_no_plain_value_is_left_out_and_harms_nobody(exported: Exported, logger: logging.Logger) -> None:
    extra = {
        "message_": Message(),
        "none": None,
        "payload": {"content": "swordfish"},
        "mixed": [1, Message()],
        "colour": Colour.RED,
        "large": 2**70,
    }
    logger.info("with extras", extra=extra)
    attributes = {n: v for n, v in exported.records[0].attributes.items() if not n.startswith("otel")}
    assert attributes == {"colour": "red", "large": str(2**70)}


def test_text_that_is_not_unicode_can_be_sent(exported: Exported, logger: logging.Logger) -> None:
    logger.info("a file named %s", "caf\udce9", extra={"name_": "caf\udce9 é"})
    (record,) = exported.records
    assert record.body == "a file named caf\\udce9"
    assert record.attributes["name_"] == "caf\\udce9 é"


def test_messages_that_are_no_text_are_exported_as_text(exported: Exported, logger: logging.Logger) -> None:
    logger.info(Message())
    assert exported.bodies == ["<Message content='[redacted]'>"]


@pytest.mark.parametrize("name", ["opentelemetry", "opentelemetry.sdk._shared_internal", "opentelemetry.exporter.otlp"])
def test_opentelemetrys_own_records_are_not_exported(exported: Exported, name: str) -> None:
    logging.getLogger(name).error("Failed to export logs")
    logging.getLogger("opentelemetryx").error("mine")
    assert exported.bodies == ["mine"]


def test_what_is_logged_while_exporting_is_not_exported(exported: Exported, logger: logging.Logger) -> None:
    def export() -> None:
        token = otel_context.attach(otel_context.set_value(SUPPRESSED, True))
        logging.getLogger("urllib3.connectionpool").warning("Connection broken")
        exported.telemetry.health.report("exporter:logs otlp", State.FAILED, "the endpoint does not answer")
        otel_context.detach(token)

    thread = threading.Thread(target=export)
    thread.start()
    thread.join()
    logger.warning("mine")
    assert exported.bodies == ["mine"]


def test_our_own_warnings_are_exported(exported: Exported) -> None:
    exported.telemetry.health.report("endpoint", State.FAILED, "port 9464 is taken")
    assert any("port 9464 is taken" in str(body) for body in exported.bodies)


@pytest.mark.parametrize("place", ["root", "logger", "parent"])
def test_what_another_handler_of_opentelemetrys_exports_is_left_to_it(
    exported: Exported, logger: logging.Logger, place: str
) -> None:
    class Theirs(LoggingHandler):
        pass

    child = logger.getChild("child")
    other = logging.getLogger({"root": None, "logger": child.name, "parent": logger.name}[place])
    handler = Theirs(logger_provider=exported.provider)
    other.addHandler(handler)
    try:
        child.warning("once")
        assert exported.bodies == ["once"]
        assert exported.state[0] is State.OFF
        assert other.name in exported.state[1]
        child.propagate = False
        child.warning("here")
        assert exported.bodies == ["once", "here"]
    finally:
        other.removeHandler(handler)


def test_a_handler_that_was_there_first_is_told_of_at_once(logger: logging.Logger) -> None:
    handler = LoggingHandler(logger_provider=LoggerProvider(shutdown_on_exit=False))
    logging.getLogger().addHandler(handler)
    exported = Exported()
    try:
        assert exported.state[0] is State.OFF
        logger.warning("theirs")
        assert exported.bodies == []
    finally:
        exported.source.uninstall()
        logging.getLogger().removeHandler(handler)


def test_it_can_be_switched_off_without_the_events(logger: logging.Logger) -> None:
    exported = Exported(export_logs=False)
    try:
        logger.warning("here only")
        exported.telemetry.emit(Event("happened", "It happened"), {})
        assert exported.bodies == ["It happened"]
        assert exported.state[0] is State.OFF
        assert "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS" in exported.state[1]
    finally:
        exported.source.uninstall()


def test_without_a_provider_nothing_is_translated(telemetry: Telemetry) -> None:
    Bridge(telemetry, ()).connect()
    assert telemetry.log_pipeline.sink is None
    assert telemetry.health.parts()["log records"].state is State.OFF


def test_no_handler_is_attached_to_anything(exported: Exported, logger: logging.Logger) -> None:
    before = list(logging.getLogger().handlers)
    logger.warning("exported")
    assert exported.bodies == ["exported"]
    assert logger.handlers == []
    assert logging.getLogger().handlers == before


def test_threads_do_not_wait_for_each_other(exported: Exported, logger: logging.Logger) -> None:
    def log(number: int) -> None:
        for count in range(200):
            logger.info("%d %d", number, count)

    threads = [threading.Thread(target=log, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(map(str, exported.bodies)) == sorted(
        f"{number} {count}" for number in range(4) for count in range(200)
    )
