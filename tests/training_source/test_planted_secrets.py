"""What is planted in arguments, parameters, exceptions and the environment of a training is in no output or file."""

from __future__ import annotations

import contextlib
import gzip
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.processes import free_port
from tests.otel.receivers import Received, http_receiver

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "tests" / "training_source" / "planted.py"


@pytest.fixture
def received() -> Iterator[Received]:
    yield from http_receiver()


def _text_of(path: Path) -> str:
    return gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_bytes().decode("latin-1")


def _pages(port: int) -> dict[str, str]:
    """Return what the endpoint shows once the run is there."""
    end = time.monotonic() + 60
    shown: dict[str, str] = {}
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            for path in ("", "metrics", "status", "healthz"):
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=5) as answer:
                    shown[f"/{path}"] = answer.read().decode()
            if "training_steps_total" in shown["/metrics"]:
                return shown
        time.sleep(0.05)
    raise AssertionError(shown)


@pytest.mark.timeout(200)
@pytest.mark.parametrize("where", ["files", "spool"])
def test_nothing_that_is_planted_leaves(tmp_path: Path, received: Received, where: str) -> None:
    port, nobody = free_port(), free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARGUS_", "OTEL_"))}
    away = f"clickhouse://argus:planted-store@127.0.0.1:{nobody}/argus"
    environment = {
        **kept,
        "ARGUS_ENDPOINT_PORT": str(port),
        "ARGUS_CONTROL": str(tmp_path / "control"),
        "ARGUS_HISTORY": "store",
        "ARGUS_HISTORY_STORE": f"files:{tmp_path / 'history'}" if where == "files" else away,
        "ARGUS_HISTORY_SPOOL": str(tmp_path / "spool"),
        "OTEL_EXPORTER_OTLP_ENDPOINT": received.url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "PLANTED_PASSWORD": "planted-environment",
    }
    words = ["--api-key", "sk-plantedargument0123456789abcdef", "--password=planted-argument", "--lr", "0.5"]
    command = [sys.executable, "-m", "argus_otel", "run", str(PROGRAM), *words]
    process = subprocess.Popen(command, env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    try:
        shown = _pages(port)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 1, errors
    traceback = errors.index("Traceback")  # the interpreter's own, which has the message
    shown["standard error"] = errors[:traceback] + errors[errors.index("\n", errors.index("ValueError: ")) :]
    for command in (["list"], ["list", "--format", "json"]):
        asked = [sys.executable, "-m", "argus_otel", "training", *command]
        told = subprocess.run(
            asked, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
        shown[" ".join(command)] = told.stdout + told.stderr
    shown["metrics over OTLP"] = str(received.metrics)
    shown["traces over OTLP"] = str(received.traces)
    shown["logs over OTLP"] = str(received.logs)
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "model.ckpt"]
    for path in files:
        text = _text_of(path)
        if path.parent.name == "control" and path.suffix == ".json":
            assert "planted-argument" in text, "a run is started again by what it was started with"
            text = text.replace("sk-plantedargument0123456789abcdef", "").replace("planted-argument", "")
        shown[str(path.relative_to(tmp_path))] = text
    assert "training.run.start" in shown["logs over OTLP"]
    folder = tmp_path / ("history" if where == "files" else "spool")
    assert any("training.run.start" in _text_of(path) for path in files if folder in path.parents), files
    for output, text in shown.items():
        assert "planted-" not in text.replace("sk-planted", "planted-"), output
    for path in files:  # nobody else reads it: by its own mode, or by that of a directory that it is in
        inside = [each for each in (path, *path.parents) if tmp_path in each.parents]
        assert any(each.stat().st_mode & 0o077 == 0 for each in inside), path
