from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from argus_otel.telemetry import AttributeValue, Event, Severity, SpanIds, SpanRef, Telemetry
from argus_otel.telemetry.catalogue import EXCEPTIONS

ENDED = Event("bot.command.exception", "An exception ended the command", severity=Severity.ERROR)
PASSED = Event("http.client.request.exception", "It may be handled", severity=Severity.WARN)


class Sunk:
    """The events that the sink received."""

    def __init__(self, telemetry: Telemetry) -> None:
        self.events: list[tuple[str, dict[str, AttributeValue], SpanIds | None]] = []
        telemetry.exception_reports.sink = self._keep

    def _keep(self, event: Event, attributes: Mapping[str, AttributeValue], span: SpanIds | None) -> None:
        self.events.append((event.name, dict(attributes), span))

    @property
    def names(self) -> list[str]:
        return [name for name, _, _ in self.events]


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


@pytest.fixture
def sunk(telemetry: Telemetry) -> Sunk:
    return Sunk(telemetry)


def fail(message: str = "no song") -> Exception:
    try:
        raise ValueError(message)  # noqa: TRY301 - so that it has a traceback
    except ValueError as error:
        return error


def other() -> Exception:
    try:
        raise KeyError("other")  # noqa: TRY301
    except KeyError as error:
        return error


def counted(telemetry: Telemetry) -> dict[str, float]:
    return {str(attributes["argus.exception.fingerprint"]): value for attributes, value in telemetry.points(EXCEPTIONS)}


def record_of(error: BaseException, level: int = logging.ERROR) -> logging.LogRecord:
    info: Any = (type(error), error, error.__traceback__)
    return logging.getLogger("bot").makeRecord("bot", level, __file__, 1, "failed", (), info)


def test_an_exception_is_described_with_the_operations_attributes_in_its_spans_context(
    telemetry: Telemetry, sunk: Sunk
) -> None:
    span = SpanRef(1, 2)
    telemetry.exception_reports.report(ENDED, fail(), {"discord.command.name": "play"}, span)
    ((name, attributes, context),) = sunk.events
    assert name == "bot.command.exception"
    assert context is span
    stacktrace = str(attributes.pop("exception.stacktrace"))
    assert stacktrace.startswith("Traceback")
    assert stacktrace.endswith("ValueError: no song\n")
    assert attributes == {
        "discord.command.name": "play",
        "exception.type": "ValueError",
        "exception.message": "no song",
        "argus.exception.fingerprint": f"ValueError in {__name__}.fail",
    }


def test_secrets_are_removed(telemetry: Telemetry, sunk: Sunk) -> None:
    telemetry.redact.add_secret("a-secret-of-the-bot")
    telemetry.exception_reports.report(ENDED, fail("with a-secret-of-the-bot"), {}, None)
    assert "a-secret" not in str(sunk.events)


def test_exceptions_are_counted_by_fingerprint_without_a_sink(telemetry: Telemetry) -> None:
    for error in (fail("one"), fail("two"), other()):
        telemetry.exception_reports.report(ENDED, error, {}, None)
    assert counted(telemetry) == {f"ValueError in {__name__}.fail": 2, f"KeyError in {__name__}.other": 1}


def test_what_is_logged_and_then_ends_the_work_is_exported_and_counted_once(telemetry: Telemetry, sunk: Sunk) -> None:
    exported: list[logging.LogRecord] = []
    telemetry.log_pipeline.sink = lambda _, record: exported.append(record)
    error = fail()
    record = record_of(error)
    telemetry.exception_reports.logged(record)
    telemetry.log_pipeline.forward(logging.getLogger("bot"), record)
    telemetry.exception_reports.report(ENDED, error, {}, None)
    assert sunk.events == []
    assert vars(exported[0])["argus.exception.fingerprint"] == f"ValueError in {__name__}.fail"
    assert list(counted(telemetry).values()) == [1]


def test_a_second_log_record_of_an_exception_has_its_fingerprint_alone(telemetry: Telemetry) -> None:
    exported: list[logging.LogRecord] = []
    telemetry.log_pipeline.sink = lambda _, record: exported.append(record)
    error = fail()
    for _ in range(2):
        telemetry.log_pipeline.forward(logging.getLogger("bot"), record_of(error))
    assert [record.exc_info is None for record in exported] == [False, True]
    assert [vars(record)["argus.exception.fingerprint"] for record in exported] == [
        f"ValueError in {__name__}.fail",
        f"ValueError in {__name__}.fail",
    ]


def test_what_was_logged_while_logs_are_not_exported_is_exported_by_its_end(telemetry: Telemetry, sunk: Sunk) -> None:
    error = fail()
    telemetry.exception_reports.logged(record_of(error))
    telemetry.exception_reports.report(ENDED, error, {}, None)
    assert sunk.names == ["bot.command.exception"]
    assert list(counted(telemetry).values()) == [1]


def test_what_passes_and_then_ends_the_work_is_both_but_counts_once(telemetry: Telemetry, sunk: Sunk) -> None:
    error = fail()
    telemetry.exception_reports.report(PASSED, error, {}, None)
    telemetry.exception_reports.report(PASSED, error, {}, None)
    assert counted(telemetry) == {}
    telemetry.exception_reports.report(ENDED, error, {}, None)
    assert sunk.names == ["http.client.request.exception", "bot.command.exception"]
    assert list(counted(telemetry).values()) == [1]


def test_a_wrapper_of_the_library_is_the_exception_beneath_it(telemetry: Telemetry) -> None:
    class WrapperError(Exception):
        original: BaseException

    telemetry.exception_reports.unwrap_by(lambda error: getattr(error, "original", error))
    wrapper = WrapperError()
    wrapper.original = fail()
    telemetry.exception_reports.logged(record_of(wrapper))
    telemetry.exception_reports.report(ENDED, wrapper.original, {}, None)
    assert counted(telemetry) == {f"ValueError in {__name__}.fail": 1}


def test_the_rejection_of_a_users_input_is_no_fault(telemetry: Telemetry) -> None:
    telemetry.exceptions.mark_private(lambda error: isinstance(error, ValueError))
    telemetry.exception_reports.logged(record_of(fail()))
    telemetry.exception_reports.logged(record_of(other()))
    assert counted(telemetry) == {f"KeyError in {__name__}.other": 1}


def test_a_record_whose_exception_is_missing_is_none(telemetry: Telemetry) -> None:
    record = logging.getLogger("bot").makeRecord("bot", 40, __file__, 1, "failed", (), (None, None, None))
    telemetry.exception_reports.logged(record)  # as `logger.exception()` outside an `except` makes it
    assert counted(telemetry) == {}


def test_exceptions_at_the_same_address_are_told_apart(telemetry: Telemetry) -> None:
    for _ in range(100):
        telemetry.exception_reports.report(ENDED, fail(), {}, None)
    assert list(counted(telemetry).values()) == [100]


def test_an_exception_is_not_kept_alive(telemetry: Telemetry) -> None:
    error = fail()
    before = sys.getrefcount(error)
    telemetry.exception_reports.report(ENDED, error, {}, None)
    telemetry.exception_reports.logged(record_of(error))
    assert sys.getrefcount(error) == before


def test_a_class_that_refuses_attributes_is_reported_all_the_same(telemetry: Telemetry, sunk: Sunk) -> None:
    class StrictError(Exception):
        __slots__ = ()

        def __setattr__(self, name: str, value: object) -> None:
            raise AttributeError(name)

    error = StrictError()
    telemetry.exception_reports.report(ENDED, error, {}, None)
    telemetry.exception_reports.report(ENDED, error, {}, None)
    assert sunk.names == ["bot.command.exception"]
