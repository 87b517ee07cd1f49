"""Observed: the uptime of the process. Signal: a gauge. Safe, because nothing is hooked: it is read at collection."""

from __future__ import annotations

from time import monotonic

from argus_otel.sources.patches import PatchSet
from argus_otel.telemetry import Telemetry

from .catalogue import UPTIME

# The launchers import this module before the program.
_started = monotonic()


def restart() -> None:
    """Count the uptime from now on, in a forked child."""
    global _started  # a process has one uptime
    _started = monotonic()


def add_gauge(telemetry: Telemetry, hooks: PatchSet) -> None:
    """Report the uptime while the hooks are on."""
    telemetry.gauge(UPTIME, lambda: [({}, monotonic() - _started)] if hooks.on else [])
