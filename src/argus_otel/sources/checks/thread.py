"""Checks inside a program: on a daemon thread with an event loop of its own, never the program's."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable

from argus_otel.telemetry import Check as HealthCheck
from argus_otel.telemetry import State, Telemetry

from . import supervisor as supervisors
from .file_watch import FileWatch
from .supervisor import Supervisor

PART = "checks"

_SLOW = 5.0
"""After how many seconds without an answer the thread's loop counts as stuck."""


class ChecksThread:
    """Runs a supervisor.

    Parameters
    ----------
    make:
        Makes the supervisor, on the thread.
    """

    def __init__(self, telemetry: Telemetry, make: Callable[[], Supervisor]) -> None:
        self.supervisor: Supervisor | None = None
        self._telemetry = telemetry
        self._make = make
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._thread: threading.Thread | None = None
        self._begun = threading.Event()

    def start(self) -> None:
        """Start the thread; safe to repeat."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._main, name="argus-otel checks", daemon=True)
            self._thread.start()

    def stop(self, timeout: float = 2.0) -> None:
        """End all runs, and the thread. Safe to repeat.

        Parameters
        ----------
        timeout:
            How long to wait for the thread, in seconds.
        """
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._begun.wait(timeout)
        loop = self._loop
        if loop is not None and self._task is not None and loop.is_running():
            loop.call_soon_threadsafe(self._task.cancel)
        thread.join(timeout)

    def call(self, function: Callable[[Supervisor], object]) -> None:
        """Call a function with the supervisor, on its loop, soon; not at all if it does not run. Any thread."""
        loop, supervisor = self._loop, self.supervisor
        if loop is not None and supervisor is not None and loop.is_running():
            loop.call_soon_threadsafe(function, supervisor)

    def forget(self) -> None:
        """After a fork, in the child: there is no thread here."""
        self._thread = self._loop = self._task = self.supervisor = None

    def alive(self, timeout: float) -> Iterable[HealthCheck]:
        """Return whether the thread's loop answers, for the liveness of the process."""
        loop = self._loop
        if self._thread is None or loop is None or not loop.is_running():
            return ()
        answered = threading.Event()
        loop.call_soon_threadsafe(answered.set)
        return (HealthCheck(PART, answered.wait(min(timeout, _SLOW)), "the event loop of the checks"),)

    def _main(self) -> None:
        self._telemetry.attempt(PART, lambda: asyncio.run(self._supervise()))

    async def _supervise(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._begun.set()
        self.supervisor = self._make()
        try:
            await self._run(self.supervisor)
        except asyncio.CancelledError:
            self._telemetry.health.report(PART, State.OFF, "stopped")
        except RuntimeError:
            if threading.main_thread().is_alive():
                raise
            # The program has ended, and its interpreter starts no thread any more.

    async def _run(self, supervisor: Supervisor) -> None:
        """Run the checks. If their file is wrong from the start, report that, and try again when it has changed."""
        from .file.problems import CheckFileError

        watch: FileWatch | None = None
        while True:
            if watch is None or watch.changed():
                self._telemetry.health.report(PART, State.OK)
                supervisor.start_error = ""
                watch = supervisor.watch()
                try:
                    await supervisor.run()
                except (OSError, CheckFileError) as error:
                    supervisor.start_error = str(error)
                    self._telemetry.health.report(PART, State.FAILED, str(error))
            await asyncio.sleep(supervisors.LOOK_EVERY)
