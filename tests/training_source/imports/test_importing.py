"""Logs that TensorBoardX, TensorBoard and MLflow have written are brought into history.

``data`` has what tensorboardX 2.6.5, tensorboard 2.21.0 and mlflow 3.17.2 wrote.
"""

from __future__ import annotations

import math
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from argus_otel.cli import main
from argus_otel.history.store.client import connect
from argus_otel.sources.training.history import History
from argus_otel.sources.training.history.results import Curve, RecordedRun
from argus_otel.sources.training.imports.tfrecord import EventFile
from lab.clickhouse import ClickHouse
from tests.training_source.history.conftest import asked_of_files

DATA = Path(__file__).parent / "data"
BEGUN = 1_700_000_000

Import = Callable[[str, Path], int]


@pytest.fixture
def address(server: ClickHouse, request: pytest.FixtureRequest) -> str:
    name = "".join(letter if letter.isalnum() else "_" for letter in request.node.name)
    dsn = server.dsn(f"imports_{name}"[:120])
    assert main(["store", "migrate", "--store", dsn]) == 0
    return dsn


@pytest.fixture
def history(address: str) -> Iterator[History]:
    with History.open(address) as opened:
        yield opened


@pytest.fixture
def imported(address: str) -> Import:
    def run(tool: str, path: Path) -> int:
        return main(["training", "import", tool, str(path), "--store", address])

    return run


@pytest.fixture
def tensorboard(tmp_path: Path) -> Path:
    """The logs, last written long ago."""
    path = tmp_path / "runs"
    shutil.copytree(DATA / "tensorboard", path)
    for file in path.rglob("events*"):
        os.utime(file, (BEGUN, BEGUN))
    return path


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(path)) as made:
        made.executescript((DATA / "mlflow.sql").read_text(encoding="utf-8"))
    return path


def named(history: History) -> dict[str, RecordedRun]:
    return {run.name: run for run in history.runs()}


def values(curve: Curve) -> list[tuple[int, float]]:
    return [(point.step, point.last) for point in curve.points]


def same(found: list[tuple[int, float]], wanted: list[tuple[int, float]]) -> bool:
    steps = [step for step, _ in found] == [step for step, _ in wanted]
    return steps and [value for _, value in found] == pytest.approx([value for _, value in wanted], nan_ok=True)


def test_runs_of_tensorboard(imported: Import, history: History, tensorboard: Path) -> None:
    assert imported("tensorboard", tensorboard) == 0
    runs = named(history)
    assert sorted(runs) == ["keras", "plain", "resumed"]
    plain = runs["plain"]
    assert (plain.state, plain.framework, plain.service, plain.steps) == ("unknown", "tensorboard", "runs", 20)
    assert plain.began.timestamp() == BEGUN
    assert plain.duration == pytest.approx(19)
    wanted = [(step, math.nan if step == 7 else 1 / (step + 1)) for step in range(20)]
    assert same(values(history.curve(plain.id, "loss")), wanted)
    assert same(values(history.curve(plain.id, "val_loss", "validation")), [(9, 0.6), (19, 0.55)])
    assert history.curve(plain.id, "lr").count == 20
    assert history.lost() == []


def test_a_later_file_is_a_later_attempt(imported: Import, history: History, tensorboard: Path) -> None:
    assert imported("tensorboard", tensorboard) == 0
    run = named(history)["resumed"]
    curve = history.curve(run.id, "loss")
    wanted = [(step, math.nan if step == 7 else (1 if step < 10 else 0.5) / (step + 1)) for step in range(30)]
    assert same(values(curve), wanted)
    assert [(each.attempt, each.step) for each in curve.resumes] == [(2, 10)]


def test_the_phases_of_keras_are_those_of_one_run(imported: Import, history: History, tensorboard: Path) -> None:
    assert imported("tensorboard", tensorboard) == 0
    run = named(history)["keras"]
    assert values(history.curve(run.id, "epoch_loss", "train")) == [(step, float(step)) for step in range(5)]
    assert values(history.curve(run.id, "epoch_loss", "validation")) == [(step, step + 1.0) for step in range(5)]


def test_what_is_imported_again_counts_once_and_what_is_new_is_added(
    imported: Import, history: History, tensorboard: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [log] = (tensorboard / "plain").iterdir()
    whole = log.read_bytes()
    log.write_bytes(whole[: len(whole) // 2])
    assert imported("tensorboard", tensorboard) == 1
    assert f"{log} is read up to its last record is cut" in capsys.readouterr().err
    part = named(history)["plain"]
    assert part.state == "running" or part.steps < 20
    log.write_bytes(whole)
    moved = tensorboard.rename(tensorboard.with_name("moved"))
    for _ in range(2):
        assert imported("tensorboard", moved) == 0
    run = named(history)["plain"]
    assert run.id == part.id
    assert [value.count for value in history.run(run.id).values] == [20, 20, 2]


def test_a_file_that_is_written_on_has_no_end(imported: Import, history: History, tensorboard: Path) -> None:
    for file in tensorboard.rglob("events*"):
        os.utime(file, (time.time(), time.time()))
    assert imported("tensorboard", tensorboard) == 0
    assert {run.state for run in history.runs()} == {"silent"}


def test_a_damaged_record_is_told(tmp_path: Path, tensorboard: Path) -> None:
    [log] = (tensorboard / "plain").iterdir()
    whole = log.read_bytes()
    scalars = list(EventFile(log))
    assert len(scalars) == 42
    for place in range(24, len(whole), 7):
        damaged = tmp_path / "damaged"
        damaged.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        events = EventFile(damaged)
        found = list(events)
        assert repr(found) == repr(scalars[: len(found)])
        assert events.damaged or len(found) == len(scalars)
        log.write_bytes(whole[:place])
        cut = list(EventFile(log))
        assert repr(cut) == repr(scalars[: len(cut)])


@pytest.mark.parametrize("kind", ["files", "database"])
def test_runs_of_mlflow(imported: Import, history: History, database: Path, kind: str) -> None:
    assert imported("mlflow", DATA / "mlruns" if kind == "files" else database) == 0
    runs = named(history)
    assert {name: run.state for name, run in runs.items()} == {"good": "ok", "failed": "error", "killed": "silent"}
    good = runs["good"]
    assert (good.framework, good.group, good.steps, good.duration) == ("mlflow", "sweep", 20, 60.0)
    assert runs["failed"].parent == good.id
    wanted = [(step, {7: math.nan, 8: math.inf}.get(step, 1 / (step + 1))) for step in range(20)]
    assert same(values(history.curve(good.id, "loss")), wanted)
    assert same(values(history.curve(good.id, "eval/acc", "validation")), [(step, step / 5) for step in range(5)])
    detail = history.run(good.id)
    assert detail.commit == "abc123"
    assert detail.config == '{"api_key": "[redacted]", "lr": "0.5"}'
    assert [run.id for run in history.lost()] == [runs["killed"].id]
    before = history.runs()
    assert imported("mlflow", DATA / "mlruns" if kind == "files" else database) == 0
    assert history.runs() == before


def test_daily_files_take_them_too(tmp_path: Path) -> None:
    files = tmp_path / "history"
    for _ in range(2):
        assert main(["training", "import", "mlflow", str(DATA / "mlruns"), "--store", f"files:{files}"]) == 0
    names = "{run.name: run.id for run in history.runs()}"
    found = asked_of_files(files, f"sorted({names})", f"history.curve({names}['good'], 'lr').count")
    assert found == ["['failed', 'good', 'killed']", "20"]


def test_of_a_run_whose_ids_are_gone_old_rows_count_once(
    address: str, imported: Import, history: History, tensorboard: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert imported("tensorboard", tensorboard) == 0
    before = [history.run(run.id) for run in history.runs()]
    with connect(address) as store:
        store.command("truncate table training_rows")
    assert imported("tensorboard", tensorboard) == 0
    assert "rows are left out" in capsys.readouterr().out
    assert repr([history.run(run.id) for run in history.runs()]) == repr(before)


@pytest.mark.parametrize(
    ("tool", "what", "said"),
    [
        ("tensorboard", "missing", "there is no "),
        ("tensorboard", "empty", "has no event files of TensorBoard"),
        ("mlflow", "empty", "has no runs of MLflow"),
        ("mlflow", "text", "is no SQLite database"),
        ("mlflow", "other.db", "cannot be read as MLflow's database"),
    ],
)
def test_what_is_no_log_is_refused(
    imported: Import, tmp_path: Path, capsys: pytest.CaptureFixture[str], tool: str, what: str, said: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").write_text("hello", encoding="utf-8")
    with closing(sqlite3.connect(tmp_path / "other.db")) as made:
        made.execute("create table runs (x)")
    assert imported(tool, tmp_path / what) == 2
    assert said in capsys.readouterr().err
