"""The process source: puts its hooks together and controls them."""

from __future__ import annotations

from argus_otel.settings import Settings
from argus_otel.sources.patches import PatchSet
from argus_otel.sources.spec import Activate, Source
from argus_otel.telemetry import State, Telemetry

from . import garbage, log_records, uptime, usage
from .loops import Loops
from .settings import ProcessSettings
from .watchdog import Watchdog

WATCHDOG = "watchdog"


class ProcessSource(Source):
    """Observes the log records, event loops and resources of the process. Other sources register the loops."""

    def __init__(self, telemetry: Telemetry, settings: Settings, activate: Activate) -> None:
        super().__init__(telemetry, settings, activate)
        loop_blocked_after = settings[ProcessSettings].loop_blocked_after
        self._telemetry = telemetry
        self._hooks = PatchSet(telemetry)
        self._patches = log_records.patches(telemetry, self._hooks)
        self._loops = Loops(telemetry)
        self._watchdog: Watchdog | None = None
        if loop_blocked_after > 0:
            self._watchdog = Watchdog(telemetry, loop_blocked_after, self._loops.watches)
        uptime.add_gauge(telemetry, self._hooks)
        usage.add_gauges(telemetry, self._hooks)
        garbage.add_gauges(telemetry, self._hooks)

    def install(self) -> None:
        """Install the hook on log records; safe to repeat."""
        self._hooks.on = True
        self._hooks.apply(self._patches)

    def start(self) -> None:
        """Start to observe event loops; safe to repeat."""
        self._loops.install()
        if self._watchdog is None:
            self._telemetry.health.report(WATCHDOG, State.OFF, "ARGUS_PROCESS_LOOP_BLOCKED_AFTER is 0")
        else:
            self._watchdog.start()
            self._telemetry.health.report(WATCHDOG, State.OK)

    def end(self) -> None:
        """Stop the watchdog: the process ends, and its loops are blocked while it waits for exports."""
        if self._watchdog is not None:
            self._watchdog.stop()

    def drop_in_child(self) -> None:
        """After a fork, in the child: forget the parent's loops, and the watchdog's thread, which is not there."""
        self.end()
        self._hooks.on = False
        self._loops.forget()
        uptime.restart()

    def uninstall(self) -> None:
        """Stop observing; safe to repeat."""
        self._hooks.revert()
        self._loops.uninstall()
        if self._watchdog is not None:
            self._watchdog.stop()
            self._telemetry.health.report(WATCHDOG, State.OFF, "uninstrumented")
