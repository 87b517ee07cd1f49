"""The examples of training, as their own words say that they are run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.otel.receivers import Received
from tools.backends import ROOT

from .programs import start

EXAMPLES = ROOT / "examples" / "training"


@pytest.mark.parametrize(
    ("environment", "example", "ended", "validations", "variables"),
    [
        ("keras", "keras_fit.py", ("Sequential", "ok", 60), 5, {}),
        ("torch", "lightning_fit.py", ("Line", "ok", 48), 3, {}),
        ("torch", "transformers_trainer.py", ("Line", "ok", 32), 2, {}),
        ("torch", "torch_loop.py", (None, "ok", 48), 0, {"ARGUS_TRAINING_TORCH": "true"}),
    ],
)  # fmt: skip
def test_an_example_is_one_run_with_all_its_steps(
    otlp: Received,
    tmp_path: Path,
    environment: str,
    example: str,
    ended: tuple[str | None, str, int],
    validations: int,
    variables: dict[str, str],
) -> None:
    done = start(environment, str(EXAMPLES / example), otlp, tmp_path, **variables).ended()
    (end,) = done.rows("training.run.end")
    told = (end.get("argus.training.model"), end["argus.training.outcome"], end["argus.training.step"])
    assert told == ended
    assert done.value("training.steps") == ended[2]
    assert done.value("training.validation.duration") == validations
