from __future__ import annotations

import logging

from argus_otel.telemetry import Event, RecentErrors, Severity, Telemetry
from argus_otel.telemetry.recent_errors import MAX_ERRORS

ENDED = Event("bot.command.exception", "An exception ended the command", severity=Severity.ERROR)


def raised(message: str = "no such song") -> Exception:
    try:
        raise LookupError(message)  # noqa: TRY301 - so that it has a traceback
    except LookupError as error:
        return error


def record(error: BaseException | None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("jukebox", logging.ERROR, "/bot/cogs/radio.py", 7, "no %s", ("song",), info, "play")


def test_the_same_place_is_one_error_and_the_last_one_comes_first() -> None:
    errors = RecentErrors()
    for origin in (("LookupError", "a"), ("LookupError", "b"), ("LookupError", "a")):
        errors.add(origin)
    assert [(each.origin[1], each.count) for each in errors.latest()] == [("a", 2), ("b", 1)]


def test_there_is_a_limit_and_the_oldest_goes_first() -> None:
    errors = RecentErrors()
    for number in range(MAX_ERRORS + 5):
        errors.add((f"E{number}", ""))
        errors.add(("LookupError", ""))
    assert len(errors.latest()) == MAX_ERRORS
    assert errors.latest()[0].origin[0] == "LookupError"
    assert not any(error.origin[0] == "E0" for error in errors.latest())


def test_a_child_forgets() -> None:
    telemetry = Telemetry()
    telemetry.exception_reports.report(ENDED, raised(), {}, None)
    telemetry.drop_in_child()
    assert telemetry.exception_reports.recent.latest() == []


def test_an_exception_that_is_logged_and_ends_work_is_one_error_without_its_message() -> None:
    reports = Telemetry().exception_reports
    for _ in range(5):
        error = raised("s3cret")
        reports.logged(record(error))
        reports.report(ENDED, error, {}, None)
    (kept,) = reports.recent.latest()
    assert (kept.origin, kept.count) == (("LookupError", f"{__name__}.raised"), 5)


def test_a_log_record_without_an_exception_is_known_by_its_logger_and_its_place() -> None:
    reports = Telemetry().exception_reports
    reports.logged(record(None))
    (kept,) = reports.recent.latest()
    assert kept.origin == ("jukebox", "radio.play:7")
