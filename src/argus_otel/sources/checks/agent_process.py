"""A process that does nothing but run the checks of ``ARGUS_CHECKS_FILE``: ``argus-otel checks run`` starts it.

It is observed as any other program is: ``argus-otel run -m argus_otel.sources.checks.agent_process``.
"""

from __future__ import annotations

import gc
import signal
import sys
import time

from .api import decide_readiness, reload, start, stop

SWITCH_INTERVAL = 0.0005
"""After how many seconds a thread that renders metrics lets the loop run, which measures durations.

With Python's default of 5 ms, a scrape of 10,000 checks makes durations longer by up to 80 ms.
"""

FULL_COLLECTIONS = 200
"""After how many lesser garbage collections Python may make a full one, instead of after 10.

A full one looks at all that is known of every check, and holds the loop meanwhile: with 10,000 checks for 0.1 s or
more, in each of their intervals. What a run leaves behind is freed without it.
"""


def _reload(number: int, frame: object) -> None:  # noqa: ARG001 - a handler of signals
    reload()


def main() -> None:
    """Run the checks until a signal ends the process."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    gc.set_threshold(*gc.get_threshold()[:2], FULL_COLLECTIONS)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, _reload)
    decide_readiness()
    start()
    try:
        while True:  # not one long wait: a signal that another thread takes would not end it
            time.sleep(1.0)
    except KeyboardInterrupt:
        stop()


if __name__ == "__main__":
    main()
