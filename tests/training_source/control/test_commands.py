"""``argus-otel training`` list, lost, stop and rerun, as typed in a shell."""

from __future__ import annotations

import json
import re
import signal
import socket
import sys
from pathlib import Path

import pytest

from argus_otel.cli import main
from argus_otel.history.store.client import connect
from argus_otel.sources.training.control import files
from argus_otel.sources.training.control.directory import ControlDirectory
from lab.clickhouse import ClickHouse
from tests.typed import Ended, Typed, command

from .conftest import Start, until

NO_HISTORY = (
    "argus-otel training {}: there is no history, so these are only the runs that this host knows; "
    "ARGUS_HISTORY_STORE or --store names one\n"
)


@pytest.fixture
def typed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, directory: ControlDirectory, tmp_path: Path
) -> Typed:
    """Run ``argus-otel training`` for that control directory, where no history is."""
    monkeypatch.setenv("ARGUS_CONTROL", str(directory.path))
    monkeypatch.setenv("ARGUS_ENDPOINT", "false")
    monkeypatch.delenv("ARGUS_HISTORY_STORE", raising=False)
    monkeypatch.chdir(tmp_path)

    return command(capsys, "training")


@pytest.fixture(scope="session")
def store(server: ClickHouse) -> str:
    address = server.dsn("training_control")
    assert main(["store", "migrate", "--store", address]) == 0
    return address


def states(ended: Ended) -> dict[str, str]:
    return {run["id"]: run["state"] for run in json.loads(ended.out)}


def test_without_history_the_host_knows_its_runs(start: Start, typed: Typed) -> None:
    killed, running, done = start("blind", "--api-key=sk-secret"), start("blind"), start("ends")
    done.ended()
    killed.wait_until_told("id")
    running.wait_until_told("id")
    killed.process.kill()
    killed.process.wait()
    ended = typed("list")
    assert (ended.code, ended.err) == (0, NO_HISTORY.format("list"))
    assert sorted(line.split()[2] for line in ended.out.splitlines()[1:]) == ["lost", "ok", "running"]
    found = typed("list", "--format", "json")
    assert states(found) == {killed.run.id: "lost", running.run.id: "running", done.run.id: "ok"}
    assert "sk-secret" not in found.out + typed("list", "--format", "csv").out
    assert states(typed("list", "--state", "running", "--format", "json")) == {running.run.id: "running"}
    assert states(typed("list", "--group", "none", "--format", "json")) == {}
    assert states(typed("list", "--limit", 1, "--format", "json")).keys() < states(found).keys()
    assert typed("list", "--until", "2020-01-01").out == "No matching history.\n"
    assert typed("list", "--since", "never").code == 2
    lost = typed("lost", "--format", "json")
    assert (lost.code, states(lost)) == (0, {killed.run.id: "lost"})
    assert not killed.run.lost_recorded  # it waits for a history


def test_without_the_engine_the_host_knows_its_runs(
    start: Start, typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = start("ends")
    done.ended()
    (tmp_path / "argus-history-files").mkdir()
    monkeypatch.setitem(sys.modules, "chdb", None)
    ended = typed("list", "--since", "1d", "--format", "json", "--store", "files:argus-history-files")
    assert ended.code == 2
    assert "pip install 'argus-otel[embedded]'" in ended.err
    assert states(ended) == {done.run.id: "ok"}


def test_a_run_that_hangs_is_listed_as_such(start: Start, directory: ControlDirectory, typed: Typed) -> None:
    loop = start("blind")
    loop.wait_until_told("id")
    loop.process.send_signal(signal.SIGSTOP)
    data = files.read(directory.file(loop.run.id, "json"))
    assert data is not None
    files.write(directory.file(loop.run.id, "json"), {**data, "written_at": data["written_at"] - 60})
    for words in (("list", "--state", "hung"), ("lost",)):
        assert states(typed(*words, "--format", "json")) == {loop.run.id: "hung"}


def test_what_is_lost_is_recorded_in_history_once(start: Start, typed: Typed, store: str) -> None:
    variables = {"ARGUS_HISTORY": "store", "ARGUS_HISTORY_STORE": store, "OTEL_SERVICE_NAME": "shop"}
    loop, other = start("blind", **variables), start("blind", **variables)
    run_id = loop.wait_until_told("id")
    other.wait_until_told("id")
    with connect_to(store) as count:
        until(lambda: count(f"event = 'training.run.start' and run_id = '{run_id}'"))
        loop.process.kill()
        loop.process.wait()
        run = loop.run
        for command in ("list", "lost", "list"):
            ended = typed(command, "--store", store, "--format", "json")
            assert (ended.code, ended.err) == (0, "")
            assert states(ended)[run_id] == "lost"
        assert count(f"event = 'training.run.lost' and run_id = '{run_id}'") == 1
    assert loop.run.lost_recorded
    [found] = [
        each for each in json.loads(typed("list", "--store", store, "--format", "json").out) if each["id"] == run_id
    ]
    assert (found["service"], found["host"], found["name"]) == ("shop", run.host, "loop")
    assert found["instance"]  # that of its own process, by which its metrics are found
    assert found["duration"] < 60
    ended = typed("list", "--store", store, "--state", "running", "--format", "json")
    assert states(ended) == {other.run.id: "running"}


def connect_to(store: str):
    from contextlib import contextmanager

    @contextmanager
    def opened():
        with connect(store) as client:
            yield lambda where: client.query(f"select count() from training_runs final where {where}")[0][0]

    return opened()


def test_a_run_that_history_does_not_have_yet_is_listed_too(start: Start, typed: Typed, store: str) -> None:
    run_id = start("blind").wait_until_told("id")
    assert states(typed("list", "--store", store, "--format", "json"))[run_id] == "running"


def test_where_history_cannot_be_asked_the_host_still_tells(start: Start, typed: Typed) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    loop = start("blind")
    loop.wait_until_told("id")
    ended = typed("list", "--store", f"clickhouse://127.0.0.1:{port}/argus", "--format", "json")
    assert ended.code == 1
    assert ended.err
    assert states(ended) == {loop.run.id: "running"}


def test_a_run_is_stopped(start: Start, typed: Typed) -> None:
    loop = start()
    run_id = loop.wait_until_told("id")
    ended = typed("stop", run_id[:8])
    assert ended.code == 0, ended.err
    assert re.fullmatch(
        rf"{run_id[:8]} loop, done at step [\d,]+ after \d\.\d s: it has ended: stopped\n", ended.out
    ), ended.out
    again = typed("stop", run_id[:8])
    assert (again.code, again.out) == (1, "")
    assert again.err == f"argus-otel training stop: {run_id[:8]} loop is not stopped: it has ended: stopped\n"


def test_a_run_is_ended_now_and_started_again(start: Start, typed: Typed) -> None:
    loop = start("blind")
    run_id = loop.wait_until_told("id")
    ended = typed("stop", run_id, "--now", "--grace", "20")
    assert (ended.code, "the run is interrupted" in ended.out) == (0, True), ended
    ended = typed("rerun", run_id)
    assert (ended.code, "done: attempt 2 has begun: process" in ended.out) == (0, True), ended
    refused = typed("rerun", run_id)
    assert (refused.code, "it has not ended" in refused.err) == (1, True), refused
    assert typed("stop", run_id, "--now").code == 0


@pytest.mark.parametrize("command", ["stop", "rerun"])
def test_what_is_not_known_is_told(command: str, typed: Typed, directory: ControlDirectory) -> None:
    assert typed(command, "").code in (1, 2)
    for run_id in ("5f0c7c52", "../5f"):
        ended = typed(command, run_id)
        assert ended.code == 1
        assert f"knows no run {run_id}: argus-otel training list lists the runs of this host and user" in ended.err
    directory.make()
    for run_id in ("one-1", "one-2"):
        files.write(directory.file(run_id, "json"), {"id": run_id, "outcome": "ok"})
    assert "there are 2 runs whose id begins with one; give more letters of it" in typed(command, "one").err
    directory.path.chmod(0o777)
    ended = typed(command, "one-1")
    assert (ended.code, "others may write to it" in ended.err) == (1, True)
    assert "others may write to it" in typed("list").err
    assert typed(command).code == 2
