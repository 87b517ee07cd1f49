"""A training loop of its own, in one of several ways. Run by the tests of control in a process of its own."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time

from argus_otel import training

WAYS = sys.argv[1].split(",")


def tell(**told):
    print(json.dumps(told), flush=True)


def idle():
    time.sleep(60)


if "ignores-sigterm" in WAYS:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)

with training.run("loop", model="Net", total_steps=100_000, group="tests") as run:
    child = 0
    if "forks" in WAYS:
        child = os.fork()
        if child == 0:
            idle()
            os._exit(0)
    elif "works" in WAYS:
        worker = multiprocessing.get_context("fork").Process(target=idle)
        worker.start()
        child = worker.pid
    elif "starts" in WAYS:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid
    inner = training.run("within", model="Net") if "nests" in WAYS else None
    for step in range(100_000):
        time.sleep(0.01)
        run.log(loss=1 / (step + 1), step=step)
        if step == 3:
            tell(id=run.id, child=child, inner=inner and inner.id)
            if "raises" in WAYS:
                raise ValueError("private")
            if "interrupts" in WAYS:
                raise KeyboardInterrupt
            if "exits" in WAYS:
                sys.exit(0)
            if "dies" in WAYS:
                os._exit(3)
            if "ends" in WAYS:
                break
        if "blind" not in WAYS and (run.should_stop if inner is None else inner.should_stop and run.should_stop):
            tell(stopped=step + 1)
            break
    if inner is not None:
        inner.end()
