"""Observed: every record that a logger lets through. Signals: counters, and the record itself if logs are exported.

``Logger.callHandlers`` runs once for each record and has the same signature in every version of Python. A handler on
the root logger would observe the same records, but it would disable ``logging.basicConfig()``, and Python would no
longer print the warnings of a program that has not configured logging.

Safe, because the original is called with the same arguments afterwards. A record that the hook itself logs is counted
and not forwarded.
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
    """Return the patch of ``Logger.callHandlers``."""
    counts = telemetry.counter(LOG_RECORDS)
    pipeline, reports = telemetry.log_pipeline, telemetry.exception_reports

    def observe(logger: logging.Logger, record: logging.LogRecord) -> None:
        if hooks.on:
            level = record.levelno
            counts[record.name, _NAMES.get(level) or _severity(level)].value += 1
            if level >= logging.ERROR:
                reports.logged(record)
            if pipeline.sink is not None:
                pipeline.forward(logger, record)

    observed = telemetry.guard.shield(HOOK, observe, arguments=2)

    def make(original: Function) -> Function:
        def callHandlers(self: logging.Logger, record: logging.LogRecord) -> None:  # noqa: N802 - the original's name
            observed(self, record)
            original(self, record)

        return callHandlers

    return [Patch(HOOK, "logging", "Logger.callHandlers", make, package="logging")]


def _severity(level: int) -> str:
    return next((name for known, name in _NAMES.items() if level >= known), OTHER)
