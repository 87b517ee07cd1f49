"""Fits of Keras are runs, without a line of code: compared with what the program has counted itself."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.otel.receivers import Received

from .programs import Program, ran, start


@pytest.fixture(scope="module", params=["keras", "keras-oldest"])
def fits(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    yield from ran(request.param, "keras_fits.py", tmp_path_factory.mktemp("fits"))


def test_steps_and_phases_are_counted_once(fits: Program) -> None:
    assert fits.told["Usual"] == 33
    assert fits.value("training.steps", model="Usual", framework="keras") == 33
    assert fits.value("training.batches", model="Usual", phase="train") == 33
    assert fits.value("training.batches", model="Usual", phase="validation") == 3 * 4
    assert fits.value("training.samples", model="Usual", phase="train") == 3 * 42
    assert fits.value("training.step.duration", model="Usual") == 32
    assert fits.value("training.step.first", model="Usual") == 1
    assert fits.value("training.validation.duration", model="Usual") == 3
    assert fits.value("training.checkpoint.duration", model="Usual") == 3
    assert fits.value("training.run.active") == 0
    assert fits.ends("Usual") == [("ok", 33)]


def test_a_start_tells_what_is_known(fits: Program) -> None:
    (row,) = fits.rows("training.run.start", "Usual")
    told = {name.removeprefix("argus.training."): value for name, value in row.items()}
    assert told["total_steps"] == 33
    assert told["total_epochs"] == 3
    assert told["parameters"] == 4
    assert str(told["framework.version"]).startswith("3.")


def test_spans_are_of_the_run_and_its_phases(fits: Program) -> None:
    assert fits.spans("Usual") == {
        "training keras_fits": 1,
        "epoch 0": 1,
        "epoch 1": 1,
        "epoch 2": 1,
        "validation": 3,
        "checkpoint": 3,
    }
    assert {row["argus.training.path"] for row in fits.rows("training.checkpoint", "Usual")} == {"last.weights.h5"}


def test_values_are_those_of_kerass_history(fits: Program) -> None:
    points = sorted(fits.points("Usual"), key=lambda point: (point[0], point[2]))
    assert [point[:3] for point in points] == [
        *(("train", "loss", step) for step in (11, 22, 33)),
        *(("validation", "val_loss", step) for step in (11, 22, 33)),
    ]
    assert [value for *_, value in points] == pytest.approx(fits.told["losses"])


def test_ends_of_batches_out_of_order_are_counted_once(fits: Program, request: pytest.FixtureRequest) -> None:
    if "oldest" not in request.node.callspec.params["fits"]:  # 3.0 calls all in order
        assert fits.told["pool"]  # this callback has not turned that off
        assert fits.told["disorder"]
    assert fits.value("training.steps", model="Disordered") == fits.told["Disordered"] == 11


def test_several_steps_in_one_call_are_all_counted(fits: Program) -> None:
    assert fits.value("training.steps", model="Executing") == 2 * 12
    assert fits.value("training.samples", model="Executing", phase="train") == 2 * 48


@pytest.mark.parametrize(("model", "steps"), [("OneCallback", 22), ("Tuple", 22), ("Nothing", 22), ("Positional", 11)])
def test_callbacks_may_be_given_in_every_way(fits: Program, model: str, steps: int) -> None:
    assert fits.value("training.steps", model=model) == fits.told.get(model, 22) == steps


def test_a_list_of_keras_gets_the_callback_for_one_fit_only(fits: Program) -> None:
    assert fits.ends("Listed") == [("ok", 22), ("ok", 22)]
    assert fits.value("training.steps", model="Listed") == fits.told["Listed"] == 44
    assert "ArgusCallback" not in fits.told["left"]


def test_a_subclass_with_a_fit_of_its_own_is_one_run(fits: Program) -> None:
    assert fits.ends("OwnFit") == [("ok", 11)]


def test_a_fit_within_a_fit_is_a_run_with_a_parent(fits: Program) -> None:
    (outer,) = fits.rows("training.run.start", "Outer")
    inner = fits.rows("training.run.start", "Inner")
    assert [row["argus.training.run.parent"] for row in inner] == 2 * [outer["argus.training.run.id"]]
    assert fits.ends("Outer") == [("ok", 22)]
    assert "argus.training.run.parent" not in fits.rows("training.run.start", "Raising")[0]


@pytest.mark.parametrize(
    ("model", "outcome", "error_type"),
    [("Raising", "error", "ValueError"), ("Interrupted", "interrupted", None), ("Misfit", "error", "ValueError")],
)
def test_an_exception_ends_a_run_and_reaches_the_program(
    fits: Program, model: str, outcome: str, error_type: str | None
) -> None:
    assert fits.told[model] == "raised"
    (row,) = fits.rows("training.run.end", model)
    assert (row["argus.training.outcome"], row.get("error.type")) == (outcome, error_type)
    assert "a secret" not in str(fits.received.logs) + str(fits.received.traces) + str(fits.received.metrics)


def test_a_stop_of_the_programs_own_is_told(fits: Program) -> None:
    assert fits.ends("Stopping") == [("stopped", 11)]


def test_a_stop_that_is_asked_for_takes_place_after_the_next_batch(fits: Program) -> None:
    ((outcome, steps),) = fits.ends("Asked")
    assert outcome == "stopped"
    assert 5 <= steps == fits.told["Asked"] < 11


def test_values_that_are_not_finite_are_counted(fits: Program) -> None:
    assert fits.ends("Diverging") == [("ok", 22)]
    assert fits.value("training.values.nonfinite", metric="loss", nonfinite="nan") == 2


def test_data_without_a_length_has_steps_and_no_total(fits: Program) -> None:
    (row,) = fits.rows("training.run.start", "Generated")
    assert "argus.training.total_steps" not in row
    assert fits.told["Generated"] in (3, 5)  # the oldest Keras loses two of the five
    assert fits.ends("Generated") == [("ok", fits.told["Generated"])]
    assert fits.value("training.samples", model="Generated") == 0


def test_an_evaluation_alone_is_no_run(fits: Program) -> None:
    assert fits.rows("training.run.start", "Alone") == []
    assert fits.value("training.steps", model="Alone") == 0


def test_uninstrumented_it_is_as_before(fits: Program) -> None:
    assert fits.told["wrapped"] == []
    assert fits.rows("training.run.start", "Unobserved") == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_interrupts_it(otlp: Received, tmp_path: Path, number: int) -> None:
    program = start("keras", "keras_waits.py", otlp, tmp_path)
    program.wait_until_told("training")
    program.process.send_signal(number)
    program.ended(None)
    ((outcome, steps),) = program.ends("Sequential")
    assert outcome == "interrupted"
    assert steps >= 2
    assert program.value("training.runs", outcome="interrupted") == 1
    assert program.value("training.run.active") == 0


def test_on_numpy_a_fit_fails_as_it_does_without_us(otlp: Received, tmp_path: Path) -> None:
    # Not with the oldest Keras, whose numpy needs torch.
    program = start("keras", "keras_numpy.py", otlp, tmp_path, KERAS_BACKEND="numpy").ended()
    assert program.told["raised"]
    (row,) = program.rows("training.run.end", "Sequential")
    assert (row["argus.training.outcome"], row["error.type"]) == ("error", "NotImplementedError")
    assert row["argus.training.step"] == 0
