"""The files that name endpoints, and what becomes of them when processes end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from argus_otel.endpoint import Endpoint, targets
from argus_otel.endpoint.targets import OwnTarget, read_targets
from argus_otel.settings import Settings
from argus_otel.telemetry import PartError, State, Telemetry
from argus_otel.testing import until

OTHER = """
import os, sys, time
from argus_otel.endpoint.targets import OwnTarget
from argus_otel.settings import Settings
target = OwnTarget(Settings.resolve(), "127.0.0.1:9465", lambda: {"cluster": "2-3"})
print("up", flush=True)
if sys.stdin.readline() == "fork\\n":
    if os.fork() == 0:
        target.drop_in_child()
        sys.exit()
    os.wait()
    print("forked", flush=True)
    sys.stdin.readline()
"""


def settings_for(directory: Path, **keywords: object) -> Settings:
    return Settings.resolve(
        {}, {"endpoint_targets": directory, "service_name": "jukebox", "endpoint_port": 0, **keywords}
    )


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start another process that names an endpoint."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        environment = {**os.environ, "ARGUS_ENDPOINT_TARGETS": str(tmp_path), "OTEL_SERVICE_NAME": "jukebox"}
        process = subprocess.Popen(
            [sys.executable, "-c", OTHER], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def names(directory: Path) -> list[str]:
    return sorted(path.suffix for path in directory.iterdir())


def test_an_endpoint_is_named_while_it_is_served(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "targets"
    endpoint = Endpoint(settings_for(directory), Telemetry(), None, dict)
    endpoint.start()
    (path,) = directory.glob("*.json")
    assert json.loads(path.read_text()) == [{"targets": [endpoint.target], "labels": {"job": "jukebox"}}]
    (found,) = read_targets(settings_for(directory))
    assert (found.url, found.service, found.pid) == (endpoint.url, "jukebox", os.getpid())
    assert endpoint.processes() == [{"url": endpoint.url, "pid": os.getpid(), "job": "jukebox"}]
    endpoint.stop()
    assert names(directory) == []
    endpoint.start()
    assert names(directory) == [".json", ".lock"]
    endpoint.stop()


@pytest.mark.parametrize(("host", "target"), [("0.0.0.0", "127.0.0.1:"), ("localhost", "localhost:")])  # noqa: S104
def test_the_address_is_one_that_a_scraper_here_reaches(tmp_path: Path, host: str, target: str) -> None:
    endpoint = Endpoint(settings_for(tmp_path, endpoint_host=host), Telemetry(), None, dict)
    endpoint.start()
    assert endpoint.target.startswith(target)
    assert not endpoint.target.endswith(":0")
    endpoint.stop()


def test_a_target_with_tls_says_so(tmp_path: Path) -> None:
    own = OwnTarget(settings_for(tmp_path, endpoint_certificate="c.pem"), "127.0.0.1:1", dict)
    (path,) = tmp_path.glob("*.json")
    assert json.loads(path.read_text())[0]["labels"] == {"job": "jukebox", "__scheme__": "https"}
    (found,) = read_targets(settings_for(tmp_path))
    assert (found.url, found.labels) == ("https://127.0.0.1:1", {"job": "jukebox"})
    own.remove()


def test_a_label_that_changes_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "SWEEP_INTERVAL", 0.0)
    labels = {"cluster": "0-1"}
    own = OwnTarget(settings_for(tmp_path), "127.0.0.1:1", lambda: labels)
    (path,) = tmp_path.glob("*.json")
    before = path.stat().st_mtime_ns
    own.tick()
    assert path.stat().st_mtime_ns == before
    labels["cluster"] = "2-3"
    own.tick()
    assert read_targets(settings_for(tmp_path))[0].labels["cluster"] == "2-3"
    path.unlink()  # as a cleaner of temporary files does
    own.tick()
    assert path.exists()
    own.remove()
    own.tick()
    assert names(tmp_path) == []


def test_what_a_process_leaves_behind_is_swept(
    tmp_path: Path, other: Callable[[], subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "SWEEP_INTERVAL", 0.0)
    own = OwnTarget(settings_for(tmp_path), "127.0.0.1:1", dict)
    process = other()
    own.tick()
    assert [target.url for target in read_targets(settings_for(tmp_path))] == [
        "http://127.0.0.1:1",
        "http://127.0.0.1:9465",
    ]
    process.kill()
    process.wait()
    assert len(list(tmp_path.glob("*.json"))) == 2
    assert len(read_targets(settings_for(tmp_path))) == 1  # a reader sees at once that it is left over
    own.tick()
    (path,) = tmp_path.glob("*.json")
    assert f"-{os.getpid()}-" in path.name
    own.remove()
    assert names(tmp_path) == []


def test_the_endpoints_thread_sweeps(tmp_path: Path, other: Callable[[], subprocess.Popen[str]]) -> None:
    endpoint = Endpoint(settings_for(tmp_path), Telemetry(), None, dict)
    endpoint.start()
    process = other()
    process.kill()
    process.wait()
    until(lambda: len(list(tmp_path.glob("*.json"))) == 1, targets.SWEEP_INTERVAL + 10)
    endpoint.stop()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_neither_removes_nor_unlocks_it(
    tmp_path: Path, other: Callable[[], subprocess.Popen[str]]
) -> None:
    process = other()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("fork\n")
    process.stdin.flush()
    assert process.stdout.readline() == "forked\n"
    assert len(read_targets(settings_for(tmp_path))) == 1
    process.communicate("end\n")
    assert process.returncode == 0
    assert names(tmp_path) == []  # it ended well


def test_files_of_others_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "SWEEP_INTERVAL", 0.0)
    foreign = ["node.json", "argus-otel-notes.json", "argus-otel-1-zz.lock", "argus-otel.lock"]
    for name in foreign:
        (tmp_path / name).write_text("[]")
    own = OwnTarget(settings_for(tmp_path), "127.0.0.1:1", dict)
    own.tick()
    assert len(read_targets(settings_for(tmp_path))) == 1
    own.remove()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(foreign)


@pytest.mark.parametrize("text", ["", "[]", "{}", '[{"targets": []}]', '[{"targets": [], "labels": {}}]', "[[1]]"])
def test_a_file_that_is_damaged_is_no_target(tmp_path: Path, text: str) -> None:
    own = OwnTarget(settings_for(tmp_path), "127.0.0.1:1", dict)
    (path,) = tmp_path.glob("*.json")
    path.write_text(text)
    assert read_targets(settings_for(tmp_path)) == []
    own.remove()


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
class TestTheDefaultDirectory:
    @pytest.fixture(autouse=True)
    def temporary(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def test_it_is_the_users_alone(self, tmp_path: Path) -> None:
        settings = Settings.resolve({}, {"endpoint_port": 0})
        own = OwnTarget(settings, "127.0.0.1:1", dict)
        (directory,) = tmp_path.iterdir()
        assert directory.name == f"argus-otel-{os.getuid()}"
        assert directory.stat().st_mode & 0o777 == 0o700
        assert len(read_targets(settings)) == 1
        own.remove()

    @pytest.mark.parametrize("kind", ["open to all", "a link", "a file"])
    def test_one_that_others_may_have_made_is_not_used(self, tmp_path: Path, kind: str) -> None:
        directory = tmp_path / f"argus-otel-{os.getuid()}"
        if kind == "open to all":
            directory.mkdir()
            directory.chmod(0o777)
        elif kind == "a link":
            (tmp_path / "elsewhere").mkdir()
            directory.symlink_to(tmp_path / "elsewhere")
        else:
            directory.touch()
        telemetry = Telemetry()
        endpoint = Endpoint(Settings.resolve({}, {"endpoint_port": 0}), telemetry, None, dict)
        endpoint.start()  # it is served nevertheless
        part = telemetry.health.parts()["endpoint targets"]
        assert part.state is State.OFF
        assert f"{directory} (the default of ARGUS_ENDPOINT_TARGETS)" in part.detail
        assert endpoint.processes() == []
        endpoint.stop()


def test_a_directory_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PartError, match=r"no file for discovery can be written to .*file \(ARGUS_ENDPOINT_TARGETS\)"):
        OwnTarget(settings_for(tmp_path / "file"), "127.0.0.1:1", dict)
    telemetry = Telemetry()
    endpoint = Endpoint(settings_for(tmp_path / "file"), telemetry, None, dict)
    endpoint.start()
    assert telemetry.health.parts()["endpoint targets"].state is State.FAILED
    endpoint.stop()


def test_a_fault_of_a_source_does_not_end_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "SWEEP_INTERVAL", 0.0)
    telemetry = Telemetry()
    endpoint = Endpoint(settings_for(tmp_path), telemetry, None, dict)
    endpoint.start()
    telemetry.health.add_labels(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    until(lambda: "endpoint targets" in telemetry.health.parts(), 10)
    time.sleep(1)
    assert endpoint._thread is not None
    assert endpoint._thread.is_alive()
    endpoint.stop()
