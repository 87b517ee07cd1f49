from __future__ import annotations

import logging
import sys

import pytest

from argus_otel.telemetry import LogPipeline, Telemetry


class Sunk:
    """The records that the sink received."""

    def __init__(self, telemetry: Telemetry) -> None:
        self.records: list[logging.LogRecord] = []
        self.pipeline = pipeline = telemetry.log_pipeline
        self.mark_private = telemetry.exceptions.mark_private
        pipeline.sink = lambda _, record: self.records.append(record)

    def log(self, name: str, level: int, message: object, *args: object, error: BaseException | None = None) -> None:
        exc_info = (type(error), error, error.__traceback__) if error is not None else None
        logger = logging.getLogger(name)
        record = logger.makeRecord(name, level, __file__, 1, message, args, exc_info)  # type: ignore[arg-type]
        self.pipeline.forward(logger, record)


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


@pytest.fixture
def pipeline(telemetry: Telemetry) -> LogPipeline:
    return telemetry.log_pipeline


@pytest.fixture
def sunk(telemetry: Telemetry) -> Sunk:
    return Sunk(telemetry)


def raised(error: BaseException, cause: BaseException | None = None, context: BaseException | None = None):
    error.__cause__, error.__context__ = cause, context
    return error


def test_without_a_sink_nothing_happens(pipeline: LogPipeline) -> None:
    logger = logging.getLogger("bot")
    pipeline.forward(logger, logger.makeRecord("bot", 20, "", 1, "%s", (1,), None))


def test_a_message_is_formatted_and_has_no_arguments_left(sunk: Sunk) -> None:
    sunk.log("bot", 20, "%s and %d", "one", 2)
    (record,) = sunk.records
    assert (record.msg, record.args, record.getMessage()) == ("one and 2", None, "one and 2")


def test_a_per_cent_sign_that_was_an_argument_is_none_of_a_format(sunk: Sunk) -> None:
    sunk.log("bot", 20, "%s", "100 %d")
    assert sunk.records[0].getMessage() == "100 %d"


class Unprintable:
    def __str__(self) -> str:
        raise KeyError("no")


@pytest.mark.parametrize(("message", "args"), [("%d", ("x",)), ("%s %s", ("x",)), ("%s", (Unprintable(),))])
def test_a_message_that_cannot_be_formatted_is_left_out(sunk: Sunk, message: str, args: tuple[object, ...]) -> None:
    sunk.log("bot", 20, message, *args)
    sunk.log("bot", 20, "next")
    assert [record.msg for record in sunk.records] == ["next"]


@pytest.mark.parametrize(
    ("name", "level", "through"),
    [
        ("discord", 10, False),
        ("discord.gateway", 19, False),
        ("discord.gateway", 20, True),
        ("discord", 30, True),
        ("discordant", 10, True),
        ("bot.discord", 10, True),
        ("root", 10, True),
    ],
)
def test_a_record_below_the_minimum_of_its_logger_is_dropped(sunk: Sunk, name: str, level: int, through: bool) -> None:
    sunk.pipeline.drop_below("discord", logging.INFO)
    sunk.log(name, level, "payload")
    assert bool(sunk.records) is through


class RejectedError(Exception):
    pass


def test_a_private_exception_leaves_its_class_only(sunk: Sunk) -> None:
    sunk.mark_private(lambda error: isinstance(error, RejectedError))
    for _ in range(2):
        sunk.log("bot", 40, "failed", error=RejectedError("no such member: my secret"))
    sunk.log("bot", 40, "failed", error=ValueError("database"))
    first, _, last = sunk.records
    assert first.exc_info == (RejectedError, None, None)
    assert last.exc_info is not None
    assert str(last.exc_info[1]) == "database"


@pytest.mark.parametrize("how", ["cause", "context", "group", "deep"])
def test_an_exception_that_a_private_one_led_to_is_private_too(sunk: Sunk, how: str) -> None:
    sunk.mark_private(lambda error: isinstance(error, RejectedError))
    rejection = RejectedError("my secret")
    if how == "cause":
        error = raised(RuntimeError(), cause=rejection)
    elif how == "context":
        error = raised(RuntimeError(), context=rejection)
    elif how == "deep":
        error = rejection
        for _ in range(50):
            error = raised(RuntimeError(), context=error)
    elif sys.version_info >= (3, 11):
        error = ExceptionGroup("several", [ValueError(), raised(ValueError(), cause=rejection)])  # noqa: F821
    else:
        pytest.skip("there are no groups")
    sunk.log("bot", 40, "failed", error=error)
    assert sunk.records[0].exc_info == (type(error), None, None)


def test_exceptions_that_lead_to_each_other_are_no_endless_chain(sunk: Sunk) -> None:
    sunk.mark_private(lambda error: isinstance(error, RejectedError))
    one, two = RuntimeError("one"), RuntimeError("two")
    one.__context__, two.__context__ = two, one
    sunk.log("bot", 40, "failed", error=one)
    assert sunk.records[0].exc_info is not None
    assert sunk.records[0].exc_info[1] is one
