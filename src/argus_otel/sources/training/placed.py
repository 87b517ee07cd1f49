"""The telemetry of the source, for a process of our own that records with it, such as the agent."""

from __future__ import annotations

from collections.abc import Callable

from argus_otel.telemetry import Telemetry

_placed: tuple[Telemetry, Callable[[], None]] | None = None


def bind(telemetry: Telemetry | None, activate: Callable[[], None]) -> None:
    """Record with it from now on; with ``None``, with nothing. For the source itself."""
    global _placed  # a process has one source of training runs
    _placed = None if telemetry is None else (telemetry, activate)


def activated() -> Telemetry:
    """Activate the source, and return what it records with. Where argus-otel is switched off, nobody reads that."""
    if _placed is None:
        return Telemetry()
    telemetry, activate = _placed
    activate()
    return telemetry
