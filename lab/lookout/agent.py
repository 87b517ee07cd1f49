"""Runs the checks of ``ARGUS_CHECKS_FILE``, and learns of their changes.

``argus-otel checks run`` does the same without the subscriber.
"""

from __future__ import annotations

import signal
import threading

from argus_otel import checks


@checks.on("status_changed")
def learn(change: checks.Change) -> None:
    """Print a change."""
    print(change.check, change.after.value, flush=True)


if __name__ == "__main__":
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    checks.start()
    ended.wait()
    checks.stop()
