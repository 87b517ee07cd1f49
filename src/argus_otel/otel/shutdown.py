"""The last export when the process ends, within a bound.

OpenTelemetry's own shutdown can hang for as long as an endpoint does, and would keep a process from ending.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType

from argus_otel.telemetry import Health, State

END = "end"
"""The last word of the name of the thread that begins the shutdown."""

_FIRST = 100
"""When the end of a worker of multiprocessing is ours to act on: before its own, which close what it works with."""


def _do_nothing() -> None:
    pass


class Ending:
    """Shuts all providers down at once when the process ends, so that none waits for another; once.

    Parameters
    ----------
    ending:
        (signal, shutdown) of each provider.
    timeout:
        How long the process waits for all of them together, in seconds.
    first:
        Called before them, to end work that is in progress.
    """

    def __init__(
        self,
        ending: Sequence[tuple[str, Callable[[], object]]],
        timeout: float,
        health: Health,
        first: Callable[[], object],
    ) -> None:
        self._names = [name for name, _ in ending]
        self._timeout = timeout
        self._health = health
        self._ended, begin = threading.Event(), threading.Event()
        self._begin = begin
        # Started now, since no thread can be started any more when the interpreter is ending. The first has one too: a
        # signal may have come while the main thread held a lock that it needs.
        self._first = _started(f"argus-otel {END}", self._ended, first)
        self._threads = [_started(f"argus-otel {name}", begin, shutdown) for name, shutdown in ending]

    def __call__(self) -> None:
        """End everything now, within the bound."""
        deadline = time.monotonic() + self._timeout
        self._ended.set()
        self._first.join(self._timeout / 5)
        self._begin.set()
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        late = [name for name, thread in zip(self._names, self._threads, strict=True) if thread.is_alive()]
        if late:
            waited = f"the last export did not end within {self._timeout:g} s (ARGUS_SHUTDOWN_TIMEOUT)"
            self._health.report("shutdown", State.FAILED, f"{waited}: the last {', '.join(late)} may be lost")

    def drop_in_child(self) -> None:
        """After a fork, in the child: end nothing there, which is the parent's. SIGTERM ends the child at once."""
        atexit.unregister(self)
        with suppress(ValueError):  # a thread that is not the main one, which cannot be after a fork
            if isinstance(handler := signal.getsignal(signal.SIGTERM), _Handler) and handler.end is self:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)


def end_with_the_process(
    ending: Sequence[tuple[str, Callable[[], object]]],
    timeout: float,
    health: Health,
    first: Callable[[], object] = _do_nothing,
) -> Ending:
    """Have each of ``ending`` called when the interpreter ends; return the :class:`Ending` that does it."""
    end = Ending(ending, timeout, health, first)
    atexit.register(end)
    _end_with_a_worker(end)
    return end


def _end_with_a_worker(end: Ending) -> None:
    """Have ``end`` called when a forked worker of :mod:`multiprocessing` ends: before Python 3.13, that is no exit."""
    multiprocessing = sys.modules.get("multiprocessing.util")
    if multiprocessing is None or os.getpid() == _PROCESS:
        return

    def end_once() -> None:
        atexit.unregister(end)
        end()

    multiprocessing.Finalize(None, end_once, exitpriority=_FIRST)


class _Handler:
    """Handles SIGTERM: ends everything, and then the process by that signal, as it would have ended."""

    def __init__(self, end: Callable[[], None]) -> None:
        self.end = end

    def __call__(self, number: int, _: FrameType | None) -> None:
        self.end()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


def end_on_sigterm(end: Callable[[], None]) -> None:
    """Have ``end`` called when SIGTERM ends the process, as it ends containers, unless the program handles SIGTERM.

    The process then ends by that signal, as it would have. A handler that the program sets later takes the place of
    this one, and one that is there already stays.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()  # no other may set one
    if in_main_thread and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _Handler(end))


def end_with_this_thread(end: Callable[[], object]) -> None:
    """In a child that was forked from a thread: end the process when that thread ends, as it does without us.

    Such a child has no main thread that could end the interpreter. It ends, with 0, when its last thread does, and
    threads of exporters never do: those of gRPC's core begin by themselves in every child.

    Parameters
    ----------
    end:
        Called before, for a last export.
    """
    if threading.current_thread() is not _MAIN:
        _local.last = _Last(end)


class _Last:
    """Dies with the thread that made it."""

    def __init__(self, end: Callable[[], object]) -> None:
        self._end = end
        self._process = os.getpid()

    def __del__(self) -> None:
        others = [thread for thread in threading.enumerate() if thread.ident != threading.get_ident()]
        if os.getpid() == self._process and all(thread.daemon for thread in others):
            self._end()
            os._exit(0)


_PROCESS = os.getpid()
_MAIN = threading.main_thread()
_local = threading.local()


def _started(name: str, begin: threading.Event, run: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=_wait, args=(begin, run), name=name, daemon=True)
    thread.start()
    return thread


def _wait(begin: threading.Event, shutdown: Callable[[], object]) -> None:
    begin.wait()
    shutdown()
