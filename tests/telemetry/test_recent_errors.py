from __future__ import annotations

import logging
import sys
from collections.abc import Callable

import pytest

from argus_otel.telemetry import RecentErrors
from argus_otel.telemetry.recent_errors import MAX_ERRORS, origin_of

NAME = __name__


class SongError(Exception):
    """An error of a program."""


def raised(make: Callable[[], Exception] = lambda: LookupError("no such song")) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        _raise(make)
    return caught.value


def _raise(make: Callable[[], Exception]) -> None:
    raise make()


def wrapped() -> Exception:
    """An exception that a library raises from the program's."""
    scope: dict[str, object] = {"SongError": SongError}
    code = "def invoke(error):\n    raise SongError('it failed') from error\n"
    exec(compile(code, "/usr/lib/python3/dist-packages/library.py", "exec"), scope)  # noqa: S102
    try:
        scope["invoke"](raised())  # type: ignore[operator]
    except SongError as error:
        error.__traceback__ = error.__traceback__.tb_next if error.__traceback__ else None  # without this frame
        return error
    raise AssertionError


def record(error: BaseException | None, level: int = logging.ERROR) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("jukebox", level, "/bot/cogs/radio.py", 7, "no %s", ("song",), info, "play")


def kept(errors: RecentErrors) -> list[tuple[str, int]]:
    return [(error.origin[0], error.count) for error in errors.latest()]


class TestOrigin:
    def test_class_and_innermost_own_frame(self) -> None:
        kind, where = origin_of(raised())
        assert kind == "LookupError"
        assert where.startswith(f"{NAME}._raise:")

    def test_a_class_of_a_module_has_its_name(self) -> None:
        assert origin_of(raised(SongError))[0] == f"{NAME}.SongError"

    def test_frames_of_libraries_are_passed_over(self) -> None:
        def parse() -> None:
            import json

            json.loads("{")

        try:
            parse()
        except ValueError as error:
            kind, where = origin_of(error)
        assert kind == "json.decoder.JSONDecodeError"
        assert ".parse:" in where

    def test_without_any_own_frame_the_innermost_counts(self) -> None:
        with pytest.raises(ZeroDivisionError) as caught:
            exec(compile("1 / 0", "<string>", "exec"), {"__name__": "generated"})  # noqa: S102
        error = caught.value
        error.__traceback__ = error.__traceback__.tb_next if error.__traceback__ else None
        assert origin_of(error)[1] == "generated.<module>:1"

    def test_never_raised(self) -> None:
        assert origin_of(LookupError("x")) == ("LookupError", "")

    def test_a_wrapper_has_the_origin_of_what_it_was_raised_from(self) -> None:
        kind, where = origin_of(wrapped())
        assert (kind, where.partition(":")[0]) == ("LookupError", f"{NAME}._raise")


class TestCounts:
    def test_the_same_place_is_one_error(self) -> None:
        errors = RecentErrors()
        for _ in range(3):
            errors.failed(raised())
        errors.failed(raised(SongError))
        errors.failed(raised())
        assert kept(errors) == [("LookupError", 4), (f"{NAME}.SongError", 1)]

    @pytest.mark.parametrize("log_first", [True, False])
    def test_what_is_logged_and_has_failed_counts_once(self, log_first: bool) -> None:
        errors = RecentErrors()
        for _ in range(5):
            error = raised()
            reports = [lambda error=error: errors.logged(record(error)), lambda error=error: errors.failed(error)]
            for report in reports if log_first else reversed(reports):
                report()
        assert kept(errors) == [("LookupError", 5)]

    def test_a_logged_wrapper_and_what_it_wraps_count_once(self) -> None:
        errors = RecentErrors()
        wrapper = wrapped()
        errors.logged(record(wrapper))
        assert wrapper.__cause__ is not None
        errors.failed(wrapper.__cause__)
        assert kept(errors) == [("LookupError", 1)]

    def test_an_identity_that_is_used_again_is_another_error(self) -> None:
        errors = RecentErrors()
        for _ in range(100):
            errors.failed(raised())  # freed at once, so that the next one mostly has its identity
        assert kept(errors) == [("LookupError", 100)]

    def test_a_record_without_an_exception(self) -> None:
        errors = RecentErrors()
        errors.logged(record(None))
        (error,) = errors.latest()
        assert error.origin == ("jukebox", "radio.play:7")

    def test_neither_messages_nor_exceptions_are_kept(self) -> None:
        errors = RecentErrors()
        error = raised(lambda: LookupError("s3cret"))
        before = sys.getrefcount(error)
        errors.failed(error)
        errors.logged(record(None))
        assert sys.getrefcount(error) == before
        assert "s3cret" not in repr([(one.origin, one.count) for one in errors.latest()])
        assert "song" not in repr([one.origin for one in errors.latest()])

    def test_there_is_a_limit_and_the_oldest_goes_first(self) -> None:
        errors = RecentErrors()
        for number in range(MAX_ERRORS + 5):
            errors.failed(type(f"E{number}", (Exception,), {})())
            errors.failed(raised())
        assert len(errors.latest()) == MAX_ERRORS
        assert errors.latest()[0].origin[0] == "LookupError"
        assert not any(error.origin[0].endswith(".E0") for error in errors.latest())

    def test_a_child_forgets(self) -> None:
        errors = RecentErrors()
        errors.failed(raised())
        errors.forget()
        assert errors.latest() == []
