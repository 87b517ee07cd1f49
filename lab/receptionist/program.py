"""Serves rounds of visits until it is stopped."""

from __future__ import annotations

import itertools
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
    for number in itertools.count():
        if stopped.wait(PAUSE):
            break
        visits.round(crowded=number % 3 == 0)


if __name__ == "__main__":
    main()
    sys.exit()
