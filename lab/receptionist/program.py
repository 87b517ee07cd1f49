"""Serves rounds of visits until it is stopped."""

from __future__ import annotations

import logging
import signal
import sys
import threading

from lab.receptionist.ledger import Ledger
from lab.receptionist.visits import Visits

PAUSE = 1.0
"""How long it rests after each round, in seconds."""


def main() -> None:
    """Serve until SIGTERM."""
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    logging.getLogger("receptionist").warning("open")
    visits = Visits(Ledger())
    while not stopped.wait(PAUSE):
        visits.round()


if __name__ == "__main__":
    main()
    sys.exit()
