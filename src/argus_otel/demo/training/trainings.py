"""An ordinary training program: it fits lines to points, by a framework if one is installed, else by a loop of its own.

It reads what to train from its standard input, a line of JSON for each, and counts what it has done in the file that is
its first argument. Each step of a loop of its own is written to the file that is its second, with its time.

    python trainings.py ledger.json steps.txt < orders
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from argus_otel import training
from argus_otel.demo.training import fits

FEATURES, SAMPLES, BATCH = 4, 64, 16
PAUSE = 0.002
"""How long a step takes at least, in seconds."""
LOOP = "loop/Line"
"""The framework and the model of a loop of its own."""


# -- the ledger


class Book:
    """Counts what the program does."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._counts: dict[str, Counter[str]] = {}
        self.done = 0

    def count(self, subject: str, thing: str, number: int = 1) -> None:
        """Count a thing."""
        self._counts.setdefault(subject, Counter())[thing] += number

    def write(self) -> None:
        """Write it down, so that a reader finds all of it or what was there before."""
        text = json.dumps({"done": self.done, "counts": self._counts})
        new = self._path.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        new.replace(self._path)


# -- what is trained


def points(seed: int) -> list[tuple[list[float], float]]:
    """Return points near a line."""
    dice = random.Random(seed)  # noqa: S311 - repeatable on purpose
    line = [dice.uniform(-1, 1) for _ in range(FEATURES)]
    found: list[tuple[list[float], float]] = []
    for _ in range(SAMPLES):
        at = [dice.uniform(-1, 1) for _ in range(FEATURES)]
        found.append((at, sum(a * b for a, b in zip(at, line, strict=True)) + dice.gauss(0, 0.05)))
    return found


class Line:
    """A line, which is fitted by steps down the gradient."""

    def __init__(self, weights: Sequence[float] = (0.0,) * FEATURES) -> None:
        self.weights = list(weights)

    def step(self, batch: Sequence[tuple[list[float], float]], rate: float) -> float:
        """Train with a batch; return its loss before."""
        errors = [self._guess(at) - value for at, value in batch]
        for place in range(FEATURES):
            gradient = sum(2 * error * at[place] for error, (at, _) in zip(errors, batch, strict=True)) / len(batch)
            self.weights[place] -= rate * gradient
        return sum(error * error for error in errors) / len(batch)

    def loss(self, of: Sequence[tuple[list[float], float]]) -> float:
        """Return the loss of some points."""
        errors = [self._guess(at) - value for at, value in of]
        return sum(error * error for error in errors) / len(of)

    def _guess(self, at: Sequence[float]) -> float:
        return sum(a * b for a, b in zip(at, self.weights, strict=True))


def batches(of: Sequence[tuple[list[float], float]], number: int) -> Iterator[Sequence[tuple[list[float], float]]]:
    """Return so many batches of points, again and again."""
    for each in range(number):
        begin = each * BATCH % SAMPLES
        yield of[begin : begin + BATCH]


class Loop:
    """Trains by a loop of its own.

    Parameters
    ----------
    steps:
        The file of the steps.
    """

    def __init__(self, book: Book, steps: Path) -> None:
        self._book = book
        self._steps = steps.open("a", encoding="utf-8")

    def train(self, order: Mapping[str, Any]) -> None:
        """Train as an order says.

        Its keys: ``name``, ``steps``, ``rate``, ``seed``; ``group``; ``run``, and ``checkpoint``, a file to go on from
        where it is there; ``until_stopped``.
        """
        book, rate, wanted = self._book, order["rate"], order["steps"]
        checkpoint = Path(order["checkpoint"]) if "checkpoint" in order else None
        first, line = 0, Line()
        if checkpoint is not None and checkpoint.exists():
            kept = json.loads(checkpoint.read_text(encoding="utf-8"))
            first, line = kept["step"], Line(kept["weights"])
        data = points(order.get("seed", 1))
        outcome = "ok"
        with training.run(
            order["name"], model=line, total_steps=wanted, first_step=first, group=order.get("group", ""),
            run_id=order.get("run", ""), config={"rate": rate, "batch": BATCH},
        ) as run:  # fmt: skip
            for step, batch in enumerate(batches(data, wanted - first), first):
                loss = line.step(batch, rate)
                run.log(loss=loss, step=step)
                self._note(run.id, step, "train", loss)
                if step % 100 == 99:
                    self._validate(run, line, data, step)
                    if checkpoint is not None:
                        self._save(run, checkpoint, line, step + 1)
                time.sleep(PAUSE)
                if run.should_stop:
                    outcome = "stopped"
                    break
            if checkpoint is not None:
                run.artifact(checkpoint)
                book.count("artifacts", checkpoint.name)
        book.count("runs", f"{LOOP}: {outcome}")

    def _validate(self, run: training.Run, line: Line, data: Sequence[tuple[list[float], float]], step: int) -> None:
        with run.validation():
            loss = line.loss(data)
            run.log(loss=loss, phase="validation")
        self._book.count("validations", LOOP)
        self._note(run.id, step, "validation", loss)

    def _save(self, run: training.Run, path: Path, line: Line, step: int) -> None:
        with run.checkpoint(path):
            new = path.with_suffix(".new")
            new.write_text(json.dumps({"step": step, "weights": line.weights}), encoding="utf-8")
            new.replace(path)
        self._book.count("checkpoints", LOOP)

    def _note(self, run: str, step: int, phase: str, loss: float) -> None:
        if phase == "train":
            self._book.count("steps", LOOP)
        if loss != loss or loss in (float("inf"), float("-inf")):
            self._book.count("values that are not finite", f"loss, {'nan' if loss != loss else 'inf'}")
        self._book.count("logged values", f"loss, {phase}")
        self._steps.write(f"{run} {phase} {step} {time.time()}\n")
        self._steps.flush()


def fit(book: Book, framework: fits.Framework, order: Mapping[str, Any]) -> None:
    """Train by a framework."""
    kind, epochs = "/".join(framework.kind), order["steps"] // (SAMPLES // BATCH)
    framework.fit(points(order.get("seed", 1)), BATCH, epochs, order["rate"])
    book.count("runs", f"{kind}: ok")
    book.count("steps", kind, epochs * SAMPLES // BATCH)
    book.count("validations", kind, epochs)


def main() -> None:
    """Train what is ordered, until there are no more orders."""
    book = Book(Path(sys.argv[1]))
    loop = Loop(book, Path(sys.argv[2]))
    framework = fits.installed()
    ways: dict[str, Callable[[Mapping[str, Any]], None]] = {
        "loop": loop.train,
        "fit": loop.train if framework is None else partial(fit, book, framework),
    }
    book.write()
    for line in sys.stdin:
        order = json.loads(line)
        ways[order["way"]](order)
        book.done += 1
        book.write()


if __name__ == "__main__":
    main()
