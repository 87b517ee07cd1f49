"""Garbage collection and threads do not disturb what the process of an agent measures."""

from __future__ import annotations

import subprocess
import sys

# What the runs of 10,000 checks leave behind, four times over: each result takes the place of the one before it.
_RUNS = """
import gc, os, signal, sys
from argus_otel.sources.checks import agent_process

def run():
    results = {}
    full = []
    gc.callbacks.append(lambda phase, info: phase == "start" and info["generation"] == 2 and full.append(info))
    for interval in range(4):
        for check in range(10_000):
            results[check] = {"facts": [[check] for _ in range(10)], "attempts": [[check] for _ in range(10)]}
    print(len(full), sys.getswitchinterval(), flush=True)
    os.kill(os.getpid(), signal.SIGINT)

agent_process.start = run
gc.collect()
agent_process.main()
"""


def test_no_full_garbage_collection_comes_with_each_interval_and_threads_take_turns_quickly() -> None:
    ran = subprocess.run([sys.executable, "-c", _RUNS], capture_output=True, text=True, timeout=60, check=False)
    full, interval = ran.stdout.split()
    assert full == "0", ran.stderr
    assert float(interval) <= 0.001
