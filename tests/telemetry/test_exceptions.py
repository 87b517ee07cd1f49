from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable

import pytest

from argus_otel.telemetry import ExceptionRedactor, Redactor, Telemetry

TYPED = "my secret plan"


class RejectedError(Exception):
    """Rejects a user's input and quotes it."""


@pytest.fixture
def exceptions() -> ExceptionRedactor:
    redact = Redactor()
    redact.add_secret("hunter2")
    exceptions = ExceptionRedactor(redact)
    exceptions.mark_private(lambda error: isinstance(error, RejectedError))
    return exceptions


def caught(action: Callable[[], object]) -> BaseException:
    try:
        action()
    except BaseException as error:  # noqa: BLE001 - whatever it is
        return error
    raise AssertionError("nothing was raised")


def convert() -> None:
    try:
        int(TYPED)
    except ValueError as error:
        raise RejectedError(f'Converting to "int" failed for "{TYPED}"') from error


def by_context() -> None:
    try:
        convert()
    except RejectedError:
        raise RuntimeError("no database") from None


def by_open_context() -> None:
    try:
        convert()
    except RejectedError:
        raise RuntimeError("no database")  # noqa: B904 - as bots do


def by_cause() -> None:
    try:
        convert()
    except RejectedError as error:
        raise RuntimeError("no database") from error


def quoting() -> None:
    try:
        convert()
    except RejectedError as error:
        raise RuntimeError(f"no database: {error}") from error


def quoting_in_a_repr() -> None:
    try:
        raise RejectedError(f'it\'s "{TYPED}"')  # noqa: TRY301 - as bots do
    except RejectedError as error:
        raise RuntimeError(f"no database: {[error]!r}") from error


def quoting_what_it_was_raised_from() -> None:
    try:
        convert()
    except RejectedError as error:
        raise RuntimeError(f"no database: {error.__cause__}") from error


def noting() -> None:
    try:
        convert()
    except RejectedError as error:
        failure = RuntimeError("no database")
        if sys.version_info >= (3, 11):
            error.add_note(f"the user wrote {TYPED}")
            failure.add_note(f"raised over {error}")
        raise failure from error


def by_syntax() -> None:
    try:
        compile(f'print("{TYPED}"', "<typed>", "exec")
    except SyntaxError as error:
        try:
            raise RejectedError(f"invalid: {error.text}") from error  # noqa: TRY301 - as bots do
        except RejectedError:
            raise RuntimeError("no database")  # noqa: B904 - as bots do


def deep() -> None:
    error: BaseException = caught(convert)
    for _ in range(50):
        outer = RuntimeError("no database")
        outer.__context__ = error
        error = outer
    raise error


SHAPES = [
    by_context,
    by_open_context,
    by_cause,
    quoting,
    quoting_in_a_repr,
    quoting_what_it_was_raised_from,
    noting,
    by_syntax,
    deep,
]


@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_private_exception_says_is_in_nothing_that_was_raised_over_it(
    exceptions: ExceptionRedactor, shape: Callable[[], None]
) -> None:
    error = caught(shape)
    assert exceptions.involves_private(error)
    if shape is not by_context:
        assert TYPED in "".join(traceback.format_exception(error))  # Python would show it
    message, stack = exceptions.describe(error)
    assert TYPED not in message + stack
    # The program's own words and the frames stay.
    assert message.startswith("no database")
    assert "RuntimeError: no database" in stack
    assert shape is deep or f"in {shape.__name__}" in stack


def test_the_classes_and_frames_of_private_exceptions_stay(exceptions: ExceptionRedactor) -> None:
    stack = exceptions.describe(caught(by_cause)).stacktrace
    lines = stack.splitlines()
    assert "ValueError" in lines
    assert f"{__name__}.RejectedError" in lines
    assert lines[-1] == "RuntimeError: no database"
    assert stack.count("Traceback (most recent call last):") == 3
    assert stack.count("The above exception was the direct cause of the following exception:") == 2
    assert stack.count("in convert") == 2
    # The order and words are Python's own, messages excepted.
    told = "".join(traceback.format_exception(caught(by_cause))).splitlines()
    assert [line for line in told if line.startswith("  File")] == [line for line in lines if line.startswith("  File")]


def test_a_private_exception_that_failed_by_itself_has_no_message(exceptions: ExceptionRedactor) -> None:
    message, stack = exceptions.describe(caught(convert))
    assert message == ""
    assert TYPED not in stack
    assert stack.splitlines()[-1] == f"{__name__}.RejectedError"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="there are no groups")
def test_a_private_exception_in_a_group_says_nothing_and_the_others_do(exceptions: ExceptionRedactor) -> None:
    group = ExceptionGroup("several", [caught(by_cause), KeyError("a song"), caught(convert)])  # noqa: F821
    message, stack = exceptions.describe(group)
    assert message == str(group)
    assert TYPED not in stack
    assert "KeyError: 'a song'" in stack
    assert "RuntimeError: no database" in stack
    assert sum(line.endswith(".RejectedError") for line in stack.splitlines()) == 2


def test_exceptions_that_lead_to_each_other_are_no_endless_chain(exceptions: ExceptionRedactor) -> None:
    first, second = RejectedError(TYPED), ValueError(TYPED)
    first.__context__, second.__context__ = second, first
    message, stack = exceptions.describe(second)
    assert TYPED not in message + stack


def test_an_empty_message_of_a_private_exception_hides_nothing_else(exceptions: ExceptionRedactor) -> None:
    error = RuntimeError("no database")
    error.__cause__ = RejectedError()
    assert exceptions.describe(error).message == "no database"


class WordlessError(RejectedError):
    def __str__(self) -> str:
        raise KeyError("no")


def test_a_private_exception_without_words_is_described_all_the_same(exceptions: ExceptionRedactor) -> None:
    error = RuntimeError("no database")
    error.__cause__ = WordlessError()
    assert exceptions.describe(error).message == "no database"
    assert "WordlessError" in exceptions.describe(error).stacktrace


def test_where_nothing_is_private_it_is_pythons_own_text_without_secrets(exceptions: ExceptionRedactor) -> None:
    def fail() -> None:
        try:
            int("hunter2")
        except ValueError as error:
            raise RuntimeError("with hunter2") from error

    error = caught(fail)
    message, stack = exceptions.describe(error)
    assert message == "with [redacted]"
    assert stack == "".join(traceback.format_exception(error)).replace("hunter2", "[redacted]")


def test_a_fault_of_ours_over_a_private_exception_is_warned_of_without_it(caplog: pytest.LogCaptureFixture) -> None:
    telemetry = Telemetry()
    telemetry.exceptions.mark_private(lambda error: isinstance(error, RejectedError))

    def hook(_: object) -> None:
        try:
            convert()
        except RejectedError:
            raise LookupError("a fault of ours")  # noqa: B904 - the fault of a hook that is called from a handler

    with caplog.at_level(logging.WARNING, "argus_otel"):
        telemetry.guard.shield("hook", hook, arguments=1)(None)
    assert "a fault of ours" in caplog.text
    assert TYPED not in caplog.text
