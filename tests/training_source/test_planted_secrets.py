"""What is planted in arguments, parameters, exceptions and the environment of a training is in no output or file."""

from __future__ import annotations

import contextlib
import gzip
import os
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from argus_otel.sources.training.control.directory import ControlDirectory, KnownRun
from lab.clickhouse import ClickHouse
from lab.processes import free_port, wait_until
from tests.otel.receivers import Received, http_receiver

from .agent.programs import AgentProcess

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "tests" / "training_source" / "planted.py"
WORDS = ("--api-key", "sk-plantedargument0123456789abcdef", "--password=planted-argument", "--lr", "0.5")
HOST = "gpu-7"


@pytest.fixture
def received() -> Iterator[Received]:
    yield from http_receiver()


def _environment(directory: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARGUS_", "OTEL_"))}
    return {**kept, "ARGUS_CONTROL": str(directory / "control"), "OTEL_EXPORTER_OTLP_ENDPOINT": "", **more}


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


def _trained(directory: Path, received: Received, **settings: str) -> dict[str, str]:
    """Train, and return what the program has shown and sent."""
    port = free_port()
    environment = _environment(
        directory,
        ARGUS_ENDPOINT_PORT=str(port),
        ARGUS_HISTORY="store",
        ARGUS_HISTORY_SPOOL=str(directory / "spool"),
        OTEL_EXPORTER_OTLP_ENDPOINT=received.url,
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
        PLANTED_PASSWORD="planted-environment",
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "argus_otel", "run", str(PROGRAM), *WORDS],
        env={**environment, **settings},
        cwd=directory,
        stderr=subprocess.PIPE,
        text=True,
        umask=0,  # no mode is private because of it
    )
    try:
        shown = _pages(port)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 1, errors
    traceback = errors.index("Traceback")  # the interpreter's own, which has the message
    shown["standard error"] = errors[:traceback] + errors[errors.index("\n", errors.index("ValueError: ")) :]
    shown["metrics over OTLP"] = str(received.metrics)
    shown["traces over OTLP"] = str(received.traces)
    shown["logs over OTLP"] = str(received.logs)
    assert "training.run.start" in shown["logs over OTLP"]
    return shown


def _asked(directory: Path, *words: object, store: str) -> tuple[str, str]:
    """Return a command of ``argus-otel training``, and what it has written."""
    done = subprocess.run(
        [sys.executable, "-m", "argus_otel", "training", *map(str, words)],
        env=_environment(directory, ARGUS_HISTORY_STORE=store),
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    return " ".join(map(str, words)), done.stdout + done.stderr


def _files(directory: Path, *names: str) -> list[Path]:
    """Return the files in directories that a run, an agent or history has made."""
    return [path for name in names for path in (directory / name).rglob("*") if path.is_file()]


def _read(files: Iterable[Path]) -> dict[str, str]:
    shown: dict[str, str] = {}
    for path in files:
        text = _text_of(path)
        if path.parent.name == "control" and path.suffix == ".json":
            assert "planted-argument" in text, "a run is started again by what it was started with"
            text = text.replace("sk-plantedargument0123456789abcdef", "").replace("planted-argument", "")
        shown[str(path)] = text
    return shown


def _nothing_planted_in(shown: dict[str, str]) -> None:
    for output, text in shown.items():
        assert "planted-" not in text.replace("sk-planted", "planted-"), output


def _private(directory: Path, *names: str) -> None:
    """Check that nobody else can read what is there: each file by its own mode, and each directory.

    ClickHouse's engine gives its own files their modes: nobody else can enter the directory that they are in.
    """
    if os.name == "nt":  # which has no such modes
        return
    for name in names:
        for path in (directory / name, *(directory / name).rglob("*")):
            if any(above.name == "chdb" for above in path.parents):
                continue
            mode = stat.S_IMODE(path.stat().st_mode)
            assert mode == (0o700 if path.is_dir() else 0o600), f"{path} has the mode {mode:04o}"


@pytest.mark.timeout(200)
@pytest.mark.parametrize("where", ["files", "spool"])
def test_nothing_that_is_planted_leaves(tmp_path: Path, received: Received, where: str) -> None:
    away = f"clickhouse://argus:planted-store@127.0.0.1:{free_port()}/argus"
    store = f"files:{tmp_path / 'history'}" if where == "files" else away
    shown = _trained(tmp_path, received, ARGUS_HISTORY_STORE=store)
    for words in (["list"], ["list", "--format", "json"], ["lost"]):
        command, text = _asked(tmp_path, *words, store=store)
        shown[command] = text
    made = ("control", "history" if where == "files" else "spool")
    files = _files(tmp_path, *made)
    assert any("training.run.start" in _text_of(path) for path in files if path.parent.name == made[1]), files
    _nothing_planted_in({**shown, **_read(files)})
    _private(tmp_path, *made)


AGENT = """
host = "{host}"
interval = 1
users = ["default"]
state = "{state}"
key_file = "agent.key"
allow_rerun_of_own_runs = true
max_running = 3

[recipes.small]
argv = ["{python}", "-c", "print('planted-recipe', '{{lr}}')"]
cwd = "/"
[recipes.small.arguments]
lr = {{ pattern = "[0-9.]+" }}
"""


@pytest.mark.timeout(300)
@pytest.mark.skipif(os.name == "nt", reason="no agent here")
def test_nothing_that_is_planted_is_in_a_store_or_with_an_agent(tmp_path: Path, received: Received) -> None:
    (tmp_path / "engine").mkdir()
    key = tmp_path / "agent.key"
    key.write_text("planted-key-0123456789abcdef0123456789abcdef\n")
    key.chmod(0o600)
    agent_file = tmp_path / "agent.toml"
    agent_file.write_text(AGENT.format(host=HOST, state=tmp_path / "state", python=sys.executable))
    agent_file.chmod(0o600)
    agent = AgentProcess(tmp_path)
    with ClickHouse.running_in(tmp_path / "engine" / "data", password="planted-database") as server:
        store = server.dsn()
        migrate = [sys.executable, "-m", "argus_otel", "store", "migrate", "--store", store]
        migrated = subprocess.run(migrate, check=True, capture_output=True, text=True, timeout=60)
        shown = _trained(tmp_path, received, ARGUS_HISTORY_STORE=store)
        shown["migrate"] = migrated.stdout + migrated.stderr
        (run,) = ControlDirectory(tmp_path / "control").runs()
        try:
            agent.start(agent_file, tmp_path / "control", store, PLANTED_TOKEN="planted-of-the-agent")
            remote = ("--store", "-", "--host", HOST, "--key-file", key, "--wait", 60)
            for words in (
                ["list"],
                ["list", "--format", "json"],
                ["list", "--format", "csv"],
                ["show", run.id],
                ["show", run.id, "--format", "json"],
                ["curves", run.id, "loss"],
                ["curves", run.id, "loss", "--format", "json"],
                ["curves", run.id, "loss", "--picture", "loss.svg"],
                ["compare", run.id, run.id, "--metric", "loss"],
                ["best", "loss", "--format", "json"],
                ["lost"],
                ["stop", run.id, *remote],
                ["rerun", run.id, *remote],
                ["rerun", "--recipe", "small", "--argument", "lr=planted-of-a-recipe", *remote],
                ["rerun", "--recipe", "small", "--argument", "lr=0.5", *remote],
                ["agents", "--store", "-"],
            ):
                command, text = _asked(tmp_path, *words, store=store)
                shown[command] = text
                assert "Traceback" not in text, text
            again = wait_until(lambda: _ended_again(tmp_path / "control", run.id), "it has ended again", 60)
            for page in ("/", "/metrics", "/status", "/readyz"):
                shown[f"{page} of the agent"] = agent.get(page)[1]
        finally:
            agent.kill()
        tables = [name for [name] in server.rows(
            "select name from system.tables where database = 'argus' and engine like '%MergeTree'"
        )]  # fmt: skip
        for table in tables:
            shown[table] = server.query(f"select * from {table} format JSONEachRow", "argus")
    # What was asked for, and what came of it, are there.
    assert again is not None
    results = shown["training_command_acks"]
    assert all(f'"result":"{result}"' in results for result in ("accepted", "done", "refused")), results
    for table in ("training_runs", "training_points", "training_curves", "training_agents"):
        assert shown[table], table
    # A command has the arguments that a person gives it: recipes are no place for a secret.
    assert shown["training_commands"].count("planted-of-a-recipe") == 1
    shown["training_commands"] = shown["training_commands"].replace("planted-of-a-recipe", "")
    shown["the agent's log"] = agent.printed()
    shown["loss.svg"] = (tmp_path / "loss.svg").read_text()
    files = _files(tmp_path, "control", "state")
    assert {"journal.jsonl", "lock"} <= {path.name for path in files}
    written = _read(files)
    output = next(name for name in written if "/small-" in name)
    assert "planted-recipe 0.5" in written.pop(output)  # what a program prints is its own
    _nothing_planted_in({**shown, **written})
    _private(tmp_path, "control", "state")


def _ended_again(control: Path, run: str) -> KnownRun | None:
    known = ControlDirectory(control).run(run)
    return known if known is not None and known.attempt == 2 and known.state == "ended" else None
