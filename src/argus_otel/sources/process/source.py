"""The process source: its files, put together."""

from __future__ import annotations

from argus_otel.settings import Settings
from argus_otel.sources.patches import PatchSet
from argus_otel.sources.spec import Activate, Source
from argus_otel.telemetry import State, Telemetry

from . import log_records, uptime
from .loops import Loops
from .settings import ProcessSettings
from .watchdog import Watchdog

WATCHDOG = "watchdog"


class ProcessSource(Source):
    """Observes the logs, event loops and age of the process. Loops are those that other sources find."""

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
        uptime.read(telemetry, self._hooks)

    def install(self) -> None:
        """Place the hook on log records; safe to repeat."""
        self._hooks.on = True
        self._hooks.apply(self._patches)

    def start(self) -> None:
        """Begin to watch event loops; safe to repeat."""
        self._loops.install()
        if self._watchdog is None:
            self._telemetry.health.report(WATCHDOG, State.OFF, "ARGUS_PROCESS_LOOP_BLOCKED_AFTER is 0")
        else:
            self._watchdog.start()
            self._telemetry.health.report(WATCHDOG, State.OK)

    def end(self) -> None:
        """Blame no event loop any more: the process ends, and its loops stand still while that waits for exports."""
        if self._watchdog is not None:
            self._watchdog.stop()

    def drop_in_child(self) -> None:
        """After a fork, in the child: the loops are the parent's, and the watchdog's thread is not here."""
        self.end()
        self._hooks.on = False
        self._loops.forget()
        uptime.begin()

    def uninstall(self) -> None:
        """Observe no more; safe to repeat."""
        self._hooks.revert()
        self._loops.uninstall()
        if self._watchdog is not None:
            self._watchdog.stop()
            self._telemetry.health.report(WATCHDOG, State.OFF, "uninstrumented")
