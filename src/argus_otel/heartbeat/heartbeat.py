"""Decides on a thread of its own when the monitor is called."""

from __future__ import annotations

import logging
import sys
import threading
from time import monotonic

from argus_otel.telemetry import State, Telemetry

from .placeholders import fill

PART = "heartbeat"

_LOOP_TIMEOUT = 5.0
"""How long an event loop may take to respond, in seconds: being slow is no outage."""

_log = logging.getLogger("argus_otel")


class Heartbeat:
    """Calls the URL while every event loop responds and every readiness check passes.

    It never reports an outage: a monitor notices that the calls have stopped, and would have to notice it anyway, since
    a process that is killed reports nothing. For the same reason it makes no call when the process ends.

    Parameters
    ----------
    url:
        May hold placeholders; see :func:`.placeholders.fill`. Secret: it is never shown.

    Attributes
    ----------
    interval:
        Seconds between two calls. They keep to a grid, so that a slow answer does not delay the next call.
    retry:
        Seconds until it looks again, after a call that was withheld or has failed.
    """

    interval = 60.0
    retry = 5.0

    def __init__(self, url: str, telemetry: Telemetry) -> None:
        self._url = url
        self._telemetry = telemetry
        self._stopping: threading.Event | None = None
        self._withheld = ""

    def start(self) -> None:
        """Start the thread; safe to repeat."""
        if self._stopping is None:
            self._report(State.OFF, "waits until every check is ready")
            stopping = self._stopping = threading.Event()
            threading.Thread(target=self._run, args=(stopping,), name="argus-otel heartbeat", daemon=True).start()

    def stop(self) -> None:
        """Make no more calls; safe to repeat."""
        if self._stopping is not None:
            self._stopping.set()
            self._stopping = None
            self._report(State.OFF, "uninstrumented")

    # -- on the thread

    def _run(self, stopping: threading.Event) -> None:
        beat = self._telemetry.guard.shield(PART, self._beat)
        due = monotonic()
        while not stopping.wait(max(0.0, due - monotonic())) and not sys.is_finalizing():
            if beat():
                late = monotonic() - due
                due += self.interval * (1 + late // self.interval)
            else:
                due = monotonic() + self.retry

    def _beat(self) -> bool:
        """Call the URL if the program works; return whether the monitor has heard of it."""
        health = self._telemetry.health
        obstacle = self._obstacle()
        if obstacle:
            if obstacle != self._withheld and not health.ending:
                self._report(State.OFF, f"withheld: {obstacle}")
            self._withheld = obstacle
            return False
        from .call import call  # with urllib, on this thread

        failure = call(fill(self._url, self._values()), self._telemetry.suppress_http_instrumentation)
        if failure:
            health.report(PART, State.FAILED, f"the URL in ARGUS_HEARTBEAT_URL cannot be called: {failure}")
            return False
        if self._withheld:
            _log.info("argus-otel: every check is ready, and the heartbeat goes on")
            self._withheld = ""
        self._report(State.OK, "the monitor has heard of the last call")
        return True

    def _obstacle(self) -> str:
        """Return why the program does not work, or an empty text if it does."""
        health = self._telemetry.health
        if health.ending:
            return "the process ends"
        checks = health.checks()
        if not checks:
            return "nothing that is observed runs"
        failed = [f"{check.name}: {check.detail}" for check in checks if not check.ready]
        if failed:
            return failed[0] if len(failed) == 1 else f"{failed[0]}, and {len(failed) - 1} more"
        return "" if health.alive(_LOOP_TIMEOUT) else f"an event loop has not responded for {_LOOP_TIMEOUT:g} s"

    def _values(self) -> dict[str, str]:
        health = self._telemetry.health
        ready = len(health.checks())
        return {"status": "up", "message": f"{ready} of {ready} checks ready", **health.facts()}

    def _report(self, state: State, detail: str) -> None:
        if detail.startswith("withheld"):
            _log.info("argus-otel: the heartbeat is %s", detail)
        self._telemetry.health.report(PART, state, detail)
