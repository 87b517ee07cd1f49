"""The last export when the process ends, within a bound.

OpenTelemetry's own shutdown can hang for as long as an endpoint does, and would keep a bot from ending.
"""

from __future__ import annotations

import atexit
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType

from argus_otel.telemetry import Health, State


def end_with_the_process(
    ending: Sequence[tuple[str, Callable[[], object]]], timeout: float, health: Health
) -> Callable[[], None]:
    """Have each of ``ending`` called when the interpreter ends, all at once, so that none waits for another.

    Returns what does so now; a second call does nothing.

    Parameters
    ----------
    ending:
        (signal, shutdown) of each provider.
    timeout:
        How long the process waits for all of them together, in seconds.
    """
    begin = threading.Event()
    threads: list[threading.Thread] = []
    for name, shutdown in ending:
        # Started now, since no thread can be started any more when the interpreter is ending.
        thread = threading.Thread(target=_wait, args=(begin, shutdown), name=f"argus-otel {name}", daemon=True)
        thread.start()
        threads.append(thread)

    def end() -> None:
        begin.set()
        deadline = time.monotonic() + timeout
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        late = [name for (name, _), thread in zip(ending, threads, strict=True) if thread.is_alive()]
        if late:
            waited = f"the last export did not end within {timeout:g} s (ARGUS_SHUTDOWN_TIMEOUT)"
            health.report("shutdown", State.FAILED, f"{waited}: the last {', '.join(late)} may be lost")

    atexit.register(end)
    return end


def end_on_sigterm(end: Callable[[], None]) -> None:
    """Have ``end`` called when the process is told to end by SIGTERM, as containers are, and nobody else handles that.

    The process then ends by that signal, as it would have. A handler that the program sets later takes the place of
    this one, and one that is there already stays.
    """

    def handle(number: int, _: FrameType | None) -> None:
        end()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    in_main_thread = threading.current_thread() is threading.main_thread()  # no other may set one
    if in_main_thread and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, handle)


def _wait(begin: threading.Event, shutdown: Callable[[], object]) -> None:
    begin.wait()
    shutdown()
