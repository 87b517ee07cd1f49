"""The program of a run is started again, as the run's next attempt."""

from __future__ import annotations

import stat
import threading
from dataclasses import replace

import pytest

from argus_otel.sources.training.control import files
from argus_otel.sources.training.control.answers import Answer
from argus_otel.sources.training.control.directory import ControlDirectory
from argus_otel.sources.training.control.rerunning import rerun
from argus_otel.sources.training.control.stopping import stop

from .conftest import HERE, Start, until


def test_a_run_is_started_again(start: Start, directory: ControlDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = start("blind,dies", "with spaces", "$HOME; true", "--api-key=sk-secret")
    loop.process.wait()
    first = loop.run
    assert first.argv[-3:] == ("with spaces", "$HOME; true", "--api-key=sk-secret")
    monkeypatch.setenv("RANK", "3")  # of whoever asks
    monkeypatch.setenv("ARGUS_ENDPOINT", "false")
    answer = rerun(first)
    assert answer.result == "done", answer
    second = until(lambda: (run := loop.run).state == "lost" and run.attempt == 2 and run)
    assert (second.argv, second.cwd) == (first.argv, first.cwd)
    assert second.pid != first.pid
    output = directory.file(first.id, "2.out")
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert first.id in output.read_text()
    assert str(output) in answer.reason


def test_it_goes_on_without_who_started_it(
    start: Start, directory: ControlDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARGUS_ENDPOINT", "false")
    loop = start()
    loop.wait_until_told("id")
    stop(directory, loop.run, now=False, grace=0, asked_by="alice", wait=5)
    loop.ended()
    first = loop.run
    assert rerun(first).result == "done"
    again = loop.run
    assert (again.state, again.attempt) == ("running", 2)
    refused = rerun(again)
    assert (refused.result, "it has not ended" in refused.reason) == ("refused", True)
    assert stop(directory, again, now=True, grace=20, asked_by="alice").result == "done"
    late = rerun(first)  # who has asked for it before
    assert (late.result, late.reason) == ("refused", "it has been started again already, as attempt 2")
    assert rerun(loop.run).result == "done"
    assert loop.run.attempt == 3


def test_two_who_start_it_start_it_once(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGUS_ENDPOINT", "false")
    loop = start("dies")
    loop.process.wait()
    run = loop.run
    files.write(
        loop.directory.file(run.id, "json"),
        {**(files.read(loop.directory.file(run.id, "json")) or {}), "argv": [*run.argv[:-1], "blind"]},
    )
    run = loop.run
    answers: list[Answer] = []
    asking = [threading.Thread(target=lambda: answers.append(rerun(run))) for _ in range(3)]
    for each in asking:
        each.start()
    for each in asking:
        each.join()
    assert sorted(answer.result for answer in answers) == ["done", "refused", "refused"], answers
    assert loop.run.attempt == 2


def test_a_program_that_fails_before_it_trains_is_told(start: Start, directory: ControlDirectory) -> None:
    loop = start("ends")
    loop.ended()
    data = files.read(directory.file(loop.run.id, "json"))
    assert data is not None
    files.write(directory.file(loop.run.id, "json"), {**data, "argv": [*data["argv"][:-2], str(HERE / "none.py")]})
    answer = rerun(loop.run)
    assert answer.result == "refused"
    assert "the program ended with exit code 2 before it began to train" in answer.reason


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"launched": True, "world_size": 4}, "a launcher started it in 4 processes"),
        ({"host": "gpu-2"}, "it is one of gpu-2: ask there"),
        ({"cwd": "/nowhere"}, "its directory /nowhere is gone"),
        ({"argv": ["/usr/bin/python3"]}, "was typed or read from standard input"),
        ({"argv": ["/usr/bin/python3", "-"]}, "was typed or read from standard input"),
        ({"argv": ["/usr/bin/python3", "-m", "ipykernel_launcher", "-f", "x.json"]}, "notebook"),
        ({"argv": ["/nowhere/python3", "train.py"]}, "it cannot be started"),
    ],
)
def test_what_cannot_be_started_again_is_refused(
    start: Start, directory: ControlDirectory, said: dict[str, object], reason: str
) -> None:
    loop = start("ends")
    loop.ended()
    data = files.read(directory.file(loop.run.id, "json"))
    assert data is not None
    files.write(directory.file(loop.run.id, "json"), {**data, **said})
    answer = rerun(loop.run)
    assert answer.result == "refused"
    assert reason in answer.reason


def test_what_is_not_known_any_more_is_refused(start: Start, directory: ControlDirectory) -> None:
    loop = start("ends")
    loop.ended()
    unknown = replace(loop.run, id="00000000-0000-4000-8000-000000000000")
    assert "does not know it any more" in rerun(unknown).reason
    directory.path.chmod(0o777)
    assert "others may write to it" in rerun(loop.run).reason
