"""Runs the checks of ``ARGUS_CHECKS_FILE``, and learns of their changes.

``argus-otel checks run`` does the same without the subscriber.
"""

from __future__ import annotations

import signal
import sys
import time

from argus_otel import checks


@checks.on("status_changed")
def learn(change: checks.Change) -> None:
    """Print a change."""
    print(change.check, change.after.value, flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    checks.start()
    try:
        while True:  # not one long wait: a signal that another thread takes would not end it
            time.sleep(1.0)
    finally:
        checks.stop()
