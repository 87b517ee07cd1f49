from __future__ import annotations

import logging

from argus_otel.testing import SourceContract, observe


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def log() -> object:
    logger = logging.getLogger("tests.contract")
    logger.setLevel(logging.INFO)
    kept = Kept()
    logger.addHandler(kept)
    try:
        logger.info("one")
        logger.error("two %s", "things")
        logger.debug("not this")
    finally:
        logger.removeHandler(kept)
    return kept.messages


class TestContract(SourceContract):
    source = "process"
    modules = ("logging",)

    def exercise(self) -> object:
        return log()


def test_what_is_logged_is_counted() -> None:
    with observe("process") as observed:
        log()
    counted = {
        (attributes["log.logger"], attributes["log.severity"]): number
        for attributes, number in observed.points()["log.records"]
        if attributes["log.logger"] == "tests.contract"
    }
    assert counted == {("tests.contract", "info"): 1, ("tests.contract", "error"): 1}
