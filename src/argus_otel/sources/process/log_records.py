"""Observed: every record that a logger lets through. Noun: counter; where logs are exported, the record is passed on.

``Logger.callHandlers`` runs once for each of them, and has one signature in every version of Python. A handler on the
root logger would see them too, but with one there ``logging.basicConfig()`` does nothing, and warnings of a bot without
logging set up are no longer printed. Safe, because the original gets the same arguments afterwards, and what our body
itself logs is counted but not passed on.
"""

from __future__ import annotations

import logging

from argus_otel.sources.patches import Function, Patch, PatchSet
from argus_otel.telemetry import OTHER, Telemetry

from .catalogue import LOG_RECORDS

HOOK = "log records"

_NAMES: dict[int, str] = {
    logging.CRITICAL: "critical",
    logging.ERROR: "error",
    logging.WARNING: "warning",
    logging.INFO: "info",
    logging.DEBUG: "debug",
}


def patches(telemetry: Telemetry, hooks: PatchSet) -> list[Patch]:
    """Return the hook on what loggers let through."""
    counts = telemetry.counter(LOG_RECORDS)
    logged = telemetry.logged

    def take(logger: logging.Logger, record: logging.LogRecord) -> None:
        if hooks.on:
            level = record.levelno
            counts[record.name, _NAMES.get(level) or _severity(level)].value += 1
            if logged.sink is not None:
                logged.pass_on(logger, record)

    taken = telemetry.guard.shield(HOOK, take, arguments=2)

    def make(original: Function) -> Function:
        def callHandlers(self: logging.Logger, record: logging.LogRecord) -> None:  # noqa: N802 - the original's name
            taken(self, record)
            original(self, record)

        return callHandlers

    return [Patch(HOOK, "logging", "Logger.callHandlers", make, package="logging")]


def _severity(level: int) -> str:
    return next((name for known, name in _NAMES.items() if level >= known), OTHER)
