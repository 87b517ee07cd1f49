"""The last export when the process ends, within a bound.

OpenTelemetry's own shutdown can hang for as long as an endpoint does, and would keep a bot from ending.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable, Sequence

from argus_otel.telemetry import Health, State


def end_with_the_process(ending: Sequence[tuple[str, Callable[[], object]]], timeout: float, health: Health) -> None:
    """Have each of ``ending`` called when the interpreter ends, all at once, so that none waits for another.

    Parameters
    ----------
    ending:
        (signal, shutdown) of each provider.
    timeout:
        How long the process waits for all of them together, in seconds.
    """
    begin = threading.Event()
    threads: list[threading.Thread] = []
    for signal, shutdown in ending:
        # Started now, since no thread can be started any more when the interpreter is ending.
        thread = threading.Thread(target=_wait, args=(begin, shutdown), name=f"argus-otel {signal}", daemon=True)
        thread.start()
        threads.append(thread)

    def end() -> None:
        begin.set()
        deadline = time.monotonic() + timeout
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        late = [signal for (signal, _), thread in zip(ending, threads, strict=True) if thread.is_alive()]
        if late:
            waited = f"the last export did not end within {timeout:g} s (ARGUS_SHUTDOWN_TIMEOUT)"
            health.report("shutdown", State.FAILED, f"{waited}: the last {', '.join(late)} may be lost")

    atexit.register(end)


def _wait(begin: threading.Event, shutdown: Callable[[], object]) -> None:
    begin.wait()
    shutdown()
