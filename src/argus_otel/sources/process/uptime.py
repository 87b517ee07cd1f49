"""Observed: the process's age. Noun: gauge. Read when somebody collects; safe, because nothing is hooked."""

from __future__ import annotations

from time import monotonic

from argus_otel.sources.patches import PatchSet
from argus_otel.telemetry import Telemetry

from .catalogue import UPTIME

# The launchers load this before anything of the bot's.
_loaded = monotonic()


def begin() -> None:
    """Have the process's age begin now: in a forked child."""
    global _loaded  # a process has one age
    _loaded = monotonic()


def read(telemetry: Telemetry, hooks: PatchSet) -> None:
    """Have the process's age read while the hooks are on."""
    telemetry.gauge(UPTIME, lambda: [({}, monotonic() - _loaded)] if hooks.on else [])
