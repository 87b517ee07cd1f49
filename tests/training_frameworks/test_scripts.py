"""Programs of other projects, which know nothing of argus-otel, are observed as they are."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import pickle
import shutil
import threading
from array import array
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.otel.receivers import Received
from tools import training_scripts
from tools.training_scripts import SCRIPTS, Script

from .programs import Program, start

WORDS = (
    *("--dataset=tiny", "--device=cpu", "--compile=False", "--max_iters=50", "--eval_interval=25", "--eval_iters=2"),
    *("--log_interval=10", "--gradient_accumulation_steps=2", "--batch_size=4", "--block_size=16"),
    *("--n_layer=2", "--n_head=2", "--n_embd=16"),
)
"""What nanoGPT is told on its command line: a model that is small, on a CPU."""


def copied(name: str, directory: Path) -> str:
    """Copy the files of a program, which are those of its project; return the path of the program itself."""
    script = SCRIPTS[name]
    if not script.directory.exists() or "TRAINING" not in os.environ:  # one of them trains for two minutes
        pytest.skip("needs programs of other projects: make test-training")
    assert script.ready, f"{script.directory} is not what {script.repository} has: remove it"
    names = [Path(path).name for path in script.files]
    for each in names:
        shutil.copyfile(script.directory / each, directory / each)
    return str(directory / names[0])


def batches(program: Program) -> dict[str, float]:
    phases = ("train", "validation", "sanity", "test")
    return {phase: program.value("training.batches", phase=phase) for phase in phases}


def events(program: Program) -> dict[str, int]:
    names = ("start", "end", "resume", "lost")
    events = [*(f"training.run.{name}" for name in names), "training.epoch", "training.validation"]
    return {event: len(program.rows(event)) for event in events}


def test_lightnings_model_for_reports_of_bugs_is_one_run_of_one_step(otlp: Received, tmp_path: Path) -> None:
    program = start("torch", copied("lightning", tmp_path), otlp, tmp_path, OMP_NUM_THREADS="1").ended()
    assert program.value("training.runs") == program.value("training.runs", framework="lightning", outcome="ok") == 1
    assert program.value("training.steps") == 1
    assert batches(program) == {"train": 1, "validation": 1, "sanity": 0, "test": 0}  # the test is no training
    assert program.value("training.validation.duration") == 1
    assert program.value("training.step.first") == 1
    assert program.value("training.step.duration") == 0
    assert events(program) == {
        "training.run.start": 1,
        "training.run.end": 1,
        "training.run.resume": 0,
        "training.run.lost": 0,
        "training.epoch": 1,
        "training.validation": 1,
    }
    (begun,) = program.rows("training.run.start")
    told = ("argus.training.run.name", "argus.training.model", "argus.training.total_steps")
    assert [begun[name] for name in told] == ["bug_report_model", "BoringModel", 1]
    assert program.ends("BoringModel") == [("ok", 1)]
    logged = [(phase, name, step) for phase, name, step, _ in program.points("BoringModel")]
    assert sorted(logged) == [("train", "train_loss", 1), ("validation", "valid_loss", 1)]


@pytest.mark.timeout(700)  # 8 000 batches of a model of 1.9 million parameters
@pytest.mark.parametrize("name", ["keras", "keras-oldest"])
def test_kerass_functional_model_is_one_run_and_its_evaluation_is_none(
    otlp: Received, tmp_path: Path, name: str
) -> None:
    program = start(name, copied("keras", tmp_path), otlp, tmp_path).ended(timeout=600)
    assert "Inferred output shape (50000, 16)" in program.output
    assert program.value("training.runs") == program.value("training.runs", framework="keras", outcome="ok") == 1
    assert program.value("training.steps") == 5 * 1250
    assert batches(program) == {"train": 5 * 1250, "validation": 5 * 313, "sanity": 0, "test": 0}
    assert program.value("training.samples", phase="train") == 5 * 40_000
    assert program.value("training.validation.duration") == 5
    assert program.value("training.step.first") == 1
    assert program.value("training.step.duration") == 5 * 1250 - 1
    assert events(program) == {
        "training.run.start": 1,
        "training.run.end": 1,
        "training.run.resume": 0,
        "training.run.lost": 0,
        "training.epoch": 5,
        "training.validation": 5,
    }
    (begun,) = program.rows("training.run.start")
    assert begun["argus.training.run.name"] == "demo_functional"
    assert (begun["argus.training.total_steps"], begun["argus.training.total_epochs"]) == (5 * 1250, 5)
    assert program.ends("Functional") == [("ok", 5 * 1250)]
    steps = [row["argus.training.step"] for row in program.rows("training.validation", "Functional")]
    assert steps == [1250, 2500, 3750, 5000, 6250]
    logged = program.points("Functional")
    assert [step for phase, metric, step, _ in logged if (phase, metric) == ("validation", "val_mse")] == steps
    assert [step for phase, metric, step, _ in logged if (phase, metric) == ("train", "mse")] == [
        *range(50, 5 * 1250 + 1, 50)
    ]


@pytest.mark.parametrize("name", ["torch", "torch-oldest"])
def test_nanogpt_is_one_run_of_all_steps_of_its_optimizer(otlp: Received, tmp_path: Path, name: str) -> None:
    program = copied("nanogpt", tmp_path)
    data = tmp_path / "data" / "tiny"
    data.mkdir(parents=True)
    for part in ("train", "val"):
        (data / f"{part}.bin").write_bytes(array("H", (place % 7 for place in range(1000))).tobytes())
    (data / "meta.pkl").write_bytes(pickle.dumps({"vocab_size": 7}))
    variables = {"ARGUS_TRAINING_TORCH": "true", "OMP_NUM_THREADS": "1"}
    ran = start(name, program, otlp, tmp_path, *WORDS, **variables).ended()
    assert "iter 50: loss" in ran.output
    assert ran.value("training.runs") == ran.value("training.runs", framework="torch", outcome="ok") == 1
    assert ran.value("training.steps") == 51
    assert ran.value("training.step.first") == 1
    assert ran.value("training.step.duration") == 50
    assert batches(ran) == dict.fromkeys(("train", "validation", "sanity", "test"), 0)  # known to the program alone
    assert events(ran) == {
        "training.run.start": 1,
        "training.run.end": 1,
        "training.run.resume": 0,
        "training.run.lost": 0,
        "training.epoch": 0,
        "training.validation": 0,
    }
    (begun,) = ran.rows("training.run.start")
    assert begun["argus.training.run.name"] == "train"
    assert begun["argus.training.argv"] == " ".join(["train.py", *WORDS])
    assert json.loads(begun["argus.training.config"]) == {"optimizer": "AdamW"}
    (ended,) = ran.rows("training.run.end")
    assert (ended["argus.training.outcome"], ended["argus.training.step"]) == ("ok", 51)
    assert ran.rows("training.points") == []  # no value is known without a line of code


# -- how they are fetched


@pytest.fixture
def host(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a server of files, and the directory that they are in."""
    directory = tmp_path / "host"
    directory.mkdir()
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(directory))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", directory
        server.shutdown()
        thread.join()


def test_a_file_that_is_not_its_projects_is_not_kept(
    host: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    address, directory = host
    script = Script("its", "a/b", "1234", "MIT", {"examples/it.py": hashlib.sha256(b"print()\n").hexdigest()})
    file = directory / "a" / "b" / "1234" / "examples" / "it.py"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"print(1)\n")
    with pytest.raises(ValueError, match=r"/a/b/1234/examples/it\.py has the SHA-256"):
        script.fetch(address)
    assert not script.ready
    assert list(script.directory.iterdir()) == []
    file.write_bytes(b"print()\n")
    script.fetch(address)
    assert script.ready
    assert (script.directory / "it.py").read_bytes() == b"print()\n"
    (script.directory / "it.py").write_bytes(b"changed")
    assert not script.ready


def test_each_has_its_licence_and_is_of_one_commit() -> None:
    for script in SCRIPTS.values():
        assert script.licence in {"Apache-2.0", "MIT"}
        assert len(script.commit) == 40
        assert all(len(digest) == 64 for digest in script.files.values())


def test_where_they_are_is_told_without_fetching_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert training_scripts.main(["--path", "nanogpt"]) == 0
    assert capsys.readouterr().out.strip() == str(SCRIPTS["nanogpt"].directory)
    assert list(tmp_path.iterdir()) == []
