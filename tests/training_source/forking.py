"""A training whose process forks. Run by ``test_forks.py``, with the way of the fork as its argument."""

import multiprocessing
import os
import sys

from argus_otel import training

WAY = sys.argv[1]


def log(run: training.Run) -> None:
    """Log ten steps, validate, and save; then fail if that is asked for."""
    for step in range(10):
        run.log(loss=step, step=step)
    with run.validation():
        run.log(loss=1, phase="validation")
    run.artifact(__file__)
    print("child", run.id, flush=True)
    if WAY == "raises":
        raise ValueError("private")


def begin() -> None:
    """Log to a run of the child's own."""
    with training.run("inner", model="Net") as inner:
        log(inner)


def idle(_: object = None) -> None:
    """Do nothing of a training."""


with training.run("outer", model="Net") as run:
    print("parent", run.id, flush=True)
    run.log(loss=1, step=0)
    if WAY == "forks":
        child = os.fork()
        if child == 0:
            log(run)
            sys.exit(0)
        os.waitpid(child, 0)
    elif WAY == "pool":
        with multiprocessing.get_context("fork").Pool(2) as pool:
            pool.map(idle, range(4))
    else:
        target, given = (begin, ()) if WAY == "begins" else (log, (run,))
        worker = multiprocessing.get_context("fork").Process(target=target, args=given)
        worker.start()
        worker.join()
    run.log(loss=2, step=1)
run.log(loss=3, step=2)
