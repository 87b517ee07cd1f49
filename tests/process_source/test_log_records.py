from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from logging.handlers import BufferingHandler

import pytest

from argus_otel.sources.process.catalogue import LOG_RECORDS
from argus_otel.sources.process.log_records import HOOK
from argus_otel.telemetry import State
from argus_otel.telemetry.catalogue import ATTRIBUTE_OVERFLOW, EXCEPTIONS, HOOK_ERRORS

from .conftest import Observe

_numbers = itertools.count()


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    logger = logging.getLogger(f"bot{next(_numbers)}")
    logger.setLevel(1)
    logger.propagate = False
    yield logger
    logger.handlers.clear()


def test_records_are_counted_by_logger_and_severity(observe: Observe, logger: logging.Logger) -> None:
    observed = observe()
    for level in (5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60):
        logger.log(level, "something")
    assert observed.values(LOG_RECORDS) == {
        (logger.name, "_OTHER"): 1,
        (logger.name, "debug"): 2,
        (logger.name, "info"): 2,
        (logger.name, "warning"): 2,
        (logger.name, "error"): 2,
        (logger.name, "critical"): 2,
    }
    assert observed.values(ATTRIBUTE_OVERFLOW) == {}


def test_what_a_logger_does_not_let_through_is_not_counted(observe: Observe, logger: logging.Logger) -> None:
    observed = observe()
    logger.setLevel(logging.WARNING)
    logger.info("too low")
    logger.addFilter(lambda record: "no" not in record.getMessage())
    logger.warning("no")
    logger.disabled = True
    logger.warning("yes")
    assert observed.values(LOG_RECORDS) == {}
    logger.disabled = False
    logger.warning("yes")
    assert observed.values(LOG_RECORDS) == {(logger.name, "warning"): 1}


def test_exceptions_count_that_are_logged_as_errors(observe: Observe, logger: logging.Logger) -> None:
    observed = observe()

    def fail(log: Callable[..., None]) -> None:
        try:
            int("one")
        except ValueError:
            log("failed", exc_info=True)

    for log in (logger.warning, logger.error, logger.critical):
        fail(log)
    logger.error("failed")
    ((fingerprint,),) = observed.values(EXCEPTIONS)
    assert str(fingerprint).startswith(f"ValueError in {__name__}.")
    assert list(observed.values(EXCEPTIONS).values()) == [2]


def test_a_record_counts_once_whoever_handles_it(observe: Observe, logger: logging.Logger) -> None:
    observed = observe()
    child = logger.getChild("music")
    for each in (logger, logger, child):
        each.addHandler(BufferingHandler(100))
    child.warning("once")
    assert observed.values(LOG_RECORDS) == {(child.name, "warning"): 1}


def test_loggers_beyond_the_limit_are_one(observe: Observe, logger: logging.Logger) -> None:
    observed = observe()
    for number in range(105):
        logger.getChild(str(number)).warning("here")
    values = observed.values(LOG_RECORDS)
    assert len(values) == 101
    assert values["_OTHER", "warning"] == 5
    assert observed.values(ATTRIBUTE_OVERFLOW) == {("log.logger",): 5}


def test_handlers_get_what_they_would_have_got(observe: Observe, logger: logging.Logger) -> None:
    kept = BufferingHandler(100)
    logger.addHandler(kept)
    observed = observe()
    observed.telemetry.log_pipeline.sink = lambda _, record: vars(record).clear()
    given = object()
    logger.warning("see %s", given, extra={"shard": 3})
    (record,) = kept.buffer
    assert record.args == (given,)
    assert record.getMessage() == f"see {given}"
    assert vars(record)["shard"] == 3


def test_what_a_sink_logs_is_counted_and_goes_no_further(observe: Observe, logger: logging.Logger) -> None:
    observed = observe()
    taken: list[str] = []

    def sink(_: logging.Logger, record: logging.LogRecord) -> None:
        taken.append(record.getMessage())
        logger.error("in the sink")

    observed.telemetry.log_pipeline.sink = sink
    logger.warning("one")
    logger.warning("two")
    assert taken == ["one", "two"]
    assert observed.values(LOG_RECORDS) == {(logger.name, "warning"): 2, (logger.name, "error"): 2}


def test_a_thread_logs_while_another_is_in_the_sink(observe: Observe, logger: logging.Logger) -> None:
    observed = observe()
    taken: list[str] = []

    def sink(_: logging.Logger, record: logging.LogRecord) -> None:
        taken.append(record.getMessage())
        if record.getMessage() == "one":
            thread = threading.Thread(target=logger.warning, args=("two",))
            thread.start()
            thread.join(5)

    observed.telemetry.log_pipeline.sink = sink
    logger.warning("one")
    assert taken == ["one", "two"]


def test_a_sink_that_fails_costs_the_bot_nothing(logger: logging.Logger) -> None:
    from .conftest import Observed

    kept = BufferingHandler(100)
    logger.addHandler(kept)
    observed = Observed(0.0)
    try:

        def sink(*_: object) -> None:
            raise RuntimeError("full")

        observed.telemetry.log_pipeline.sink = sink
        logger.warning("one")
        logger.warning("two")
        assert [record.getMessage() for record in kept.buffer] == ["one", "two"]
        assert observed.values(HOOK_ERRORS)[HOOK,] >= 2
        assert observed.telemetry.guard.faults == {HOOK: "RuntimeError: full"}
    finally:
        observed.source.uninstall()


def test_it_comes_out_again_and_goes_back_in(observe: Observe, logger: logging.Logger) -> None:
    original = logging.Logger.callHandlers
    observed = observe()
    assert logging.Logger.callHandlers is not original
    parts = observed.telemetry.health.parts("hook:")
    assert {name: part.state for name, part in parts.items()} == {
        "hook:log records logging.Logger.callHandlers": State.OK
    }
    observed.source.uninstall()
    assert logging.Logger.callHandlers is original
    logger.warning("unseen")
    observed.source.install()
    observed.source.start()
    observed.source.install()
    observed.source.start()
    logger.warning("seen")
    assert observed.values(LOG_RECORDS) == {(logger.name, "warning"): 1}


def test_it_is_silent_where_somebody_wrapped_it(observe: Observe, logger: logging.Logger) -> None:
    original = logging.Logger.callHandlers
    observed = observe()
    ours = logging.Logger.callHandlers
    kept = BufferingHandler(100)
    logger.addHandler(kept)
    try:
        logging.Logger.callHandlers = lambda self, record: ours(self, record)  # type: ignore[method-assign]
        observed.source.uninstall()
        logger.warning("handled")
    finally:
        logging.Logger.callHandlers = original  # type: ignore[method-assign]
    assert len(kept.buffer) == 1
    assert observed.values(LOG_RECORDS) == {}
