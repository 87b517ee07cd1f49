"""What an agent tells of itself: metrics, a section of ``/status``, its readiness."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from argus_otel.sources.training import catalogue as c
from argus_otel.telemetry import Check, State, Telemetry

from .commands import Kind, Result

if TYPE_CHECKING:
    from argus_otel.telemetry.gauges import Reading

    from .judging import Why

_PART = "training agent"
_KINDS = frozenset(each.value for each in Kind)


class AgentHealth:
    """Counts what an agent does, and knows how it is.

    Parameters
    ----------
    patience:
        For how many seconds the agent may be without the store until it is not ready.
    """

    def __init__(self, telemetry: Telemetry, name: str, recipes: tuple[str, ...], patience: float) -> None:
        self._telemetry = telemetry
        self._name = name
        self._recipes = recipes
        self._patience = patience
        self._commands = telemetry.counter(c.AGENT_COMMANDS)
        self._counts = dict.fromkeys((each.value for each in Result if each.final), 0)
        self._polled_at: float | None = None
        self._polled: float | None = None
        self.store_error = ""
        self.journal_error = ""
        self.control_error = ""
        self.running = 0
        telemetry.gauge(c.AGENT_POLL_TIME, self._reading)
        telemetry.health.add_section(_PART, self._section)
        telemetry.health.add_readiness(lambda: [self._readiness()])

    def counted(self, kind: str, result: Result, why: Why | None = None) -> None:
        """Count a command."""
        known = kind if kind in _KINDS else "unknown"
        self._commands[known, result.value, why.value if why else None].value += 1
        self._counts[result.value] += 1

    def polled(self) -> None:
        """Note that the store has answered."""
        self._polled_at, self._polled = time.time(), time.monotonic()
        self.store_error = ""
        self._report()

    def failed(self, *, store: str = "", journal: str = "", control: str = "") -> None:
        """Note what does not work."""
        self.store_error = store or self.store_error
        self.journal_error = journal
        self.control_error = control
        self._report()

    def _report(self) -> None:
        wrong = "; ".join(filter(None, (self.store_error, self.journal_error, self.control_error)))
        state = State.DEGRADED if wrong else State.OK
        self._telemetry.health.report(_PART, state, self._telemetry.redact(wrong))

    def _readiness(self) -> Check:
        ready = self._polled is not None and time.monotonic() - self._polled < self._patience
        return Check(_PART, ready, "" if ready else self.store_error or "the store has not answered yet")

    def _reading(self) -> Reading:
        if self._polled_at is not None:
            yield {}, self._polled_at

    def _section(self) -> object:
        return {
            "agent": self._name,
            "last_poll": self._polled_at,
            "commands": dict(self._counts),
            "runs": self.running,
            "recipes": list(self._recipes),
            "store_error": self._telemetry.redact(self.store_error),
            "journal_error": self.journal_error,
            "control_error": self.control_error,
        }
