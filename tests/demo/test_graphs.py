"""`argus-otel demo graphs`, as a newcomer runs it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("langchain_openai", reason="install langchain-openai: uv sync")

from argus_otel.cli import main
from argus_otel.demo.graphs import stage
from argus_otel.demo.graphs.cast import CAST, FAULTY
from argus_otel.demo.graphs.ledger import Deed, Ledger
from argus_otel.demo.observed_process import ObservedProcess
from lab.processes import free_port

COMMAND = [sys.executable, "-m", "argus_otel", "demo", "graphs"]
PORT = ["--port", str(free_port())]  # others of the suite use the default one now and then


def test_it_ends_by_itself_and_everything_agrees() -> None:
    done = subprocess.run(
        [*COMMAND, "--duration", "6", *PORT], capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"All \d+ numbers agree", done.stdout)
    assert "/metrics" in done.stdout
    told = re.search(r"(\d+) tickets; (\d+) runs; (\d+) findings", done.stdout)
    assert told
    assert int(told[1]) >= len(CAST), "too slow: not every kind of ticket was answered"
    for subject in (
        "tickets",
        "runs",
        "nodes",
        "routes",
        "failed attempts",
        "interrupts",
        "resumes",
        "tool calls",
        "model calls",
        "streamed answers",
        "chunks",
        "input tokens",
        "output tokens",
        "tokens not reported",
        "findings",
    ):
        assert re.search(rf"^│ {subject} ", done.stdout, re.MULTILINE), subject
    for case in FAULTY:
        for found in case.findings:
            assert re.search(rf"^│ +(?:findings +)?│ {found.severity} {found.rule}\b", done.stdout, re.MULTILINE), found


def test_a_count_that_is_wrong_makes_it_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record = Ledger.record

    def record_one_too_many(ledger: Ledger, deed: Deed) -> None:
        if not ledger.deeds():
            record(ledger, deed)
        record(ledger, deed)

    monkeypatch.setattr(Ledger, "record", record_one_too_many)
    monkeypatch.setattr(stage, "_SETTLE", 3.0)
    assert main(["demo", "graphs", "--duration", "1", *PORT]) == 1
    told = capsys.readouterr().out
    assert re.search(r"3 of \d+ numbers differ", told)  # the router's calls, and their tokens
    assert len(re.findall(r"differs", told)) == 3


def test_a_fault_that_nothing_finds_makes_it_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    start = ObservedProcess.start

    def start_without_a_rule(process, words, variables, **options) -> None:  # type: ignore[no-untyped-def]
        start(process, words, {**variables, "ARGUS_GRAPHS_DETECTIONS": "key_empty"}, **options)

    faulty = next(case for case in FAULTY if case.findings[0].rule == "not_finite")
    monkeypatch.setattr(stage, "CAST", (faulty,))
    monkeypatch.setattr(stage, "_SETTLE", 3.0)
    monkeypatch.setattr(ObservedProcess, "start", start_without_a_rule)
    assert main(["demo", "graphs", "--duration", "1", *PORT]) == 1
    told = capsys.readouterr().out
    assert re.search(r"1 of \d+ numbers differ", told)
    assert re.search(r"warn not_finite by look_up +│ +\d+ │ +0 │ differs", told)


@pytest.mark.parametrize("module", ["langgraph", "langchain", "langchain_openai", "rich"])
def test_a_package_that_is_missing_is_named(module: str) -> None:
    program = (
        f"import sys; sys.modules[{module!r}] = None; from argus_otel.cli import main; sys.exit(main({COMMAND[3:]}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    needs = f"argus-otel demo graphs needs {module}, which is not installed: pip install 'argus-otel[demo-graphs]'\n"
    assert (done.returncode, done.stderr) == (2, needs)


def test_an_agent_that_cannot_start_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    start = ObservedProcess.start
    monkeypatch.setattr(
        ObservedProcess,
        "start",
        lambda self, words, more, **options: start(self, ["run", "nowhere.py"], more, **options),
    )
    assert main(["demo", "graphs", "--duration", "1", *PORT]) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert "the support agent did not start: it ended with exit code 2" in told
    assert "nowhere.py" in told


def test_the_support_agent_has_no_line_about_argus_otel() -> None:
    program = Path(stage.__file__).with_name("support.py").read_text(encoding="utf-8")
    assert not re.search(r"argus_otel|opentelemetry", program)


def test_each_kind_of_ticket_has_a_text_of_its_own() -> None:
    for case in CAST:
        assert [other for other in CAST if case.text in other.text] == [case]
