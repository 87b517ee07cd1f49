"""Trainings of transformers are runs, without a line of code: compared with what the program has counted itself."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.processes import free_port
from tests.otel.receivers import Received

from .programs import Program, ran, start


@pytest.fixture(scope="module", params=["torch", "torch-oldest"])
def fits(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    yield from ran(request.param, "transformers_trainings.py", tmp_path_factory.mktemp("fits"))


def test_steps_and_phases_are_counted_once(fits: Program) -> None:
    assert fits.value("training.steps", model="Usual", framework="transformers") == fits.told["Usual"] == 32
    assert fits.value("training.batches", model="Usual", phase="train") == 32
    assert fits.value("training.batches", model="Usual", phase="validation") == 2 * 4
    assert fits.value("training.samples", model="Usual", phase="train") == 2 * 62
    assert fits.value("training.step.duration", model="Usual") == 31
    assert fits.value("training.step.first", model="Usual") == 1
    assert fits.value("training.validation.duration", model="Usual") == 2
    assert fits.value("training.checkpoint.duration", model="Usual") == fits.told["saves"]
    assert fits.value("training.run.active") == 0
    assert fits.ends("Usual") == [("ok", 32)]
    saved = [row["argus.training.path"] for row in fits.rows("training.checkpoint", "Usual")]
    assert {path.rpartition("/")[2] for path in saved} == {"checkpoint-16", "checkpoint-32"}
    assert fits.spans("Usual") == {
        "training transformers_trainings": 1,
        "epoch 0": 1,
        "epoch 1": 1,
        "validation": 2,
        "checkpoint": fits.told["saves"],  # at 4.46, the last one is saved twice
    }


def test_a_start_tells_what_is_known(fits: Program) -> None:
    (row,) = fits.rows("training.run.start", "Usual")
    told = {name.removeprefix("argus.training."): value for name, value in row.items()}
    assert (told["total_steps"], told["total_epochs"], told["parameters"], told["world_size"]) == (32, 2, 4, 1)
    assert str(told["framework.version"])[:2] in ("4.", "5.")


def test_values_are_those_that_the_trainer_logs_and_those_of_evaluations_come_once(fits: Program) -> None:
    points = [point for point in fits.points("Usual") if point[1] in ("loss", "eval_loss")]
    assert [point[2] for point in points if point[1] == "loss"] == [5, 10, 15, 20, 25, 30]
    assert [point[:3] for point in points if point[1] == "eval_loss"] == [
        ("validation", "eval_loss", 16),
        ("validation", "eval_loss", 32),
    ]
    logged = [float(entry["loss"]) for entry in fits.told["log"]]
    assert [value for _, name, _, value in points if name == "loss"] == pytest.approx(logged)


def test_tensors_are_read_where_the_trainer_logs_and_none_is_kept(fits: Program) -> None:
    assert fits.told["reads"] <= 2 * len(fits.told["log"])
    assert fits.told["remembered"] == 32
    assert fits.told["kept"] == 0


def test_a_loss_that_is_not_a_number_is_shown_as_it_is(fits: Program) -> None:
    assert fits.told["shown"] == [0.0, 0.0, 0.0]  # what the Trainer says
    losses = [value for _, name, _, value in fits.points("Diverging") if name == "loss"]
    assert len(losses) == 3
    assert all(map(math.isnan, losses))
    assert fits.value("training.values.nonfinite", metric="loss", nonfinite="nan") == 3 + 1  # one is of "Scaled"
    assert fits.value("training.values.nonfinite", metric="grad_norm", nonfinite="nan") == 3
    (mean,) = [value for _, name, _, value in fits.points("Diverging") if name == "train_loss"]
    assert fits.told["mean"] == 0.0
    assert math.isnan(mean)
    assert not math.isnan(next(value for _, name, _, value in fits.points("Usual") if name == "train_loss"))


def test_steps_that_a_scaler_leaves_out_are_none(fits: Program) -> None:
    steps, made = fits.told["Scaled"], fits.told["made"]
    assert (steps, made) == (16, 13)
    assert fits.value("training.steps", model="Scaled") == made
    assert fits.value("training.steps.skipped", model="Scaled") == steps - made
    assert fits.ends("Scaled") == [("ok", steps)]  # as the Trainer counts them


def test_steps_are_those_of_optimizers(fits: Program) -> None:
    assert fits.value("training.batches", model="Accumulating", phase="train") == 16
    assert fits.value("training.steps", model="Accumulating") == fits.told["Accumulating"] == 4


def test_workers_of_a_loader_are_silent(fits: Program) -> None:
    assert fits.ends("Working") == [("ok", 16)]
    assert len(fits.received.instances()) == 1


def test_a_run_that_goes_on_begins_where_the_other_has_ended(fits: Program) -> None:
    (row,) = fits.rows("training.run.resume", "Resumed")
    assert row["argus.training.step"] == 32
    assert fits.ends("Resumed") == [("ok", 48)]
    assert fits.value("training.steps", model="Resumed") == fits.told["Resumed"] == 16


def test_an_exception_ends_a_run_and_reaches_the_program(fits: Program) -> None:
    assert fits.told["raised"]
    assert fits.told["lost"]
    (row,) = fits.rows("training.run.end", "Raising")
    assert (row["argus.training.outcome"], row["error.type"]) == ("error", "ValueError")
    ((outcome, steps),) = fits.ends("Lost")
    assert (outcome, steps) == ("error", 0)
    assert "a secret" not in str(fits.received.logs) + str(fits.received.traces) + str(fits.received.metrics)


@pytest.mark.parametrize("model", ["Stopping", "Asked"])
def test_a_stop_is_told_whoever_asks_for_it(fits: Program, model: str) -> None:
    assert fits.ends(model) == [("stopped", fits.told[model])]
    assert 4 <= fits.told[model] <= 5


def test_a_training_within_a_training_is_a_run_with_a_parent(fits: Program) -> None:
    (outer,) = fits.rows("training.run.start", "Outer")
    (inner,) = fits.rows("training.run.start", "Inner")
    assert inner["argus.training.run.parent"] == outer["argus.training.run.id"]
    assert fits.ends("Outer") == fits.ends("Inner") == [("ok", 16)]


def test_a_batch_that_becomes_smaller_is_one_run(fits: Program) -> None:
    assert len(fits.rows("training.run.start", "Fitting")) == 1
    assert fits.ends("Fitting") == [("ok", fits.told["Fitting"])]
    assert fits.value("training.steps", model="Fitting") == fits.told["Fitting"]


def test_an_evaluation_alone_is_no_run(fits: Program) -> None:
    assert fits.rows("training.run.start", "Alone") == []


def test_uninstrumented_it_is_as_before(fits: Program) -> None:
    assert "ArgusCallback" not in fits.told["classes"]
    assert fits.told["wrapped"] == []
    assert fits.rows("training.run.start", "Unobserved") == []


def test_two_ranks_are_one_run_and_stop_at_the_same_step(otlp: Received, tmp_path: Path) -> None:
    launcher = ("-m", "torch.distributed.run", "--nproc-per-node=2", f"--master-port={free_port()}")
    program = start("torch", (*launcher, "transformers_ranks.py"), otlp, tmp_path).ended()
    ((outcome, steps),) = program.ends("Ranked")
    assert outcome == "stopped"
    assert program.told == {"steps0": steps, "steps1": steps}
    assert 4 <= steps < 24
    assert program.value("training.steps", model="Ranked") == steps
    assert program.value("training.runs", model="Ranked") == 1
    assert program.value("training.batches", model="Ranked", phase="train") == 2 * steps
