from __future__ import annotations

import logging
from logging.handlers import BufferingHandler

from argus_otel.testing import SourceContract, observe


def log() -> object:
    logger = logging.getLogger("tests.contract")
    logger.setLevel(logging.INFO)
    kept = BufferingHandler(100)
    logger.addHandler(kept)
    try:
        logger.info("one")
        logger.error("two %s", "things")
        logger.debug("not this")
    finally:
        logger.removeHandler(kept)
    return [record.getMessage() for record in kept.buffer]


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
