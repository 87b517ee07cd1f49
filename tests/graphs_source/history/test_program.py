"""From a program's runs to answers: by a ClickHouse server, by the embedded engine, and by daily files without one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from argus_otel import graphs
from argus_otel.cli import main
from lab.clickhouse import ClickHouse

pytest.importorskip("chdb", reason="needs ClickHouse's engine: pip install chdb-core-lite (Linux and macOS)")

ROOT = Path(__file__).parents[3]
PROGRAM = ROOT / "tests" / "graphs_source" / "history" / "program.py"

# In a process of its own: the engine has one directory in a process, and other tests have theirs here.
ASKING = """
import contextlib, io, json, sys
from argus_otel.cli import main

def asked(*words):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = main(["graphs", *words])
    assert code == 0, words
    return out.getvalue()

[run] = json.loads(asked("runs", "support", "--outcome", "error", "--format", "json"))
found = {name: asked(name, run["id"][:8]) for name in ("show", "why", "report")}
found |= {name: asked(name) for name in ("runs", "findings", "evaluations", "nodes", "rules")}
from argus_otel import graphs
with graphs.history() as history:
    detail = history.run(run["id"])
    found["nodes of the run"] = [node.node for node in detail.nodes]
    [judged] = history.runs("judged")
    found["evaluations of a run"] = [[each.name, each.score, each.label] for each in history.run(judged.id).evaluations]
    found["cause"] = history.causes("support", severity="error")[0].node
print(json.dumps(found))
"""


def environment(directory: Path, **variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARGUS_", "OTEL_"))}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "ARGUS_HISTORY": "store",
        "ARGUS_HISTORY_SPOOL": str(directory / "spool"),
        "ARGUS_ENDPOINT": "false",
        "OTEL_SERVICE_NAME": "shop",
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "process,system",
        **variables,
    }


def run_program(directory: Path, **variables: str) -> None:
    command = [sys.executable, "-m", "argus_otel", "run", str(PROGRAM)]
    done = subprocess.run(
        command, env=environment(directory, **variables), cwd=directory, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def check_answers(found: dict[str, object]) -> None:
    assert "├─ fetch  → search" in str(found["show"])
    assert "! error: key_missing docs, caused by fetch" in str(found["show"])
    assert "fetch (step 1) wrote docs under another name (observed)" in str(found["why"])
    assert str(found["report"]).startswith("# support: error KeyError\n")
    assert len(str(found["runs"]).splitlines()) == 5
    assert len(str(found["evaluations"]).splitlines()) == 6
    assert found["evaluations of a run"] == [
        ["grounded", 0.75, "good"], ["sure", None, "yes"], ["refuses", 0.0, "fail"], ["fails", None, None],
        ["helpfulness", 0.25, "poor"],
    ]  # fmt: skip
    assert "finder" in str(found["nodes"])
    assert found["nodes of the run"] == ["fetch", "search", "look", "rank", "write"]
    assert found["cause"] == "fetch"
    assert "parcel" not in json.dumps(found)
    assert "Main Street" not in json.dumps(found)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("store", ["files", "chdb"])
def test_a_program_and_answers_without_a_server(tmp_path: Path, store: str) -> None:
    address = f"{store}:{tmp_path / 'history'}"
    run_program(tmp_path, ARGUS_HISTORY_STORE=address)
    if store == "files":
        assert not list((tmp_path / "history").glob("*.chdb"))
        assert [path.suffix for path in (tmp_path / "history").glob("*.gz")] == [".gz"]
    asking = subprocess.run(
        [sys.executable, "-c", ASKING], env=environment(tmp_path, ARGUS_HISTORY_STORE=address), cwd=tmp_path,
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert asking.returncode == 0, asking.stderr
    check_answers(json.loads(asking.stdout.splitlines()[-1]))


@pytest.mark.timeout(300)
def test_a_program_and_answers_of_a_server(tmp_path: Path, server: ClickHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    address = server.dsn("graphs_of_a_program")
    assert main(["store", "migrate", "--store", address]) == 0
    run_program(tmp_path, ARGUS_HISTORY_STORE=address)
    monkeypatch.setenv("ARGUS_HISTORY_STORE", address)
    with graphs.history() as history:
        assert [run.graph for run in history.runs()] == ["judged", "working", "support", "support"]
        [run] = history.runs(outcome="error")
        assert (run.service, run.thread, run.error) == ("shop", "42", "KeyError")
        assert [node.node for node in history.run(run.id).nodes] == ["fetch", "search", "look", "rank", "write"]
    with graphs.history(server.dsn("graphs_of_a_program")) as history:
        assert len(history.runs("support")) == 2
