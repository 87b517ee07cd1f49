"""A loop that logs a run by one package, and times each step: the process of :mod:`.variants`."""

from __future__ import annotations

import gc
import random
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter, perf_counter_ns, process_time

from benchmarks.checks.child import Answer, answer
from benchmarks.training.loggers import LOGGERS, Log

_WORK = 20_000
"""How often a step of the loop adds a number: about a third of a millisecond."""


class Loop:
    """A loop whose run has begun."""

    def __init__(self, name: str, directory: Path, url: str) -> None:
        dice = random.Random(1)
        self._values = [{"loss": dice.random(), "accuracy": dice.random(), "lr": dice.random()} for _ in range(1000)]
        self._step = 0
        self._begin = partial(LOGGERS[name], directory, url)
        self._log, self._end, self.took = self._started()

    def answer(self, question: Answer) -> Answer:
        """Do what is asked for."""
        if question["ask"] == "steps":
            return self._steps(self._log, question["most"], question["seconds"])
        if question["ask"] == "loop":
            return self._loop(self._log, question["steps"])
        began = perf_counter()
        self._end()
        ended = perf_counter() - began
        _, end, took = self._started()
        end()
        return {"end": ended, "start": took}

    def _started(self) -> tuple[Log, Callable[[], object], float]:
        """Start a run; return also how long that took, in seconds."""
        began = perf_counter()
        log, end = self._begin()
        return log, end, perf_counter() - began

    def _steps(self, log: Log, most: int, seconds: float) -> Answer:
        """Log steps one after the other; return the median and the 99th percentile, in µs."""
        times: list[int] = []
        until = perf_counter_ns() + int(seconds * 1e9)
        gc.collect()
        gc.disable()
        after = 0
        while len(times) < most and after < until:
            values = dict(self._values[self._step % 1000])
            step = self._step
            self._step += 1
            before = perf_counter_ns()
            log(values, step)
            after = perf_counter_ns()
            times.append(after - before)
        gc.enable()
        times.sort()
        return {"median": times[len(times) // 2] / 1e3, "p99": times[int(len(times) * 0.99)] / 1e3}

    def _loop(self, log: Log, steps: int) -> Answer:
        """Work at each step, and log it; return the time of a step, and the processor's of all threads, in µs."""
        began, used = perf_counter(), process_time()
        for _ in range(steps):
            sum(range(_WORK))
            log(dict(self._values[self._step % 1000]), self._step)
            self._step += 1
        return {"step": (perf_counter() - began) / steps * 1e6, "processor": (process_time() - used) / steps * 1e6}


def main() -> None:
    """Begin a run, and answer questions until the input ends."""
    name, directory, url = sys.argv[1:]
    loop = Loop(name, Path(directory), url)
    answer({"start": loop.took}, loop.answer)


if __name__ == "__main__":
    main()
