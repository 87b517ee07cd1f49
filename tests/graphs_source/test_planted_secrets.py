"""What is planted in prompts, states, tools, models, exceptions and metadata is in no output of a whole program."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("chdb", reason="needs ClickHouse's engine: pip install chdb-core-lite (Linux and macOS)")
pytest.importorskip("langchain_openai", reason="install langchain-openai: uv sync")
pytest.importorskip("langchain.agents", reason="install langchain>=1: uv sync")

from tests.otel.receivers import Received, http_receiver

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "tests" / "graphs_source" / "planted.py"
CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"

PLACES = {
    "answer", "argument", "assertion", "detector", "exception", "exception of a tool", "explanation", "handler",
    "input of an entrypoint", "interrupt", "key in a value", "key of metadata", "key of the input", "metadata",
    "missing key", "misspelt key", "part", "prompt", "prompt over HTTP", "question", "reply", "reply over HTTP",
    "result of a task", "result of a tool", "resume", "retry", "role", "run name", "sent", "system prompt", "tag",
    "thought", "unknown key", "validator", "value",
}  # fmt: skip
"""Everything that has to be planted, so that the test tells of each; what asks a hostile object is the program's."""

SAID = {
    "argument",
    "prompt",
    "prompt over HTTP",
    "reply",
    "reply over HTTP",
    "result of a tool",
    "system prompt",
    "thought",
}
"""What the conventions' switch puts on the spans of models and tools."""


class Outputs:
    """A run of the program.

    Attributes
    ----------
    shown:
        What it has sent, kept, printed and shown, and what commands say of it: the texts by what they are.
    """

    def __init__(self, directory: Path, received: Received, done: subprocess.CompletedProcess[str]) -> None:
        self._directory = directory
        self.records: list[list[str]] = [json.loads(line) for line in (directory / "records.jsonl").open()]
        self.received = received
        self.shown = {
            "metrics over OTLP": str(received.metrics),
            "traces over OTLP": str(received.traces),
            "logs over OTLP": str(received.logs),
            "standard error": done.stderr,
            "our log records": str([record for record in self.records if record[0].startswith(("argus", "opentele"))]),
            **{path.name: path.read_text() for path in directory.glob("shown-*.txt")},
            "history": "".join(map(_text_of, sorted((directory / "history").rglob("*")))),
        }

    def places_in(self, output: str) -> set[str]:
        """Return the places whose secrets are in an output."""
        places = json.loads((self._directory / "places.json").read_text())
        return {place for place in places if f"planted-{place}:" in self.shown[output]}

    def ask(self, *words: str) -> str:
        """Return what a command says of the history."""
        command = [
            sys.executable,
            "-m",
            "argus_otel",
            "graphs",
            *words,
            "--store",
            f"files:{self._directory / 'history'}",
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=self._directory)
        assert done.returncode == 0, done.stderr
        self.shown[" ".join(words)] = done.stdout + done.stderr
        return done.stdout


def _text_of(path: Path) -> str:
    if not path.is_file():
        return ""
    return gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_bytes().decode("latin-1")


def run_program(directory: Path, **variables: str) -> Outputs:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARGUS_", "OTEL_"))}
    with contextlib.contextmanager(http_receiver)() as received:
        environment = {
            **kept,
            "PYTHONPATH": str(ROOT),
            "ARGUS_ENDPOINT_PORT": str(port),
            "ARGUS_HISTORY": "store",
            "ARGUS_HISTORY_STORE": f"files:{directory / 'history'}",
            "OTEL_EXPORTER_OTLP_ENDPOINT": received.url,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "LANGSMITH_TRACING": "false",
            **variables,
        }
        command = [sys.executable, "-m", "argus_otel", "run", str(PROGRAM)]
        done = subprocess.run(
            command, env=environment, cwd=directory, capture_output=True, text=True, timeout=120, check=False
        )
    assert done.returncode == 0, done.stderr
    outputs = Outputs(directory, received, done)
    assert set(json.loads((directory / "places.json").read_text())) - {"hostile object"} == PLACES
    assert not outputs.received.named("argus.hook.errors") or _faults(outputs) == {"detection broken"}
    return outputs


def _faults(outputs: Outputs) -> set[Any]:
    points = [point for metric in outputs.received.named("argus.hook.errors") for point in metric.sum.data_points]
    return {pair.value.string_value for point in points for pair in point.attributes if pair.key == "argus.hook"}


def check_nothing_leaves(outputs: Outputs, allowed: dict[str, set[str]] | None = None) -> None:
    assert all(outputs.shown.values()), "each output is there"
    for output, text in outputs.shown.items():
        assert outputs.places_in(output) == (allowed or {}).get(output, set()), output
        assert "sk-planted" not in text, output
        if output not in (allowed or {}):
            assert "planted@example.com" not in text, output
            assert "4111111111111111" not in text, output


@pytest.mark.timeout(300)
@pytest.mark.parametrize("debug", ["", "true"], ids=["", "LangChain's debug"])
def test_nothing_that_is_planted_leaves(tmp_path: Path, debug: str) -> None:
    outputs = run_program(tmp_path, LANGCHAINS_OWN_DEBUG=debug)
    assert "planted-retry" in str(outputs.records), "the program's own handlers get what LangGraph logs"
    assert "a line of the program" in outputs.shown["logs over OTLP"]
    for name in ("invoke_workflow planted", "invoke_node write", "execute_tool find", "chat small-1"):
        assert name in outputs.shown["traces over OTLP"]
    runs = json.loads(outputs.ask("runs", "--format", "json"))
    assert {run["graph"] for run in runs} == {"planted", "hostile", "LangGraph"}
    for command in ("findings", "nodes", "evaluations"):
        outputs.ask(command)
    if not debug:
        run = next(run["id"] for run in runs if run["error"] == "KeyError")
        for command in (["show"], ["why"], ["report"], ["report", "--format", "html"]):
            outputs.ask(*command, run)
    check_nothing_leaves(outputs)


@pytest.mark.timeout(300)
def test_content_is_on_spans_alone_and_has_no_keys(tmp_path: Path) -> None:
    outputs = run_program(tmp_path, **{CONTENT: "true"})
    assert "[redacted]" in outputs.shown["traces over OTLP"]
    explained = {"explanation"}
    check_nothing_leaves(outputs, {"traces over OTLP": SAID, "logs over OTLP": explained, "history": explained})
    records = [record for record in outputs.received.records() if "planted-explanation" in str(record)]
    assert {record.event_name for record in records} == {"gen_ai.evaluation.result"}
    spans = [span for span in outputs.received.spans() if "planted-" in str(span)]
    assert {span.name.split()[0] for span in spans} == {"chat", "execute_tool"}
