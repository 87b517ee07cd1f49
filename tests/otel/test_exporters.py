from __future__ import annotations

import enum
import logging
from collections.abc import Callable

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SpanExportResult

from argus_otel.otel.exporters import MissingError, _DemoteToDebug, load, with_health
from argus_otel.telemetry import Health, State, Telemetry
from argus_otel.telemetry.catalogue import EXPORT_LOST


class Outcome(enum.Enum):
    SUCCESS = 0
    FAILURE = 1


class Exporter:
    """Does with a batch what it is told."""

    def export(self, batch: Callable[[], object], timeout_millis: float = 10) -> object:
        return batch()


@pytest.fixture
def telemetry(caplog: pytest.LogCaptureFixture) -> Telemetry:
    caplog.set_level(logging.INFO)
    return Telemetry()


@pytest.fixture
def health(telemetry: Telemetry) -> Health:
    return telemetry.health


@pytest.fixture
def exporter(telemetry: Telemetry) -> Exporter:
    return with_health(Exporter, telemetry, "exporter:traces test")()


def test_a_component_is_found_by_its_name() -> None:
    assert load("opentelemetry_traces_exporter", "console", "OTEL_TRACES_EXPORTER") is ConsoleSpanExporter


def test_an_unknown_one_is_named_with_the_setting_and_those_there_are() -> None:
    with pytest.raises(MissingError) as caught:
        load("opentelemetry_traces_exporter", "jaeger", "OTEL_TRACES_EXPORTER")
    message = str(caught.value)
    assert message.startswith("OTEL_TRACES_EXPORTER asks for 'jaeger', which is not installed (there are: console, ")
    assert "install the package that brings it" in message


def test_one_of_ours_that_is_not_installed_is_named_with_the_command_that_installs_it() -> None:
    with pytest.raises(MissingError, match=r"there are: none\): pip install opentelemetry-exporter-otlp-proto-http"):
        load("no_such_group", "otlp_proto_http", "OTEL_TRACES_EXPORTER")


def test_one_that_cannot_be_imported_is_named_with_the_reason(
    distribution: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = distribution(
        """
        [opentelemetry_traces_exporter]
        broken = stranger:Broken
        """,
        "import a_module_that_is_not_there",
    )
    monkeypatch.syspath_prepend(site)
    with pytest.raises(MissingError, match=r"asks for 'broken', which cannot be imported .*a_module_that_is_not_there"):
        load("opentelemetry_traces_exporter", "broken", "OTEL_TRACES_EXPORTER")


def test_a_watched_exporter_is_still_what_it_was(telemetry: Telemetry) -> None:
    made = with_health(ConsoleSpanExporter, telemetry, "part")
    assert issubclass(made, ConsoleSpanExporter)
    assert made.__name__ == "ConsoleSpanExporter"
    assert made().export([]) is SpanExportResult.SUCCESS


def test_failing_is_warned_of_once_and_working_again_is_told(
    health: Health, exporter: Exporter, caplog: pytest.LogCaptureFixture
) -> None:
    outcomes = [Outcome.FAILURE] * 3 + [Outcome.SUCCESS] * 2 + [Outcome.FAILURE]
    states: list[State] = []
    for outcome in outcomes:
        assert exporter.export(lambda outcome=outcome: outcome) is outcome
        states.append(health.parts()["exporter:traces test"].state)
    assert states == [State.FAILED] * 3 + [State.OK] * 2 + [State.FAILED]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO", "WARNING"]


def test_an_exporter_that_raises_is_reported_and_raises_on(health: Health, exporter: Exporter) -> None:
    with pytest.raises(ZeroDivisionError):
        exporter.export(lambda: 1 / 0)
    part = health.parts()["exporter:traces test"]
    assert part.state is State.FAILED
    assert "ZeroDivisionError" in part.detail


def test_an_exporter_that_tells_no_outcome_is_taken_to_work(health: Health, exporter: Exporter) -> None:
    assert exporter.export(lambda: None) is None
    assert health.parts()["exporter:traces test"].state is State.OK


def test_the_exporters_own_messages_are_left_to_those_who_debug(
    telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    with_health(OTLPSpanExporter, telemetry, "part")
    with_health(OTLPSpanExporter, telemetry, "part")
    logger = logging.getLogger("opentelemetry.exporter.otlp.proto.grpc.exporter")
    assert [type(known) for known in logger.filters].count(_DemoteToDebug) == 1
    logger.error("Failed to export once")
    assert caplog.records == []
    with caplog.at_level(logging.DEBUG, logger.name):
        logger.error("Failed to export")
    assert [record.levelname for record in caplog.records] == ["DEBUG"]


def test_what_an_export_that_fails_has_lost_is_counted(telemetry: Telemetry) -> None:
    class Refusing:
        def export(self, batch: object) -> Outcome:
            if batch == ["raise"]:
                raise ConnectionError
            return Outcome.FAILURE if batch == ["span", "span", "span"] else Outcome.SUCCESS

    made = with_health(Refusing, telemetry, "exporter:traces test")()
    made.export(["span"])
    made.export(["span"] * 3)
    with pytest.raises(ConnectionError):
        made.export(["raise"])
    with_health(Exporter, telemetry, "exporter:metrics test")().export(lambda: Outcome.FAILURE)
    assert telemetry.points(EXPORT_LOST) == [
        ({"argus.exporter": "traces test", "argus.export.loss.reason": "failed"}, 4),
        ({"argus.exporter": "metrics test", "argus.export.loss.reason": "failed"}, 0),
    ]
