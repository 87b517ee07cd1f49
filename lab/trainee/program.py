"""Trains until it is stopped, on two GPUs that are none."""

from __future__ import annotations

import itertools
import signal
import sys
import tempfile
import threading
from pathlib import Path

from lab.gpus.like_torch import Cuda, like_torch
from lab.gpus.stand_in import GIBIBYTE, gpus
from lab.trainee.attendant import ask, attended
from lab.trainee.lessons import Lessons, epochs, long

UUID = "GPU-8932f937-d72c-4106-c12f-20bd9faed9f{}"
PAUSE = 1.0
"""How long it rests after each round, in seconds."""


def main() -> None:
    """Train until SIGTERM."""
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    threads = [threading.Thread(target=loop, args=(stopped,)) for loop in (long, epochs)]
    with gpus() as machine, tempfile.TemporaryDirectory() as directory:
        for number, (utilization, used) in enumerate(((93, 6), (71, 5))):
            machine.add(UUID.format(number), utilization=utilization, used=used)
        sys.modules["torch"] = like_torch(Cuda(6 * GIBIBYTE, 5 * GIBIBYTE))
        for thread in threads:
            thread.start()
        lessons = Lessons(Path(directory))
        with attended(Path(directory)):
            for number in itertools.count():
                lessons.round(number)
                ask()
                if stopped.wait(PAUSE):
                    break
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main()
    sys.exit()
