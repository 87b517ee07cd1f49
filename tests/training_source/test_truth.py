"""For each metric, span and event of training runs: the number that is true, which loops wrote down, and ours.

The loops are the program's own, and one that says what frameworks say of themselves: epochs, samples, tokens. What the
frameworks really do is tested with them, in ``tests/training_frameworks``.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from argus_otel import training
from argus_otel.sources.training import attributes as a
from argus_otel.sources.training import catalogue as c
from argus_otel.sources.training.catalogue import CATALOGUE
from argus_otel.sources.training.control import files
from argus_otel.sources.training.control.directory import ControlDirectory, host_name
from argus_otel.sources.training.frameworks.fit import Fit
from argus_otel.sources.training.guard import stalls
from argus_otel.telemetry import Event, Metric, Span
from argus_otel.testing import Observation, observe, until
from lab.gpus.like_torch import Cuda, like_torch
from lab.gpus.stand_in import GIBIBYTE, gpus

from ..attribute_types import catalogued_types, mistyped
from ..truths import DataPoints, Truths, data_points

if TYPE_CHECKING:
    from argus_otel.sources.training.source import TrainingSource

# Durations are compared.
pytestmark = pytest.mark.alone

STEPS, EVERY, PAUSE = 40, 10, 0.01
EPOCHS, BATCHES, SIZE, TOKENS = 3, 8, 4, 100
ACCUMULATED = 2
SKIPPED = 3

LOOP, NET = ("loop", "Net"), ("keras", "Net")
"""Framework and model of the loops."""

GPU, UTILIZATION, USED, LIMIT, HELD = "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6", 40, 3, 8, 2
"""The GPU that the first loop sees: its utilization in percent; its memory, in GiB, and what torch holds of it."""

STILL = 1.0
"""How long a loop may stand still, in seconds, where one does."""


@dataclass
class Ledger:
    """What the loops have done; durations in seconds, by the loops' own clock."""

    runs: Counter[tuple[str, str]] = field(default_factory=Counter)
    steps: Counter[tuple[str, str]] = field(default_factory=Counter)
    batches: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    values: list[tuple[str, str, str, int, float]] = field(default_factory=list)
    between: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    validations: list[float] = field(default_factory=list)
    checkpoints: list[float] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    trips: list[tuple[str, str, str, int]] = field(default_factory=list)
    still: list[tuple[str, int, float]] = field(default_factory=list)
    commands: Counter[tuple[str, str]] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)

    def last(self) -> dict[tuple[str, str], float]:
        """Return the last value of each name and phase."""
        return {(name, phase): value for _, phase, name, _, value in self.values}


@dataclass
class Evidence:
    """What the loops wrote down, and what was told of them.

    Attributes
    ----------
    middle, middle_at, remaining:
        The points while the first loop had done half of its steps, and when; how long it went on after that.
    """

    ledger: Ledger
    middle: dict[str, list[tuple[dict[str, Any], float]]]
    middle_at: float
    remaining: float
    points: DataPoints
    spans: tuple[ReadableSpan, ...]
    events: list[tuple[str, dict[str, Any]]]
    rows: list[tuple[str, dict[str, Any], float | None]]
    file: Path

    def ours(self, metric: Metric, *names: str) -> dict[Any, float]:
        """Return a counter, or the number of records of a histogram, by some attributes."""
        found: Counter[Any] = Counter()
        for attributes, point in self.points.get(metric.name, ()):
            value = point.count if hasattr(point, "count") else point.value
            found[tuple(attributes.get(name) for name in names)] += value
        return {key: value for key, value in found.items() if value}

    def sum(self, metric: Metric, framework: str) -> float:
        """Return what a histogram has added up, in seconds."""
        return sum(point.sum for has, point in self.points[metric.name] if has[a.FRAMEWORK.name] == framework)

    def half(self, metric: Metric) -> float:
        """Return the one point of a gauge while the first loop was half done."""
        [(attributes, value)] = self.middle[metric.name]
        assert attributes == {a.FRAMEWORK.name: "loop", a.MODEL.name: "Net"}
        return value

    def named(self, work: str) -> list[ReadableSpan]:
        """Return the spans of a kind of work."""
        return [each for each in self.spans if each.name.split(" ")[0] == work]

    def told(self, event: Event) -> list[dict[str, Any]]:
        """Return the attributes of events."""
        return [attributes for name, attributes in self.events if name == event.name]

    def kept(self, event: Event) -> list[dict[str, Any]]:
        """Return the attributes of rows of history."""
        return [attributes for name, attributes, _ in self.rows if name == event.name]


class Loops:
    """Trains, and writes down what it does."""

    def __init__(self, observed: Observation, directory: Path) -> None:
        self.ledger = Ledger()
        self.file = directory / "model.bin"
        self.file.write_bytes(b"weights")
        self.middle: dict[str, list[tuple[dict[str, Any], float]]] = {}
        self.middle_at = self.remaining = 0.0
        self._observed = observed
        self._control = directory / "control"
        self._project = observed.handle.source.settings.service_name if observed.handle.source else ""
        self._recorder = cast("TrainingSource", observed.handle.source).recorder

    def all(self) -> None:
        """Run all loops, one after the other."""
        self._killed()
        self._whole()
        self._ends_early()
        self._goes_on()
        self._epochs()
        self._asked()
        self._diverges()
        self._stands_still()
        self._commanded()

    def _note(self, run: training.Run, step: int, phase: str, **values: float) -> None:
        for name, value in values.items():
            self.ledger.values.append((run.id, phase, name, step, value))

    def _begin(self, run: training.Run) -> float:
        self.ledger.ids.append(run.id)
        return time.perf_counter()

    def _whole(self) -> None:
        ledger = self.ledger
        before = time.perf_counter()
        with training.run("whole", model="Net", total_steps=STEPS, config={"lr": 0.1}, group="sweep-7") as run:
            self._begin(run)
            for companion in self._recorder.companions._all:  # one of them opens what GPUs are read by
                companion.each_second(self._recorder.active)
            for step in range(STEPS):
                time.sleep(PAUSE)
                loss = math.nan if step == 5 else -math.inf if step in (6, 7) else 1 / (step + 1)
                run.log(loss=loss, lr=0.1, step=step)
                now = time.perf_counter()
                (ledger.between if step else ledger.first).append(now - before)
                before = now
                self._note(run, step, "train", loss=loss, lr=0.1)
                ledger.steps[LOOP] += 1
                ledger.batches[(*LOOP, "train")] += 1
                if step == 7:  # the third in a row
                    ledger.trips.append((run.id, "nonfinite", "loss", step + 1))
                if step == STEPS // 2:
                    self.middle_at, self.middle = time.time(), self._observed.points()
                    before = time.perf_counter()
                    half = before
                    time.sleep(0)
                if step % EVERY == EVERY - 1:
                    before += self._validate(run, step) + self._save(run)
            self.remaining = time.perf_counter() - half
            run.artifact(self.file)
        ledger.runs["ok", ""] += 1

    def _validate(self, run: training.Run, step: int) -> float:
        began = time.perf_counter()
        with run.validation():
            time.sleep(3 * PAUSE)
            run.log(loss=0.5, phase="validation")
        self._note(run, step, "validation", loss=0.5)
        self.ledger.validations.append(time.perf_counter() - began)
        return self.ledger.validations[-1]

    def _save(self, run: training.Run) -> float:
        began = time.perf_counter()
        with run.checkpoint(self.file):
            time.sleep(2 * PAUSE)
        self.ledger.checkpoints.append(time.perf_counter() - began)
        return self.ledger.checkpoints[-1]

    def _once(self, run: training.Run, began: float) -> None:
        """Train one step of a run that was begun at a moment: what it costs to begin it is a part of its first step."""
        self._begin(run)
        time.sleep(PAUSE)
        run.log(loss=1.0)
        self.ledger.first.append(time.perf_counter() - began)
        self._note(run, 0, "train", loss=1.0)
        self.ledger.steps[LOOP] += 1
        self.ledger.batches[(*LOOP, "train")] += 1

    def _ends_early(self) -> None:
        for error, outcome in ((ValueError("private"), "error"), (KeyboardInterrupt(), "interrupted")):
            before = time.perf_counter()
            with contextlib.suppress(ValueError, KeyboardInterrupt), training.run("early", model="Net") as run:
                self._once(run, before)
                self.ledger.runs[outcome, "ValueError" if outcome == "error" else ""] += 1
                raise error

    def _goes_on(self) -> None:
        with training.run("goes on", model="Net", first_step=STEPS, run_id=self.ledger.ids[0]) as run:
            self._begin(run)
            before = time.perf_counter()
            with training.run("within", model="Net") as inner:
                self._once(inner, before)
        self.ledger.runs["ok", ""] += 2

    def _epochs(self) -> None:
        """Say what frameworks say: epochs, batches that make no step, and how much was in a batch."""
        ledger, fit = self.ledger, Fit(self._recorder)
        run = fit.begin(
            "keras", "Net", name="epochs", total_steps=EPOCHS * BATCHES // ACCUMULATED, total_epochs=EPOCHS,
            facts={a.FRAMEWORK_VERSION.name: "3.15.1", a.PARAMETERS.name: 12},
        )  # fmt: skip
        ledger.ids.append(run.id)
        for epoch in range(EPOCHS):
            fit.epoch_began(epoch)
            for batch in range(BATCHES):
                began = time.perf_counter()
                time.sleep(PAUSE)
                run.batch_began()
                if epoch or batch:
                    ledger.waits.append(time.perf_counter() - began)
                steps = int(batch % ACCUMULATED == ACCUMULATED - 1)
                run.batch_ended(steps)
                ledger.steps[NET] += steps
                ledger.batches[(*NET, "train")] += 1
                run.kind.count_samples(SIZE, "train")
                run.kind.count_tokens(TOKENS, "train")
            fit.validation_began()
            run.kind.batches("validation").value += 1
            ledger.batches[(*NET, "validation")] += 1
            fit.validation_ended()
            fit.epoch_ended()
        run.kind.skipped.value += SKIPPED
        fit.end(None)
        ledger.runs["ok", ""] += 1

    def _killed(self) -> None:
        """Leave the file of a run whose process was killed: the first run of this one finds it."""
        self.ledger.lost.append("b8c5f3b2-6c2e-4d57-9d4f-7a0b3d1e5f60")
        killed = {"attempt": 2, "name": "killed", "group": "sweep-7", "framework": "loop", "model": "Net", "step": 7}
        said = {**killed, "id": self.ledger.lost[0], "progress_at": 1000.0}
        Path(self._control).mkdir(mode=0o700)
        place = ControlDirectory(self._control).file(self.ledger.lost[0], "json")
        files.write(place, {**said, "project": self._project, "host": host_name()})

    def _commanded(self) -> None:
        """Ask a run to stop by its file, as another process does."""
        ledger, control = self.ledger, ControlDirectory(self._control)
        for kind, result in (("run", "refused"), ("stop", "accepted")):
            before = time.perf_counter()
            with training.run("commanded", model="Net") as run:
                self._once(run, before)
                assert not run.should_stop
                command = {"id": kind, "kind": kind, "attempt": 1, "asked_by": "alice"}
                files.write(control.file(run.id, "command"), command)
                while not control.file(run.id, "ack").exists():
                    time.sleep(PAUSE)
                ledger.commands["stop" if kind == "stop" else "unknown", result] += 1
            ledger.runs["stopped" if kind == "stop" else "ok", ""] += 1

    def _asked(self) -> None:
        for by, outcome in (("command", "stopped"), ("guard", "guarded")):
            before = time.perf_counter()
            with training.run("asked", model="Net") as run:
                self._once(run, before)
                self._recorder.active[-1].stop_asked = by
                assert run.should_stop
            self.ledger.runs[outcome, ""] += 1

    def _diverges(self) -> None:
        with training.run("diverges", model="Net") as run:
            began = self._begin(run)
            for step in range(20):
                loss = 1.0 if step < 12 else 1e6
                run.log(loss=loss)
                now = time.perf_counter()
                (self.ledger.between if step else self.ledger.first).append(now - began)
                began = now
                self._note(run, step, "train", loss=loss)
                self.ledger.steps[LOOP] += 1
                self.ledger.batches[(*LOOP, "train")] += 1
            self.ledger.trips.append((run.id, "divergence", "loss", 12 + 5))
        self.ledger.runs["ok", ""] += 1

    def _stands_still(self) -> None:
        before = time.perf_counter()
        with pytest.MonkeyPatch.context() as patch, training.run("stands still", model="Net") as run:
            patch.setattr(stalls, "_LEAST", STILL)
            self._once(run, before)
            began = time.perf_counter()
            until(lambda: any(name == c.STALLED.name for name, _ in self._observed.events), timeout=60)
            self.ledger.still.append((run.id, 1, time.perf_counter() - began))
        self.ledger.runs["ok", ""] += 1


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evidence]:
    directory = tmp_path_factory.mktemp("loops")
    settings = {"training_control": str(directory / "control")}
    with (
        gpus() as machine,
        pytest.MonkeyPatch.context() as patch,
        observe("training", settings=settings) as observed,
    ):
        patch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        patch.setitem(sys.modules, "torch", like_torch(Cuda(HELD * GIBIBYTE)))
        machine.add(GPU, utilization=UTILIZATION, used=USED, total=LIMIT)
        loops = Loops(observed, directory)
        loops.all()
        points = data_points(observed)
        assert not observed.telemetry.guard.faults
        rows = [(name, dict(attributes), seconds) for name, attributes, seconds in observed.rows]
        yield Evidence(
            loops.ledger, loops.middle, loops.middle_at, loops.remaining, points, observed.spans(),
            list(observed.events), rows, loops.file,
        )  # fmt: skip


TRUTHS = Truths[Evidence](CATALOGUE)


def near(ours: float, true: float, times: int = 1) -> None:
    """Assert that a time is true up to 5 ms for each that it was added up of, or 5 %."""
    assert abs(ours - true) <= max(0.005 * times, 0.05 * true), (ours, true)


# -- runs


@TRUTHS.of(c.RUNS)
def _(evidence: Evidence) -> None:
    assert {
        (outcome, error or ""): value
        for (outcome, error), value in evidence.ours(c.RUNS, a.OUTCOME.name, a.ERROR_TYPE.name).items()
    } == evidence.ledger.runs


@TRUTHS.of(c.RUNS_ACTIVE)
def _(evidence: Evidence) -> None:
    assert evidence.half(c.RUNS_ACTIVE) == 1
    assert evidence.ours(c.RUNS_ACTIVE) == {}


@TRUTHS.of(c.EPOCH)
def _(evidence: Evidence) -> None:
    assert evidence.half(c.EPOCH) == 0


@TRUTHS.of(c.PROGRESS)
def _(evidence: Evidence) -> None:
    assert evidence.half(c.PROGRESS) == (STEPS // 2 + 1) / STEPS


@TRUTHS.of(c.TIME_REMAINING)
def _(evidence: Evidence) -> None:
    ours = evidence.half(c.TIME_REMAINING)
    assert abs(ours - evidence.remaining) < 0.25 * evidence.remaining


@TRUTHS.of(c.STEP_TIME)
def _(evidence: Evidence) -> None:
    near(evidence.half(c.STEP_TIME) - evidence.middle_at, 0)


# -- steps


@TRUTHS.of(c.STEPS)
def _(evidence: Evidence) -> None:
    assert evidence.ours(c.STEPS, a.FRAMEWORK.name, a.MODEL.name) == evidence.ledger.steps


@TRUTHS.of(c.STEPS_SKIPPED)
def _(evidence: Evidence) -> None:
    assert evidence.ours(c.STEPS_SKIPPED, a.FRAMEWORK.name, a.MODEL.name) == {NET: SKIPPED}


@TRUTHS.of(c.BATCHES)
def _(evidence: Evidence) -> None:
    assert evidence.ours(c.BATCHES, a.FRAMEWORK.name, a.MODEL.name, a.PHASE.name) == evidence.ledger.batches


@TRUTHS.of(c.SAMPLES, c.TOKENS)
def _(evidence: Evidence) -> None:
    names = (a.FRAMEWORK.name, a.MODEL.name, a.PHASE.name)
    assert evidence.ours(c.SAMPLES, *names) == {(*NET, "train"): EPOCHS * BATCHES * SIZE}
    assert evidence.ours(c.TOKENS, *names) == {(*NET, "train"): EPOCHS * BATCHES * TOKENS}


@TRUTHS.of(c.STEP_DURATION)
def _(evidence: Evidence) -> None:
    between = evidence.ledger.between
    assert evidence.ours(c.STEP_DURATION, a.FRAMEWORK.name)["loop",] == len(between)
    near(evidence.sum(c.STEP_DURATION, "loop"), sum(between), len(between))


@TRUTHS.of(c.STEP_FIRST)
def _(evidence: Evidence) -> None:
    first = evidence.ledger.first
    assert evidence.ours(c.STEP_FIRST, a.FRAMEWORK.name)["loop",] == len(first)
    near(evidence.sum(c.STEP_FIRST, "loop"), sum(first), len(first))


@TRUTHS.of(c.DATA_WAIT)
def _(evidence: Evidence) -> None:
    waits = evidence.ledger.waits
    assert evidence.ours(c.DATA_WAIT, a.FRAMEWORK.name) == {("keras",): len(waits)}
    near(evidence.sum(c.DATA_WAIT, "keras"), sum(waits), len(waits))


@TRUTHS.of(c.VALIDATION_DURATION)
def _(evidence: Evidence) -> None:
    validations = evidence.ledger.validations
    assert evidence.ours(c.VALIDATION_DURATION, a.FRAMEWORK.name) == {("loop",): len(validations), ("keras",): EPOCHS}
    near(evidence.sum(c.VALIDATION_DURATION, "loop"), sum(validations), len(validations))


@TRUTHS.of(c.CHECKPOINT_DURATION)
def _(evidence: Evidence) -> None:
    checkpoints = evidence.ledger.checkpoints
    assert evidence.ours(c.CHECKPOINT_DURATION, a.FRAMEWORK.name) == {("loop",): len(checkpoints)}
    near(evidence.sum(c.CHECKPOINT_DURATION, "loop"), sum(checkpoints), len(checkpoints))


# -- values


@TRUTHS.of(c.VALUE)
def _(evidence: Evidence) -> None:
    ours = {(has[a.METRIC.name], has[a.PHASE.name]): point.value for has, point in evidence.points[c.VALUE.name]}
    assert ours == evidence.ledger.last()


@TRUTHS.of(c.VALUES_NONFINITE)
def _(evidence: Evidence) -> None:
    true = Counter(
        (name, "nan" if math.isnan(value) else "inf")
        for _, _, name, _, value in evidence.ledger.values
        if not math.isfinite(value)
    )
    assert evidence.ours(c.VALUES_NONFINITE, a.METRIC.name, a.NONFINITE.name) == true


@TRUTHS.of(c.GUARD_TRIPS)
def _(evidence: Evidence) -> None:
    ledger = evidence.ledger
    assert evidence.ours(c.GUARD_TRIPS, a.RULE.name, a.ACTION.name) == {
        **{(rule, "warn"): 1 for _, rule, _, _ in ledger.trips},
        ("stall", "warn"): len(ledger.still),
    }


@TRUTHS.of(c.GUARDED)
def _(evidence: Evidence) -> None:
    names = (a.RUN.name, a.RULE.name, a.METRIC.name, a.STEP.name)
    assert [tuple(each[name] for name in names) for each in both(evidence, c.GUARDED)] == evidence.ledger.trips
    assert {each[a.PHASE.name] for each in evidence.told(c.GUARDED)} == {"train"}


@TRUTHS.of(c.STALLED)
def _(evidence: Evidence) -> None:
    [(run, steps, seconds)] = evidence.ledger.still
    [told] = both(evidence, c.STALLED)
    assert (told[a.RUN.name], told[a.STEP.name], told[a.RANK.name]) == (run, steps, 0)
    assert STILL <= told[a.STALLED.name] <= seconds + 0.05
    assert told[a.THREAD.name] == threading.current_thread().name
    assert "in _stands_still" in told[a.STACK.name]


# -- GPUs


@TRUTHS.of(
    c.GPU_UTILIZATION, c.GPU_MEMORY_USAGE, c.GPU_MEMORY_LIMIT, c.GPU_TEMPERATURE, c.GPU_POWER, c.GPU_MEMORY_RESERVED,
    c.GPU_MEMORY_ALLOCATED,
)  # fmt: skip
def _(evidence: Evidence) -> None:
    true = {
        c.GPU_UTILIZATION: UTILIZATION / 100,
        c.GPU_MEMORY_USAGE: USED * GIBIBYTE,
        c.GPU_MEMORY_LIMIT: LIMIT * GIBIBYTE,
        c.GPU_TEMPERATURE: 65,
        c.GPU_POWER: 250,
        c.GPU_MEMORY_RESERVED: HELD * GIBIBYTE,
        c.GPU_MEMORY_ALLOCATED: HELD * GIBIBYTE / 2,
    }
    for metric, value in true.items():
        [(has, ours)] = evidence.middle[metric.name]
        assert (has["hw.id"], ours) == (GPU, value), metric.name
        assert not evidence.points.get(metric.name)  # no run goes on


@TRUTHS.of(c.NOT_FINITE)
def _(evidence: Evidence) -> None:
    told = [
        (each[a.RUN.name], each[a.METRIC.name], each[a.STEP.name], each[a.NONFINITE.name])
        for each in evidence.told(c.NOT_FINITE)
    ]
    run, _, name, step, _ = next(each for each in evidence.ledger.values if math.isnan(each[-1]))
    assert told == [(run, name, step, "nan")]


@TRUTHS.of(c.POINTS_ROW)
def _(evidence: Evidence) -> None:
    ours: list[tuple[str, str, str, int, float]] = []
    for row in evidence.kept(c.POINTS_ROW):
        names = row[a.NAMES.name].split(",")
        steps = row[a.STEP.name].split(",")
        for place, text in enumerate(row[a.VALUES.name].split(",")):
            step = int(steps[place // len(names)])
            ours.append((row[a.RUN.name], row[a.PHASE.name], names[place % len(names)], step, float(text)))
    assert sorted(map(str, ours)) == sorted(map(str, evidence.ledger.values))  # as texts, since NaN equals nothing


# -- spans


@TRUTHS.of(c.RUN_SPAN)
def _(evidence: Evidence) -> None:
    spans = evidence.named("training")
    assert Counter(_of(each, a.RUN.name) for each in spans) == Counter(evidence.ledger.ids)
    failed = [each for each in spans if each.status.status_code is StatusCode.ERROR]
    assert [_of(each, a.ERROR_TYPE.name) for each in failed] == ["ValueError"]
    by_id = {each.context.span_id: each for each in spans}
    [within] = [each for each in spans if each.parent is not None]
    assert _of(within, a.PARENT.name) == _of(by_id[within.parent.span_id], a.RUN.name)


@TRUTHS.of(c.EPOCH_SPAN)
def _(evidence: Evidence) -> None:
    assert [(each.name, _of(each, a.STEP.name)) for each in evidence.named("epoch")] == [
        (f"epoch {epoch}", (epoch + 1) * BATCHES // ACCUMULATED) for epoch in range(EPOCHS)
    ]


@TRUTHS.of(c.VALIDATION_SPAN)
def _(evidence: Evidence) -> None:
    assert len(evidence.named("validation")) == len(evidence.ledger.validations) + EPOCHS


@TRUTHS.of(c.CHECKPOINT_SPAN)
def _(evidence: Evidence) -> None:
    assert len(evidence.named("checkpoint")) == len(evidence.ledger.checkpoints)


def _of(span: ReadableSpan, name: str) -> Any:
    return (span.attributes or {}).get(name)


# -- events, which are rows of history too


def both(evidence: Evidence, event: Event) -> list[dict[str, Any]]:
    """Return the attributes of events, which are those of the rows."""
    assert evidence.told(event) == evidence.kept(event)
    return evidence.told(event)


@TRUTHS.of(c.STARTED)
def _(evidence: Evidence) -> None:
    told = both(evidence, c.STARTED)
    assert [each[a.RUN.name] for each in told] == evidence.ledger.ids
    assert told[0][a.TOTAL_STEPS.name] == STEPS
    assert told[0][a.CONFIG.name] == '{"lr": 0.1}'


@TRUTHS.of(c.RESUMED)
def _(evidence: Evidence) -> None:
    assert [(each[a.RUN.name], each[a.STEP.name]) for each in both(evidence, c.RESUMED)] == [
        (evidence.ledger.ids[0], STEPS)
    ]


@TRUTHS.of(c.ENDED)
def _(evidence: Evidence) -> None:
    told = both(evidence, c.ENDED)
    assert Counter((each[a.OUTCOME.name], each.get(a.ERROR_TYPE.name, "")) for each in told) == evidence.ledger.runs
    assert Counter(each[a.RUN.name] for each in told) == Counter(evidence.ledger.ids)


@TRUTHS.of(c.EPOCH_ENDED)
def _(evidence: Evidence) -> None:
    assert [each[a.EPOCH.name] for each in both(evidence, c.EPOCH_ENDED)] == list(range(EPOCHS))


@TRUTHS.of(c.VALIDATED)
def _(evidence: Evidence) -> None:
    assert len(both(evidence, c.VALIDATED)) == len(evidence.ledger.validations) + EPOCHS


@TRUTHS.of(c.SAVED)
def _(evidence: Evidence) -> None:
    told = both(evidence, c.SAVED)
    assert {each[a.PATH.name] for each in told} == {str(evidence.file)}
    assert [each[a.DIGEST.name] for each in told if a.DIGEST.name in each] == [
        hashlib.sha256(evidence.file.read_bytes()).hexdigest()
    ]
    assert len(told) == len(evidence.ledger.checkpoints) + 1


# -- commands, and what is lost


@TRUTHS.of(c.COMMANDS)
def _(evidence: Evidence) -> None:
    assert evidence.ours(c.COMMANDS, a.COMMAND.name, a.RESULT.name) == evidence.ledger.commands


@TRUTHS.of(c.COMMANDED)
def _(evidence: Evidence) -> None:
    told = both(evidence, c.COMMANDED)
    assert Counter((each[a.COMMAND.name], each[a.RESULT.name]) for each in told) == evidence.ledger.commands
    assert {each[a.ASKED_BY.name] for each in told} == {"alice"}


@TRUTHS.of(c.LOST)
def _(evidence: Evidence) -> None:
    [told] = both(evidence, c.LOST)
    assert [told[a.RUN.name]] == evidence.ledger.lost
    assert (told[a.ATTEMPT.name], told[a.STEP.name], told[a.PROGRESS_AT.name]) == (2, 7, 1000.0)


OF_AGENTS = (c.AGENT_COMMANDS, c.AGENT_POLL_TIME)
"""What an agent tells, which needs a database: ``agent/test_attacks.py`` counts each command."""


def test_there_is_a_truth_for_everything() -> None:
    assert TRUTHS.unmatched() == {f"metric {each.name}" for each in OF_AGENTS}


@pytest.mark.parametrize("name", TRUTHS.all)
def test_it_is_true(evidence: Evidence, name: str) -> None:
    TRUTHS.all[name](evidence)


# -- attributes

NOT_SEEN = {c.RESUMED.name: {a.EPOCH.name, a.GROUP.name, a.PARENT.name}}
"""Attributes of what does not happen here."""


def test_metrics_and_events_have_the_attributes_of_the_catalogue_and_no_other(evidence: Evidence) -> None:
    for metric in (each for each in CATALOGUE.metrics if each not in OF_AGENTS):
        points = evidence.points.get(metric.name) or evidence.middle[metric.name]
        assert set().union(*(has for has, _ in points)) == {each.name for each in metric.attributes}, metric.name
    for event in CATALOGUE.events:
        seen: set[str] = set().union(*(evidence.told(event) or evidence.kept(event)))
        assert seen <= set(event.attributes), event.name
        assert set(event.attributes) - NOT_SEEN.get(event.name, set()) <= seen, event.name


def test_spans_have_the_attributes_of_the_catalogue_and_no_other(evidence: Evidence) -> None:
    for span in CATALOGUE.spans:
        seen = set().union(*(each.attributes or {} for each in evidence.named(_work(span))))
        assert seen == set(span.attributes), span.name


def _work(span: Span) -> str:
    return span.name.split(" ")[0]


def test_every_attribute_has_the_type_that_the_catalogue_says(evidence: Evidence) -> None:
    pairs: list[Mapping[str, Any]] = [has for points in evidence.points.values() for has, _ in points]
    pairs += [attributes for _, attributes in evidence.events]
    pairs += [dict(each.attributes or {}) for each in evidence.spans]
    assert mistyped(catalogued_types(CATALOGUE), pairs) == {}
