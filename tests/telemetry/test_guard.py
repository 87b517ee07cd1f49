from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time
import weakref
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import pytest

from argus_otel.telemetry import ExceptionRedactor, Guard, PartError, Redactor, message_of


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("this exception has no words")


@pytest.fixture
def counted() -> Counter[str]:
    return Counter()


@pytest.fixture
def redact() -> Redactor:
    redact = Redactor()
    redact.add_secret("hunter2")
    return redact


@pytest.fixture
def guard(counted: Counter[str], redact: Redactor) -> Guard:
    return Guard(lambda hook: counted.update([hook]), redact, ExceptionRedactor(redact).stacktrace)


def fail(error: BaseException) -> None:
    raise error


def test_a_shielded_body_returns_what_it_returns(guard: Guard) -> None:
    assert guard.shield("hook", lambda a, b: a + b)(1, 2) == 3


@pytest.mark.parametrize("arguments", [1, 2, 3])
def test_a_shield_for_so_many_arguments_is_like_any_other(guard: Guard, counted: Counter[str], arguments: int) -> None:
    given = tuple(range(arguments))
    assert guard.shield("hook", lambda *args: args, arguments=arguments)(*given) == given
    assert guard.shield("hook", lambda *_: fail(ValueError("no")), arguments=arguments)(*given) is None
    assert counted == {"hook": 1}
    assert guard.faults == {"hook": "ValueError: no"}


def test_arguments_of_the_observed_program_may_be_too_many(guard: Guard, counted: Counter[str]) -> None:
    assert guard.shield("hook", lambda one: one)(1, 2) is None  # type: ignore[call-arg]
    assert counted == {"hook": 1}


def test_a_body_that_raises_returns_none_and_is_counted(guard: Guard, counted: Counter[str]) -> None:
    shielded = guard.shield("hook", fail)
    assert [shielded(ValueError("no")) for _ in range(3)] == [None] * 3
    assert counted == {"hook": 3}


def test_each_hook_is_warned_of_exactly_once(guard: Guard, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for hook in ("one", "two"):
            for _ in range(3):
                guard.shield(hook, fail)(ValueError("no"))
    assert [(record.levelname, record.name) for record in caplog.records] == [("WARNING", "argus_otel")] * 2
    assert ["one" in caplog.messages[0], "two" in caplog.messages[1]] == [True, True]
    assert "Traceback" in caplog.messages[0]


def test_a_hook_that_fails_on_many_threads_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    def slowly(text: str) -> str:
        time.sleep(0.01)
        return text

    shielded = Guard(lambda _: None, slowly, ExceptionRedactor(slowly).stacktrace).shield("hook", fail)
    together = threading.Barrier(8)

    def run() -> None:
        together.wait()
        shielded(ValueError("no"))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(caplog.records) == 1


@pytest.mark.parametrize("error", [asyncio.CancelledError(), KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
def test_what_is_no_fault_passes_through(guard: Guard, counted: Counter[str], error: BaseException) -> None:
    with pytest.raises(type(error)):
        guard.shield("hook", fail)(error)
    assert not counted


def test_secrets_are_neither_logged_nor_kept(guard: Guard, caplog: pytest.LogCaptureFixture) -> None:
    guard.shield("hook", fail)(ValueError("password hunter2"))
    assert "hunter2" not in caplog.text
    assert guard.faults == {"hook": "ValueError: password [redacted]"}


def test_the_last_fault_of_each_hook_is_kept(guard: Guard) -> None:
    for text in ("first", "second"):
        guard.shield("hook", fail)(ValueError(text))
    assert guard.faults == {"hook": "ValueError: second"}


def test_faults_are_handed_out_as_a_copy(guard: Guard) -> None:
    guard.faults["hook"] = "made up"
    assert guard.faults == {}


def test_a_fault_that_a_hook_caught_itself_is_noted_alike(guard: Guard, counted: Counter[str]) -> None:
    guard.record_fault("hook", ValueError("no"))
    assert counted == {"hook": 1}
    assert guard.faults == {"hook": "ValueError: no"}


def test_an_exception_without_words_does_not_come_out(guard: Guard, counted: Counter[str]) -> None:
    assert guard.shield("hook", fail)(UnspeakableError()) is None
    assert counted == {"hook": 1}
    assert guard.faults == {"hook": "UnspeakableError: <no message: its __str__ raised RuntimeError>"}


@pytest.fixture
def broken_logging() -> Iterator[None]:
    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError("the log is full")

    handler = Broken()
    logging.getLogger("argus_otel").addHandler(handler)
    yield
    logging.getLogger("argus_otel").removeHandler(handler)


@pytest.mark.usefixtures("broken_logging")
def test_a_logging_handler_that_raises_does_not_harm_the_bot(guard: Guard, counted: Counter[str]) -> None:
    assert guard.shield("hook", fail)(ValueError("no")) is None
    assert counted == {"hook": 1}


class Calls:
    """The arguments of an operation's ``begin`` and ``end``."""

    def __init__(self) -> None:
        self.begun: list[tuple[object, ...]] = []
        self.ended: list[tuple[object, BaseException | None]] = []

    def begin(self, *args: object) -> str | None:
        self.begun.append(args)
        return "operation"

    def end(self, operation: str, raised: BaseException | None) -> None:
        self.ended.append((operation, raised))


@pytest.fixture
def calls() -> Calls:
    return Calls()


async def original(*args: object, **kwargs: object) -> object:
    await asyncio.sleep(0)
    if args and isinstance(args[0], BaseException):
        raise args[0]
    return args, kwargs


def test_an_operation_goes_around_a_coroutine(guard: Guard, calls: Calls) -> None:
    wrapped = guard.around("hook", calls.begin, calls.end)(original)
    assert asyncio.run(wrapped(1, 2, name="x")) == ((1, 2), {"name": "x"})
    assert calls.begun == [(1, 2)]
    assert calls.ended == [("operation", None)]


def test_a_beginning_that_returns_none_lets_the_call_through(guard: Guard, calls: Calls) -> None:
    wrapped = guard.around("hook", lambda *_: None, calls.end)(original)
    assert asyncio.run(wrapped(1)) == ((1,), {})
    assert calls.ended == []


def test_a_beginning_that_raises_is_counted_and_lets_the_call_through(
    guard: Guard, calls: Calls, counted: Counter[str]
) -> None:
    wrapped = guard.around("hook", lambda *_: fail(ValueError("no")), calls.end)(original)
    assert asyncio.run(wrapped(1)) == ((1,), {})
    assert (calls.ended, counted) == ([], {"hook": 1})


@pytest.mark.parametrize(
    "error", [ValueError("the bot's own"), asyncio.CancelledError(), GeneratorExit(), MemoryError()]
)
def test_what_the_original_raises_is_seen_and_goes_on_its_way(
    guard: Guard, calls: Calls, counted: Counter[str], error: BaseException
) -> None:
    wrapped = guard.around("hook", calls.begin, calls.end)(original)
    coroutine = wrapped(error)
    coroutine.send(None)
    with pytest.raises(type(error)) as caught:
        coroutine.send(None)
    assert caught.value is error
    assert calls.ended == [("operation", error)]
    assert not counted


def test_an_end_that_raises_is_counted_and_changes_nothing(guard: Guard, calls: Calls, counted: Counter[str]) -> None:
    wrapped = guard.around("hook", calls.begin, lambda *_: fail(ValueError("no")))(original)
    assert asyncio.run(wrapped(1)) == ((1,), {})
    error = KeyError("the bot's own")
    with pytest.raises(KeyError) as caught:
        asyncio.run(wrapped(error))
    assert caught.value is error
    assert error.__context__ is None
    assert counted == {"hook": 2}


def test_a_coroutine_that_is_closed_ends_its_operation(guard: Guard, calls: Calls) -> None:
    coroutine = guard.around("hook", calls.begin, calls.end)(original)()
    coroutine.send(None)
    coroutine.close()
    ((operation, raised),) = calls.ended
    assert operation == "operation"
    assert isinstance(raised, GeneratorExit)


def test_an_operation_that_has_begun_ends_with_the_coroutine(guard: Guard, calls: Calls) -> None:
    run = guard.ending("hook", calls.end)
    assert asyncio.run(run("operation", original, 1, name="x")) == ((1,), {"name": "x"})
    error = KeyError("the bot's own")
    with pytest.raises(KeyError) as caught:
        asyncio.run(run("another", original, error))
    assert caught.value is error
    assert calls.ended == [("operation", None), ("another", error)]


def test_an_end_of_what_has_begun_before_that_raises_changes_nothing(guard: Guard, counted: Counter[str]) -> None:
    run = guard.ending("hook", lambda *_: fail(ValueError("no")))
    assert asyncio.run(run("operation", original, 1)) == ((1,), {})
    error = KeyError("the bot's own")
    with pytest.raises(KeyError) as caught:
        asyncio.run(run("operation", original, error))
    assert caught.value is error
    assert error.__context__ is None
    assert counted == {"hook": 2}


def test_an_exception_is_not_kept_alive(guard: Guard) -> None:
    kept: list[weakref.ref[BaseException]] = []

    class BotError(Exception):
        def __init__(self) -> None:
            kept.append(weakref.ref(self))

    async def broken() -> None:
        raise BotError

    async def run() -> None:
        with suppress(BotError):
            await guard.around("hook", lambda *_: "operation", lambda *_: None)(broken)()
        with suppress(BotError):
            await guard.ending("hook", lambda *_: None)("operation", broken)

    gc.disable()  # the collector would free its frames sooner or later
    try:
        asyncio.run(run())
        assert [reference() for reference in kept] == [None, None]
    finally:
        gc.enable()


def test_an_attempt_returns_what_it_returns(guard: Guard) -> None:
    assert guard.attempt(lambda: 3, pytest.fail) == 3


def test_an_attempt_that_fails_tells_the_reason(guard: Guard) -> None:
    reasons: list[str] = []
    assert guard.attempt(lambda: fail(OSError("no such thing")), reasons.append) is None
    guard.attempt(lambda: fail(PartError("install it: hunter2")), reasons.append)
    guard.attempt(lambda: fail(UnspeakableError()), reasons.append)
    assert reasons == [
        "OSError: no such thing",
        "install it: [redacted]",
        "UnspeakableError: <no message: its __str__ raised RuntimeError>",
    ]


def test_an_attempt_lets_the_end_of_the_program_through(guard: Guard) -> None:
    with pytest.raises(KeyboardInterrupt):
        guard.attempt(lambda: fail(KeyboardInterrupt()), pytest.fail)


def test_the_message_of_an_exception_is_its_text() -> None:
    assert message_of(ValueError("no")) == "no"
