"""Trains until it is stopped."""

from __future__ import annotations

import itertools
import signal
import sys
import tempfile
import threading
from pathlib import Path

from lab.trainee.lessons import Lessons, long

PAUSE = 1.0
"""How long it rests after each round, in seconds."""


def main() -> None:
    """Train until SIGTERM."""
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    thread = threading.Thread(target=long, args=(stopped,))
    thread.start()
    with tempfile.TemporaryDirectory() as directory:
        lessons = Lessons(Path(directory))
        for number in itertools.count():
            lessons.round(number)
            if stopped.wait(PAUSE):
                break
    thread.join()


if __name__ == "__main__":
    main()
    sys.exit()
