"""A training loop that writes which steps it has logged, and when. Run by the table of losses, in its own process.

Its arguments: how many steps, the seconds between two, a way, and how many steps a fork logs. The ways:

``names``
    Each step has a name that differs from that of the step before, so that it is a row of its own.
``forks``
    A child that is forked in the middle logs steps of its own to the same run, and the parent waits for it.
``works``
    Two workers of multiprocessing, which are forks too, do so.
"""

import multiprocessing
import os
import sys
import time
from multiprocessing.process import BaseProcess

from argus_otel import training

STEPS, PAUSE, WAY, OF_A_FORK = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3], int(sys.argv[4])


def train(run: training.Run, steps: range) -> None:
    for step in steps:
        run.log({f"loss{step % 500}" if WAY == "names" else "loss": 1 / (step + 1)}, step=step)
        os.write(1, f"{os.getpid()} {run.id} {step} {time.time()}\n".encode())
        if PAUSE:
            time.sleep(PAUSE)


with training.run("loop", model="Net") as run:
    train(run, range(STEPS // 2))
    workers: list[BaseProcess] = []
    if WAY == "forks":
        child = os.fork()
        if child == 0:
            train(run, range(OF_A_FORK))
            sys.exit(0)
        os.waitpid(child, 0)
    elif WAY == "works":
        forked = multiprocessing.get_context("fork")
        workers = [forked.Process(target=train, args=(run, range(OF_A_FORK))) for _ in range(2)]
        for each in workers:
            each.start()
    train(run, range(STEPS // 2, STEPS))
    for each in workers:
        each.join()
