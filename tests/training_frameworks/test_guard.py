"""What the guard of training runs does in each framework: a run really ends, and the program goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.processes import free_port
from tests.otel.receivers import Received

from .programs import Program, ran, start

PROGRAMS = {
    "keras": ("keras", "keras_guarded.py", ()),
    "keras-oldest": ("keras-oldest", "keras_guarded.py", ()),
    "lightning": ("torch", "lightning_guarded.py", ("lightning.pytorch",)),
    "lightning-oldest": ("torch-oldest", "lightning_guarded.py", ("pytorch_lightning",)),
    "transformers": ("torch", "transformers_guarded.py", ()),
    "transformers-oldest": ("torch-oldest", "transformers_guarded.py", ()),
}

WHOLE = {"keras": 30 * 11, "lightning": 3 * 16, "transformers": 3 * 16}

STOPPED = {
    "keras": {"NotFinite": 3, "Diverging": 5},
    "lightning": {"NotFinite": 8, "Diverging": 25, "ByEpoch": 4 * 16},
    "transformers": {"NotFinite": 8, "Diverging": 25, "BadGradients": 3},
}
"""After how many steps it is found: three values in a row that are not finite, five that are far above the best.
Of Keras, after how many epochs from the first such one on."""


@pytest.fixture(scope="module", params=PROGRAMS)
def framework(request: pytest.FixtureRequest) -> str:
    return request.param


def run(framework: str, directory: Path, action: str) -> Iterator[Program]:
    environment, script, words = PROGRAMS[framework]
    yield from ran(environment, script, directory, *words, ARGUS_TRAINING_GUARD=action, OMP_NUM_THREADS="1")


@pytest.fixture(scope="module")
def stopping(framework: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    yield from run(framework, tmp_path_factory.mktemp("stopping"), "stop")


@pytest.fixture(scope="module")
def warning(framework: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    yield from run(framework, tmp_path_factory.mktemp("warning"), "warn")


def short(framework: str) -> str:
    return framework.removesuffix("-oldest")


def found(framework: str, program: Program) -> dict[str, int]:
    """Return after how many steps of each run it is found."""
    known = STOPPED[short(framework)]
    if short(framework) != "keras":
        return known
    return {name: 11 * (program.told[f"{name} from"] + epochs) for name, epochs in known.items()}


def test_a_run_ends_where_a_rule_trips(framework: str, stopping: Program) -> None:
    ends = {name: stopping.ends(name) for name in ("Healthy", *STOPPED[short(framework)])}
    assert ends == {
        "Healthy": [("ok", WHOLE[short(framework)])],
        **{name: [("guarded", steps)] for name, steps in found(framework, stopping).items()},
    }
    assert {name: stopping.told[name] for name in ends} == {name: steps for name, ((_, steps),) in ends.items()}
    assert stopping.value("training.runs", outcome="guarded") == len(STOPPED[short(framework)])


def test_each_is_warned_of_once(framework: str, stopping: Program) -> None:
    rules = STOPPED[short(framework)]
    lines = [line for line in stopping.output.splitlines() if "argus-otel: training:" in line]
    assert len(lines) == len(rules)
    assert sum("was NaN or infinite 3 times in a row" in line for line in lines) == len(rules) - 1
    assert sum("was far above its best 5 times in a row" in line for line in lines) == 1
    assert all("The run is asked to end." in line for line in lines)
    assert stopping.value("training.guard.trips", rule="nonfinite", action="stop") == len(rules) - 1
    assert stopping.value("training.guard.trips", rule="divergence", action="stop") == 1
    assert stopping.value("training.guard.trips", rule="stall") == 0
    assert len(stopping.rows("training.guard", "Diverging")) == 1


def test_only_warned_of_it_goes_on_to_its_end(framework: str, warning: Program) -> None:
    steps_of = found(framework, warning)
    for name in steps_of:
        ((outcome, steps),) = warning.ends(name)
        assert outcome == "ok"
        assert steps == warning.told[name] > steps_of[name]
    lines = [line for line in warning.output.splitlines() if "argus-otel: training:" in line]
    assert len(lines) == len(steps_of)
    assert warning.value("training.guard.trips", rule="nonfinite", action="warn") == len(steps_of) - 1


@pytest.mark.parametrize("script", ["lightning_ranks_guarded.py", "transformers_ranks_guarded.py"])
def test_two_ranks_end_at_the_same_step(script: str, otlp: Received, tmp_path: Path) -> None:
    """The loss of the second is no number; with the next step neither is that of the first, which judges."""
    launcher = ("-m", "torch.distributed.run", "--nproc-per-node=2", f"--master-port={free_port()}")
    program = start(
        "torch",
        script if script.startswith("lightning") else (*launcher, script),
        otlp,
        tmp_path,
        ARGUS_TRAINING_GUARD="stop",
        MASTER_PORT=str(free_port()),
        OMP_NUM_THREADS="1",
    ).ended()
    ((outcome, steps),) = program.ends("Ranked")
    assert outcome == "guarded"
    assert 8 <= steps <= 12
    assert program.told == {"steps0": steps, "steps1": steps}
    assert program.value("training.guard.trips", rule="nonfinite", action="stop") == 1
    assert len([line for line in program.output.splitlines() if "argus-otel: training:" in line]) == 1
