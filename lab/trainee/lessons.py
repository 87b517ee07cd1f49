"""Loops that train: a long one that never ends, one by epochs, and short ones that end in each way."""

from __future__ import annotations

import contextlib
import math
import os
import random
import threading
from pathlib import Path

from argus_otel import training
from argus_otel.sources.training import api
from argus_otel.sources.training.control import files
from argus_otel.sources.training.control.directory import ControlDirectory
from argus_otel.sources.training.frameworks.fit import Fit
from argus_otel.sources.training.recorder import Recorder

PAUSE = 0.01
"""How long a step takes, in seconds."""

LONG = 1_000_000
"""How many steps the long run is to have."""

_TRIED = 200


def recorder() -> Recorder:
    """Return what records the runs of this process."""
    found = api._recorder  # noqa: SLF001 - what frameworks say is said by nobody else here
    assert found is not None, "this program has to be observed"
    return found


def long(stopped: threading.Event) -> None:
    """Train until it is stopped, with a validation and a checkpoint now and then."""
    dice = random.Random(17)  # noqa: S311 - repeatable on purpose
    with training.run("long", model="Ridge", total_steps=LONG, config={"lr": 0.1}) as run:
        for step in range(LONG):
            if stopped.wait(PAUSE):
                break
            loss = 0.2 + math.exp(-step / 4000)
            run.log(loss=loss * dice.uniform(0.8, 1.2), lr=0.1, step=step)
            if step % 50 == 49:
                with run.validation():
                    stopped.wait(2 * PAUSE)
                    run.log(loss=1.1 * loss, phase="validation")
                with run.checkpoint("long.bin"):
                    stopped.wait(PAUSE)


def epochs(stopped: threading.Event) -> None:
    """Train again and again until it is stopped, and say what frameworks say: each run lasts for several scrapes."""
    while not stopped.is_set():
        fit = Fit(recorder())
        run = fit.begin("keras", "Ridge", name="epochs", total_steps=12, total_epochs=3)
        for epoch in range(3):
            fit.epoch_began(epoch)
            for batch in range(8):
                stopped.wait(15 * PAUSE)
                run.batch_began()
                run.batch_ended(batch % 2)
                run.kind.count_samples(32, "train")
                run.kind.count_tokens(512, "train")
            fit.log({"loss": 1 / (epoch + 1)}, "train")
            fit.validation_began()
            run.kind.batches("validation").value += 1
            fit.validation_ended()
            fit.epoch_ended()
        run.kind.skipped.value += 1
        fit.end(None)


class Lessons:
    """Short runs, of a sweep over one parameter.

    Parameters
    ----------
    directory:
        Where it writes its artifact.
    """

    def __init__(self, directory: Path) -> None:
        self._file = directory / "model.bin"
        self._file.write_bytes(b"weights")
        self._dice = random.Random(18)  # noqa: S311 - repeatable on purpose

    def round(self, number: int) -> None:
        """Train once in each way."""
        rate = round(10 ** self._dice.uniform(-3, 0), 4)
        self._whole(rate, group=f"sweep-{number // 6}", bad=number % 3 == 1)
        if number % 3 == 0:
            self._resumed()
            self._stopped()
            self._guarded()
            self._fails(ValueError("private"))
            self._fails(KeyboardInterrupt())

    def _whole(self, rate: float, group: str, *, bad: bool) -> None:
        with training.run("tried", model="Ridge", total_steps=_TRIED, config={"lr": rate}, group=group) as run:
            for step in range(_TRIED):
                if step % 10 == 0:
                    threading.Event().wait(PAUSE / 2)
                loss = (math.exp(-step * rate / 10) + rate / 4) * self._dice.uniform(0.9, 1.1)
                run.log(loss=math.nan if step == 20 and bad else loss, accuracy=1 - loss / 2, step=step)
            with run.validation():
                run.log(loss=math.exp(-_TRIED * rate / 10) + rate / 3, phase="validation")
            run.artifact(self._file)

    def _resumed(self) -> None:
        with training.run("resumed", model="Ridge", total_steps=20) as run:
            for step in range(10):
                run.log(loss=1 / (step + 1), step=step)
        with training.run("resumed", model="Ridge", first_step=8, total_steps=20, run_id=run.id) as again:
            for step in range(8, 20):
                again.log(loss=1 / (step + 1), step=step)

    def _stopped(self) -> None:
        """Ask the run to stop by its file, as `argus-otel training stop` does."""
        control = ControlDirectory(Path(os.environ["ARGUS_CONTROL"]))
        with training.run("stopped", model="Ridge", total_steps=100) as run:
            command = {"id": run.id, "kind": "stop", "attempt": 1, "asked_by": "the lab"}
            files.write(control.file(run.id, "command"), command)
            for _ in range(100):
                run.log(loss=1.0)
                threading.Event().wait(PAUSE * 2)
                if run.should_stop:
                    break

    def _guarded(self) -> None:
        with training.run("guarded", model="Ridge", total_steps=100) as run:
            for step in range(100):
                run.log(loss=1.0 if step < 30 else 1e6)
            recorder().active[-1].stop_asked = "guard"

    def _fails(self, error: BaseException) -> None:
        with contextlib.suppress(ValueError, KeyboardInterrupt), training.run("fails", model="Ridge") as run:
            run.log(loss=math.inf)
            raise error
