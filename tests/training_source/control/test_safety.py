"""What others could do with a control directory, or could be made to do by it, is refused."""

from __future__ import annotations

import errno
import json
import os
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as given_by
from hypothesis import strategies as st

from argus_otel import training
from argus_otel.settings import Settings
from argus_otel.sources.training.control import directory as directories
from argus_otel.sources.training.control import files, keeping, locks
from argus_otel.sources.training.control.directory import ControlDirectory
from argus_otel.sources.training.control.keeping import PART
from argus_otel.sources.training.control.rerunning import rerun
from argus_otel.sources.training.control.stopping import stop
from argus_otel.telemetry import State
from argus_otel.testing import Observation, observe

from .conftest import Start, until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of other users")


def trained_in(path: Path) -> Observation:
    with observe("training", settings={"training_control": str(path)}) as observed, training.run("one") as run:
        run.log(loss=1)
    assert observed.telemetry.guard.faults == {}
    return observed


def test_it_is_made_for_this_user_only(directory: ControlDirectory) -> None:
    observed = trained_in(directory.path)
    for path in (directory.path, directory.path.parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.path.iterdir()} == {0o600}
    part = observed.telemetry.health.parts()[PART]
    assert (part.state, part.detail) == (State.OK, str(directory.path))


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777])
def test_a_directory_that_others_may_write_to_is_not_used(
    directory: ControlDirectory, mode: int, caplog: pytest.LogCaptureFixture
) -> None:
    directory.path.mkdir(parents=True)
    directory.path.chmod(mode)
    observed = trained_in(directory.path)
    assert list(directory.path.iterdir()) == []
    part = observed.telemetry.health.parts()[PART]
    assert part.state is State.FAILED
    assert part.detail == (
        f"ARGUS_CONTROL is '{directory.path}': others may write to it: its mode is {mode:04o}; it has to be a "
        "directory of this user's own, to which nobody else may write (mode 0700)"
    )
    assert sum(part.detail in record.getMessage() for record in caplog.records) == 1
    assert [name for name, *_ in observed.rows].count("training.run.end") == 1  # all else is recorded


@as_root
def test_a_directory_of_another_user_is_not_used(directory: ControlDirectory) -> None:
    directory.path.mkdir(parents=True, mode=0o700)
    os.chown(directory.path, 12345, 12345)
    observed = trained_in(directory.path)
    assert list(directory.path.iterdir()) == []
    assert "it belongs to the user 12345" in observed.telemetry.health.parts()[PART].detail


@pytest.mark.parametrize("kind", ["file", "dangling"])
def test_what_is_no_directory_is_not_used(directory: ControlDirectory, kind: str) -> None:
    directory.path.parent.mkdir()
    if kind == "file":
        directory.path.write_text("")
    else:
        directory.path.symlink_to("nowhere")
    observed = trained_in(directory.path)
    assert observed.telemetry.health.parts()[PART].state is State.FAILED
    assert not (directory.path.parent / "nowhere").exists()


@pytest.mark.parametrize("given", [True, False])
def test_a_directory_that_cannot_be_made_is_warned_of_if_it_was_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, given: bool
) -> None:
    def make(self: ControlDirectory) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(ControlDirectory, "make", make)
    variables = {"ARGUS_CONTROL": str(tmp_path / "control")} if given else {"HOME": str(tmp_path)}
    observation = Observation("training", Settings.resolve(variables, {}))
    observation.handle.install()
    observation.handle.start()
    with training.run("one") as run:
        run.log(loss=1)
    observation.handle.uninstall()
    part = observation.telemetry.health.parts()[PART]
    assert part.state is (State.FAILED if given else State.OFF)
    assert "it cannot be made: Read-only file system" in part.detail
    assert bool(caplog.records) is given


def test_without_a_directory_nothing_is_kept(tmp_path: Path) -> None:
    with observe("training", settings={"training_control": "false"}) as observed, training.run("one") as run:
        run.log(loss=1)
    assert observed.telemetry.health.parts()[PART].state is State.OFF
    assert list(tmp_path.iterdir()) == []


def test_an_id_that_is_no_name_of_a_file_leads_nowhere(directory: ControlDirectory, tmp_path: Path) -> None:
    for given_id in ("../escaped", "a/b", ".hidden", "", "x" * 200, "nul\0", "a.b"):
        with pytest.raises(ValueError, match="cannot be the name"):
            directory.file(given_id, "json")
        assert directory.run(given_id) is None
    with observe("training", settings={"training_control": str(directory.path)}) as observed:
        with training.run("one", run_id="../escaped") as run:
            run.log(loss=1)
        assert observed.telemetry.health.parts()[PART].state is State.DEGRADED
        assert observed.telemetry.guard.faults == {}
    assert not list(tmp_path.rglob("*escaped*"))


# -- commands


def symlinked(path: Path, command: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text(json.dumps(command))
    path.symlink_to(tmp_path / "elsewhere")


def of_another(path: Path, command: dict[str, Any], tmp_path: Path) -> None:
    written = path.with_suffix(".written")
    files.write(written, command)
    os.chown(written, 12345, 12345)
    written.rename(path)


def open_to_others(path: Path, command: dict[str, Any], tmp_path: Path) -> None:
    written = path.with_suffix(".written")
    files.write(written, command)
    written.chmod(0o666)
    written.rename(path)


def piped(path: Path, command: dict[str, Any], tmp_path: Path) -> None:
    os.mkfifo(path)


def huge(path: Path, command: dict[str, Any], tmp_path: Path) -> None:
    files.write(path, {**command, "more": "x" * (2 << 20)})


def unknown(path: Path, command: dict[str, Any], tmp_path: Path) -> None:
    files.write(path, {**command, "kind": "run", "argv": ["rm", "-rf", "/"]})


def damaged(path: Path, command: dict[str, Any], tmp_path: Path) -> None:
    written = path.with_suffix(".written")
    written.write_bytes(b"{\xff")
    written.chmod(0o600)
    written.rename(path)


COMMANDS = {
    symlinked: "is a symbolic link",
    of_another: "belongs to another user",
    open_to_others: "others may write to",
    piped: "is no file",
    huge: "has more than",
    unknown: "it is no command that a run knows",
    damaged: "it is no command that a run knows",
}


@pytest.mark.parametrize(
    "plant", [pytest.param(each, marks=as_root if each is of_another else ()) for each in COMMANDS]
)
def test_a_command_that_may_be_somebody_elses_is_refused(
    start: Start, directory: ControlDirectory, tmp_path: Path, plant: Any
) -> None:
    loop = start()
    run = loop.run
    plant(directory.file(run.id, "command"), {"id": "x", "kind": "stop", "attempt": 1, "asked_by": "eve"}, tmp_path)
    ack = until(lambda: files.read(directory.file(run.id, "ack")))
    assert ack["result"] == "refused"
    assert COMMANDS[plant] in ack["reason"]
    assert not os.path.lexists(directory.file(run.id, "command"))
    assert plant is not symlinked or (tmp_path / "elsewhere").exists()
    assert loop.process.poll() is None
    assert loop.run.state == "running"


def test_a_run_is_not_stopped_by_an_unsafe_directory(start: Start, directory: ControlDirectory) -> None:
    loop = start()
    run = loop.run
    directory.path.chmod(0o777)
    for now in (False, True):
        answer = stop(directory, run, now=now, grace=0, asked_by="alice")
        assert (answer.result, "others may write to it" in answer.reason) == ("refused", True)
    directory.path.chmod(0o700)
    assert loop.process.poll() is None


def test_what_a_run_told_is_read_only_if_it_is_its_own(
    start: Start, directory: ControlDirectory, tmp_path: Path
) -> None:
    loop = start("ends")
    loop.ended()
    path = directory.file(loop.run.id, "json")
    run_id = loop.run.id
    (tmp_path / "other.json").write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(tmp_path / "other.json")
    assert directory.run(run_id) is None
    path.unlink()
    path.write_bytes((tmp_path / "other.json").read_bytes())
    path.chmod(0o666)
    assert directory.run(run_id) is None
    path.chmod(0o600)
    assert directory.run(run_id) is not None
    path.rename(directory.file("another", "json"))
    assert directory.runs() == []  # a file that says it is another run's


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = (
    "attempt", "pid", "process_started", "argv", "cwd", "project", "name", "group", "step", "total_steps",
    "time_remaining", "progress_at", "outcome", "world_size", "host", "began_at", "written_at", "launched", "locked",
    "stalls_after", "lost",
)  # fmt: skip


@given_by(st.dictionaries(st.sampled_from(NAMES), ANYTHING))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_file_says_is_read(directory: ControlDirectory, said: dict[str, Any]) -> None:
    directory.make()
    files.write(directory.file("one", "json"), {**said, "id": "one"})
    [run] = directory.runs()
    assert run.id == "one"
    assert run.state in ("running", "hung", "lost", "ended")
    for now in (False, True):
        answer = stop(directory, run, now=now, grace=0, asked_by="alice", timeout=0, wait=0)
        assert answer.result == "refused"


@given_by(st.binary(max_size=50))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_no_file_of_a_run_is_left_out(directory: ControlDirectory, content: bytes) -> None:
    directory.make()
    path = directory.file("one", "json")
    path.write_bytes(content)
    path.chmod(0o600)
    assert directory.runs() == []


# -- what it lacks


def test_a_directory_that_cannot_be_written_to_is_told_until_it_can(
    directory: ControlDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    with observe("training", settings={"training_control": str(directory.path)}) as observed:
        health = observed.telemetry.health
        with training.run("one") as run:
            path = directory.file(run.id, "json")
            directory.path.rename(directory.path.with_name("away"))
            monkeypatch.setattr(keeping, "WRITTEN_EACH", 0.5)
            until(lambda: health.parts()[PART].state is State.DEGRADED)
            assert "cannot be written to: No such file or directory" in health.parts()[PART].detail
            run.log(loss=1)
            directory.path.with_name("away").rename(directory.path)
            until(lambda: health.parts()[PART].state is State.OK)
        assert observed.telemetry.guard.faults == {}
        data = files.read(path)
        assert data is not None
        assert data["outcome"] == "ok"


def test_without_locks_a_process_that_lives_is_known_by_its_start(
    directory: ControlDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lock(descriptor: int, *, shared: bool) -> bool:
        raise locks.LocksUnsupportedError

    monkeypatch.setattr(locks, "_lock", lock)
    now = time.time()
    with observe("training", settings={"training_control": str(directory.path)}) as observed:
        with training.run("one") as run:
            path = directory.file(run.id, "json")
            said = files.read(path)
            assert said is not None
            assert said["locked"] is False
            for more, state in (
                ({}, "running"),
                ({"written_at": now - 1000}, "hung"),
                ({"process_started": "1@boot"}, "lost"),
                ({"host": "gpu-2"}, "running"),
                ({"host": "gpu-2", "written_at": now - 1000}, "lost"),
            ):
                files.write(path, {**said, **more})
                [known] = directory.runs()
                assert known.state == state, more
            files.write(path, said)
        assert [known.outcome for known in directory.runs()] == ["ok"]
        assert observed.telemetry.guard.faults == {}
        [known] = directory.runs()
        assert rerun(known).reason == f"{directory.path} has no locks: two could start it at once"


# -- its size


def test_finished_runs_are_kept_for_some_time(directory: ControlDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directories, "KEPT", 3)
    directory.make()
    now = time.time()
    for number in range(6):
        run = f"run-{number}"
        said = {"id": run, "outcome": "ok", "progress_at": now - number, "written_at": now}
        for kind in ("json", "ack", "2.out", "starting"):
            files.write(directory.file(run, kind), said)
        lock = locks.take(directory.file(run, "lock"))
        assert lock is not None
        lock.release()
    files.write(directory.file("run-1", "json"), {"id": "run-1", "outcome": "ok", "progress_at": now - 40 * 86400})
    files.write(directory.file("run-10", "json"), {"id": "run-10", "outcome": "", "progress_at": now - 99})
    alive = locks.take(directory.file("run-10", "lock"))
    left = directory.path / "run-0.json.0123.tmp"
    left.write_text("{")
    os.utime(left, (now - 7200, now - 7200))
    directory.prune()
    assert [run.id for run in directory.runs()] == ["run-0", "run-2", "run-3", "run-10"]
    assert sorted({path.name.partition(".")[0] for path in directory.path.iterdir()}) == [
        "run-0", "run-10", "run-2", "run-3"
    ]  # fmt: skip
    assert not left.exists()
    assert alive is not None
    alive.release()
