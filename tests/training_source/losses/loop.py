"""A training loop that tells each step that it has logged, and when. Run by the table of losses, in its own process.

Its arguments: how many steps, the seconds between two, and a way: ``names`` logs each step under a name that differs
from that of the step before, so that it is a row of its own.
"""

import os
import sys
import time

from argus_otel import training

STEPS, PAUSE, WAY = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]

with training.run("loop", model="Net") as run:
    for step in range(STEPS):
        run.log({f"loss{step % 500}" if WAY == "names" else "loss": 1 / (step + 1)}, step=step)
        os.write(1, f"{step} {time.time()}\n".encode())
        if PAUSE:
            time.sleep(PAUSE)
