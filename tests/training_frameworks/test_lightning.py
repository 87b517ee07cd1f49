"""Fits of Lightning are runs, without a line of code: compared with what the program has counted itself."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.processes import free_port
from tests.otel.receivers import Received

from .programs import Program, environment, ran, start

EACH = [("torch", "lightning.pytorch"), ("torch-oldest", "pytorch_lightning")]


@pytest.fixture(scope="module", params=EACH, ids=["lightning.pytorch", "pytorch_lightning-2.0"])
def fits(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    name, package = request.param
    variables = {"ARGUS_TRAINING_TORCH": "true"}  # whose steps are not counted again
    yield from ran(name, "lightning_fits.py", tmp_path_factory.mktemp("fits"), package, **variables)


def test_steps_and_phases_are_counted_once_and_the_sanity_check_is_not(fits: Program) -> None:
    assert fits.value("training.steps", model="Usual", framework="lightning") == fits.told["Usual"] == 32
    assert fits.value("training.batches", model="Usual", phase="train") == 32
    assert fits.value("training.batches", model="Usual", phase="validation") == 2 * 4
    assert fits.value("training.samples", model="Usual", phase="train") == 2 * 62
    assert fits.value("training.step.duration", model="Usual") == 31
    assert fits.value("training.step.first", model="Usual") == 1
    assert fits.value("training.validation.duration", model="Usual") == 2
    assert fits.value("training.run.active") == 0
    assert fits.ends("Usual") == [("ok", 32)]
    saved = [row["argus.training.path"] for row in fits.rows("training.checkpoint", "Usual")]
    assert fits.told["saves"] in saved
    assert fits.spans("Usual") == {
        "training lightning_fits": 1,
        "epoch 0": 1,
        "epoch 1": 1,
        "validation": 2,
        "checkpoint": len(saved),
    }


def test_a_start_tells_what_is_known(fits: Program) -> None:
    (row,) = fits.rows("training.run.start", "Usual")
    told = {name.removeprefix("argus.training."): value for name, value in row.items()}
    assert (told["total_steps"], told["total_epochs"], told["parameters"], told["world_size"]) == (32, 2, 4, 1)
    assert str(told["framework.version"]).startswith("2.")


def test_values_are_logged_when_lightning_logs_them(fits: Program) -> None:
    steps: dict[tuple[str, str], list[int]] = {}
    for phase, name, step, _ in fits.points("Usual"):
        steps.setdefault((phase, name), []).append(step)
    assert steps == {
        ("train", "train_loss_step"): [5, 10, 15, 20, 25, 30],
        ("train", "train_loss"): [5, 10, 15, 16, 20, 25, 30, 32],
        ("train", "train_loss_epoch"): [16, 32],
        ("train", "late"): [16, 32],
        ("validation", "val_loss"): [16, 32],
    }
    assert [value for _, name, _, value in fits.points("Usual") if name == "late"] == [0.0, 1.0]


def test_it_is_observed_without_a_logger_which_would_move_its_checkpoints(fits: Program) -> None:
    assert "ArgusCallback" in fits.told["observed"]
    assert fits.told["loggers"] == 0
    assert Path(fits.told["saves"]).parent.name == "saved"


def test_tensors_are_read_at_those_steps_only_and_none_is_kept(fits: Program) -> None:
    assert fits.told["reads"] == len(fits.points("Usual"))
    assert fits.told["remembered"] == 64
    assert fits.told["kept"] == 0


def test_a_module_that_logs_nothing_has_its_loss_logged(fits: Program) -> None:
    assert [point[:3] for point in fits.points("Silent")] == [("train", "loss", step) for step in (5, 10, 15)]


def test_a_run_that_goes_on_begins_where_the_other_has_ended(fits: Program) -> None:
    (row,) = fits.rows("training.run.resume", "Resumed")
    assert row["argus.training.step"] == 32
    assert fits.ends("Resumed") == [("ok", 48)]
    assert fits.value("training.steps", model="Resumed") == 16


@pytest.mark.parametrize(("model", "steps"), [("Accumulating", 4), ("Manual", 32)])
def test_steps_are_those_of_optimizers(fits: Program, model: str, steps: int) -> None:
    assert fits.value("training.batches", model=model, phase="train") == 16
    assert fits.value("training.steps", model=model) == fits.told[model] == steps
    assert fits.ends(model) == [("ok", steps)]


def test_several_loaders_have_values_of_their_own(fits: Program) -> None:
    names = {name for phase, name, *_ in fits.points("TwoLoaders") if phase == "validation"}
    assert names == {"val_loss/dataloader_idx_0", "val_loss/dataloader_idx_1"}
    assert fits.value("training.batches", model="TwoLoaders", phase="validation") == 4
    assert fits.value("training.validation.duration", model="TwoLoaders") == 1


def test_workers_of_a_loader_are_silent(fits: Program) -> None:
    assert fits.ends("Working") == [("ok", 16)]
    assert len(fits.received.instances()) == 1


@pytest.mark.parametrize(("model", "steps"), [("Raising", 4), ("FailsInSanity", 0)])
def test_an_exception_ends_a_run_and_reaches_the_program(fits: Program, model: str, steps: int) -> None:
    assert fits.told[f"{model}Raised"]
    (row,) = fits.rows("training.run.end", model)
    assert (row["argus.training.outcome"], row["error.type"]) == ("error", "ValueError")
    assert row["argus.training.step"] == fits.told[model] == steps
    assert "a secret" not in str(fits.received.logs) + str(fits.received.traces) + str(fits.received.metrics)


@pytest.mark.parametrize("model", ["Stopping", "Asked"])
def test_a_stop_is_told_whoever_asks_for_it(fits: Program, model: str) -> None:
    assert fits.ends(model) == [("stopped", fits.told[model])]
    assert 4 <= fits.told[model] <= 16


def test_an_end_at_the_last_step_is_no_stop(fits: Program) -> None:
    assert fits.ends("Limited") == [("ok", 20)]


def test_a_fit_within_a_fit_is_a_run_with_a_parent(fits: Program) -> None:
    (outer,) = fits.rows("training.run.start", "Outer")
    (inner,) = fits.rows("training.run.start", "Inner")
    assert inner["argus.training.run.parent"] == outer["argus.training.run.id"]
    assert fits.ends("Outer") == fits.ends("Inner") == [("ok", 16)]


def test_a_validation_a_test_and_a_prediction_alone_are_no_run(fits: Program) -> None:
    assert fits.rows("training.run.start", "Alone") == []


def test_steps_of_optimizers_within_it_are_not_counted_again(fits: Program) -> None:
    assert fits.value("training.steps", framework="torch") == 0


def test_uninstrumented_it_is_as_before(fits: Program) -> None:
    assert "ArgusCallback" not in fits.told["classes"]
    assert fits.rows("training.run.start", "Unobserved") == []


UNOBSERVED = """
import sys, lightning.pytorch as pl
trainer = pl.Trainer(logger=False, accelerator="cpu", enable_checkpointing=False)
assert "argus_otel.sources.training.factories" in sys.modules  # Lightning has asked
print(*(type(each).__name__ for each in trainer.callbacks))
print(*(name for name in sys.modules if name in ("argus_otel.sources.training.recorder", "opentelemetry")))
"""


def test_a_trainer_in_a_program_that_is_not_observed_has_no_callback(tmp_path: Path) -> None:
    done = subprocess.run(
        [environment("torch"), "-c", UNOBSERVED], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    callbacks, imported = done.stdout.splitlines()[-2:]
    assert "ArgusCallback" not in callbacks
    assert imported == ""


def test_two_ranks_are_one_run_and_stop_at_the_same_step(otlp: Received, tmp_path: Path) -> None:
    program = start("torch", "lightning_ranks.py", otlp, tmp_path, MASTER_PORT=str(free_port())).ended()
    ((outcome, steps),) = program.ends("Ranked")
    assert outcome == "stopped"
    assert program.told == {"steps0": steps, "steps1": steps}
    assert 8 < steps < 24
    assert len(program.rows("training.run.start", "Ranked")) == 1
    assert program.value("training.steps", model="Ranked") == steps
    assert program.value("training.runs", model="Ranked") == 1
    assert program.value("training.batches", model="Ranked") == 2 * steps
    assert program.value("training.step.duration", model="Ranked") == 2 * (steps - 1)
    assert len(otlp.instances()) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_interrupts_it(otlp: Received, tmp_path: Path, number: int) -> None:
    program = start("torch", "lightning_waits.py", otlp, tmp_path)
    program.wait_until_told("training")
    program.process.send_signal(number)
    program.ended(None)
    ((outcome, steps),) = program.ends("Waiting")
    assert outcome == "interrupted"
    assert steps >= 2
    assert program.value("training.run.active") == 0


def test_two_ranks_that_are_forks_are_one_run(otlp: Received, tmp_path: Path) -> None:
    program = start("torch", "lightning_forks.py", otlp, tmp_path, MASTER_PORT=str(free_port())).ended()
    assert len({program.told["parent"], program.told["pid0"], program.told["pid1"]}) == 3
    assert program.told["steps0"] == program.told["steps1"] == 16
    assert program.ends("Forked") == [("ok", 16)]
    assert len(program.rows("training.run.start", "Forked")) == 1
    assert program.value("training.steps", model="Forked") == 16
    assert program.value("training.batches", model="Forked") == 2 * 16
    assert [point[2] for point in program.points("Forked")] == [4, 8, 12, 16]
    assert len(otlp.instances()) == 3  # the parent, which trains nothing, too
