"""A loop of the program's own says what it does by :mod:`argus_otel.training`."""

from __future__ import annotations

import hashlib
import math
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import context

from argus_otel import training
from argus_otel.sources.training import catalogue as c
from argus_otel.testing import Observation


def value(observed: Observation, metric_name: str, /, **attributes: object) -> float | None:
    """Return the value of the one point of a metric that has these attributes, named without their prefix."""
    wanted = {f"argus.training.{name}": given for name, given in attributes.items()}
    found = [number for has, number in observed.points().get(metric_name, ()) if wanted.items() <= has.items()]
    assert len(found) <= 1
    return found[0] if found else None


def rows(observed: Observation, event: str) -> list[dict[str, Any]]:
    return [dict(attributes) for name, attributes, _ in observed.rows if name == event]


def points(observed: Observation) -> Iterable[tuple[str, str, int, float]]:
    """Return what history has of logged values: phase, name, step, value."""
    for row in rows(observed, "training.points"):
        names = row["argus.training.names"].split(",")
        steps = [int(step) for step in row["argus.training.step"].split(",")]
        values = [float(text) for text in row["argus.training.values"].split(",")]
        assert len(values) == len(names) * len(steps)
        assert len(row["argus.training.offsets"].split(",")) == len(steps)
        for place, number in enumerate(values):
            yield row["argus.training.phase"], names[place % len(names)], steps[place // len(names)], number


def test_steps_and_values_are_counted_once(observed: Observation) -> None:
    with training.run("baseline", model="Net", total_steps=10) as run:
        for step in range(10):
            run.log({"loss": 1.0 / (step + 1)}, step=step, lr=0.1)
        assert value(observed, "training.run.active", framework="loop", model="Net") == 1
        assert value(observed, "training.progress") == 1
    assert value(observed, "training.run.active") == 0
    assert value(observed, "training.steps") == value(observed, "training.batches", phase="train") == 10
    assert value(observed, "training.step.duration") == 9
    assert value(observed, "training.step.first") == 1
    assert value(observed, "training.value", metric="loss", phase="train") == 0.1
    assert value(observed, "training.runs", outcome="ok") == 1
    assert list(points(observed)) == [
        ("train", name, step, number)
        for step in range(10)
        for name, number in (("loss", 1.0 / (step + 1)), ("lr", 0.1))
    ]


def test_a_loop_that_logs_each_tenth_step_has_had_them_all(observed: Observation) -> None:
    with training.run(total_steps=100) as run:
        for step in range(9, 100, 10):
            run.log(loss=1, step=step)
    assert value(observed, "training.steps") == 100


def test_a_run_that_goes_on_counts_only_its_own_steps(observed: Observation) -> None:
    with training.run(first_step=1000, total_steps=1100) as run:
        for step in range(1000, 1050):
            run.log(loss=1, step=step)
        assert value(observed, "training.progress") == pytest.approx(1050 / 1100)
    assert value(observed, "training.steps") == 50
    assert rows(observed, "training.run.end")[0]["argus.training.step"] == 1050


def test_without_a_step_each_call_is_the_next_one(observed: Observation) -> None:
    with training.run() as run:
        for _ in range(3):
            run.log(loss=1)
        run.log(accuracy=0.5, phase="validation")
    assert [(phase, step) for phase, _, step, _ in points(observed)] == [
        ("train", 0),
        ("train", 1),
        ("train", 2),
        ("validation", 2),
    ]


def test_a_step_that_goes_back_is_kept_and_not_counted(observed: Observation) -> None:
    with training.run() as run:
        for step in (0, 1, 2, 1, 2, 3):
            run.log(loss=step, step=step)
    assert value(observed, "training.steps") == 4
    assert [step for _, _, step, _ in points(observed)] == [0, 1, 2, 1, 2, 3]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_kept_as_it_is(observed: Observation, number: float) -> None:
    kind = "nan" if math.isnan(number) else "inf"
    with training.run() as run:
        run.log(loss=1.0)
        run.log(loss=number)
        run.log(loss=number)
    (last,) = observed.telemetry.points(c.VALUE)  # the SDK leaves it out, and our readers do not
    assert last[1] == pytest.approx(number, nan_ok=True)
    assert value(observed, "training.values.nonfinite", metric="loss", nonfinite=kind) == 2
    kept = [found for _, _, _, found in points(observed)]
    assert kept[0] == 1.0
    assert kept[1:] == pytest.approx([number, number], nan_ok=True)
    (told,) = [attributes for name, attributes in observed.events if name == "training.nonfinite"]
    assert (told["argus.training.metric"], told["argus.training.nonfinite"]) == ("loss", kind)


def test_a_validation_is_no_part_of_a_step(observed: Observation) -> None:
    clock = observed.handle.source
    assert clock is not None
    with training.run() as run:
        run.log(loss=1)
        with run.validation():
            run.log(accuracy=1, phase="validation")
        run.log(loss=1)
    assert value(observed, "training.validation.duration") == 1
    (validated,) = rows(observed, "training.validation")
    assert validated["argus.training.step"] == 1
    names = [span.name for span in observed.spans()]
    assert sorted(names) == [f"training {Path(__import__('sys').argv[0]).stem}", "validation"]


def test_a_checkpoint_and_an_artifact_are_told_by_path_and_size(observed: Observation, tmp_path: Path) -> None:
    file = tmp_path / "last.ckpt"
    with training.run() as run:
        with run.checkpoint(file):
            file.write_bytes(b"weights")
        run.artifact(file)
    by_block, by_artifact = rows(observed, "training.checkpoint")
    assert by_block["argus.training.size"] == by_artifact["argus.training.size"] == 7
    assert by_block["argus.training.path"] == by_artifact["argus.training.path"] == str(file)
    assert by_artifact["argus.training.sha256"] == hashlib.sha256(b"weights").hexdigest()
    assert value(observed, "training.checkpoint.duration") == 1


@pytest.mark.parametrize(
    ("error", "outcome", "error_type"),
    [
        (ValueError("secret"), "error", "ValueError"),
        (KeyboardInterrupt(), "interrupted", None),
        (SystemExit(0), "ok", None),
        (SystemExit(3), "error", "SystemExit"),
    ],
)
def test_how_it_ends(observed: Observation, error: BaseException, outcome: str, error_type: str | None) -> None:
    def train() -> None:
        with training.run("fails") as run:
            run.log(loss=1)
            raise error

    with pytest.raises(type(error)):
        train()
    assert value(observed, "training.runs", outcome=outcome) == 1
    (ended,) = rows(observed, "training.run.end")
    assert ended["argus.training.outcome"] == outcome
    assert ended.get("error.type") == error_type
    assert "secret" not in repr(observed.rows) + repr([span.attributes for span in observed.spans()])


def test_a_run_leaves_nothing_in_the_context_of_the_program(observed: Observation, tmp_path: Path) -> None:
    before = context.get_current()
    with training.run("first") as run:
        run.log(loss=1)
        with run.validation():
            run.log(loss=1, phase="validation")
        with run.checkpoint(tmp_path / "model"):
            pass
    assert context.get_current() == before
    with training.run("second"):
        pass
    first, second = (each for each in observed.spans() if each.name.startswith("training "))
    assert first.parent is second.parent is None
    assert {each.parent.span_id for each in observed.spans() if each.parent} == {first.context.span_id}


def test_a_run_within_a_run_has_it_as_its_parent(observed: Observation) -> None:
    with training.run("sweep", model="Search") as sweep, training.run("trial", model="Net") as trial:
        trial.log(loss=1)
    started = {row["argus.training.run.name"]: row for row in rows(observed, "training.run.start")}
    assert started["trial"]["argus.training.run.parent"] == sweep.id
    assert "argus.training.run.parent" not in started["sweep"]
    spans = {span.name: span for span in observed.spans()}
    parent = spans["training trial"].parent
    assert parent is not None
    assert parent.span_id == spans["training sweep"].context.span_id


def test_what_is_wrong_is_warned_of_once(observed: Observation, caplog: pytest.LogCaptureFixture) -> None:
    with training.run() as run:
        for _ in range(3):
            run.log(loss="high", accuracy=[1, 2])
            run.log(loss=1, phase="training")
    told = [record.getMessage() for record in caplog.records if record.name == "argus_otel"]
    assert len(told) == 3
    assert any("the phase is one of train, validation, test, not 'training'" in line for line in told)
    assert list(points(observed)) == []


def test_many_values_of_one_step_are_all_kept(observed: Observation) -> None:
    given = {f"layer_{number}/gradient_norm_of_the_weights": number / 3 for number in range(100)}
    with training.run() as run:
        run.log(given, step=0)
    assert {name: number for _, name, _, number in points(observed)} == given


def test_where_nothing_is_observed_nothing_happens() -> None:
    with training.run("alone") as run:
        run.log(loss=1)
        with run.validation(), run.checkpoint("nowhere"):
            pass
        assert run.id == ""
        assert not run.should_stop


def test_it_has_a_name_in_the_package_too_which_is_imported_when_it_is_asked_for() -> None:
    program = (
        "import sys, argus_otel; assert 'argus_otel.training' not in sys.modules; "
        "from argus_otel import training, training_run; assert training_run is training.run"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
