"""``argus-otel graphs`` on the history of real runs, as typed in a shell."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from argus_otel.detections import cross_run
from argus_otel.detections.findings import Severity
from argus_otel.sources.graphs.cli import COMMANDS
from argus_otel.sources.graphs.history import History
from argus_otel.sources.graphs.history.results import Run
from tests.typed import Typed

LISTS = {
    "runs": ((), ("support", "--outcome", "ok"), ("--found",), ("--service", "worker")),
    "findings": ((), ("support", "--severity", "error"), ("--by-cause",)),
    "evaluations": ((), ("judged", "--name", "grounded"), ("--by-node",)),
    "nodes": ((), ("changing",)),
    "baseline": (("changing", "--recent", "12"),),
}
TIMES = r"^\s*\d+\.\d+ m?s\s+\d+\.\d+ m?s "


def objects(graphs: Typed, *words: object) -> Any:
    ended = graphs(*words, "--format", "json")
    assert ended.code == 0, ended.err
    return json.loads(ended.out)


@pytest.mark.parametrize(("command", "more"), [(name, more) for name, each in LISTS.items() for more in each])
def test_every_list_in_every_format(graphs: Typed, command: str, more: tuple[str, ...]) -> None:
    told = {form: graphs(command, *more, "--format", form) for form in ("table", "json", "csv")}
    assert {each.code for each in told.values()} == {0}, told["table"].err
    found = json.loads(told["json"].out)
    lines = list(csv.DictReader(io.StringIO(told["csv"].out)))
    assert len(found) == len(lines) > 0
    assert list(lines[0]) == list(found[0])
    assert len(told["table"].out.splitlines()) == len(found) + 1


def test_json_has_what_the_api_returns(graphs: Typed, history: History) -> None:
    expected = [asdict(run) for run in history.runs()]
    found = objects(graphs, "runs", "--limit", 100)
    assert len(found) == len(expected) == 29
    for one, other in zip(found, expected, strict=True):
        assert datetime.fromisoformat(one.pop("begin")) == other.pop("begin")
        assert one == other


def test_a_table_of_runs(graphs: Typed, failed: Run) -> None:
    heads, line = graphs("runs", "support", "--outcome", "error").out.splitlines()
    names = ["id", "begin", "graph", "outcome", "duration", "steps", "models", "tools", "tokens", "findings"]
    assert heads.split() == names
    cells = re.split(r"\s{2,}", line)
    assert cells[0] == failed.id[:8]
    assert cells[2:4] == ["support", "error KeyError"]
    assert cells[5:] == ["3", "0", "0", "-", "2"]


def test_runs_of_a_thread(graphs: Typed) -> None:
    assert {run["thread"] for run in objects(graphs, "runs", "--thread", 42)} == {"42"}
    assert graphs("runs", "--thread", "' or 1=1").out == "No matching history.\n"
    assert graphs("runs", "no such graph").out == "No matching history.\n"


# -- a run


def test_a_run_as_a_tree(graphs: Typed, failed: Run) -> None:
    ended = graphs("show", failed.id[:8])
    assert (ended.code, ended.err) == (0, "")
    facts, _, tree = ended.out.partition("\n\n")
    told = dict(line.split(None, 1) for line in facts.splitlines())
    assert told["run"] == failed.id
    assert told["thread"] == "42"
    assert told["outcome"] == "error KeyError"
    assert len(told["trace"]) == 32
    head, *lines = tree.splitlines()
    assert re.fullmatch(r"support  error KeyError  \d+\.\d+ ms  3 steps", head)
    lines = [re.sub(TIMES, "", line).strip() for line in lines]
    assert lines == [
        "begin  duration",
        "├─ fetch  → search",
        "│  ! error: unknown_key docs",
        "│  ! info: no_update",
        "├─ search  wrote question: str of 1, score: float  → write",
        "│  ├─ finder: look  wrote score: float  → rank",
        "│  └─ finder: rank  → __end__",
        "│     ! info: no_update",
        "└─ write  error KeyError",
        "! error: key_missing docs, caused by fetch",
    ]


def test_a_run_with_calls_and_tokens(graphs: Typed) -> None:
    [run] = objects(graphs, "runs", "working")
    out = graphs("show", run["id"]).out
    assert "calls     2 of models, 2 of tools\n" in out
    assert "tokens    20 in, 4 out\n" in out
    assert "work  wrote answer: str of 3  called lookup, broken!  → __end__" in out
    assert "thinker: think  wrote answer: str of 3  → __end__" in out


def test_a_run_as_json(graphs: Typed, failed: Run) -> None:
    found = objects(graphs, "show", failed.id)
    assert found["run"]["id"] == failed.id
    assert [node["node"] for node in found["nodes"]] == ["fetch", "search", "look", "rank", "write"]
    assert found["nodes"][1]["written"] == {"question": ["str", 1], "score": ["float", -1]}
    assert {finding["rule"] for finding in found["findings"]} == {"unknown_key", "key_missing", "no_update"}


def test_a_run_that_was_evaluated(graphs: Typed) -> None:
    [run] = objects(graphs, "runs", "judged")
    lines = graphs("show", run["id"]).out.partition("\n\n")[2].splitlines()[2:]
    assert [re.sub(TIMES, "", line).strip() for line in lines] == [
        "├─ search  wrote docs: list of 1  → write",
        "│  * grounded: 0.75, good (It names 1 Main Street.)",
        "│  * sure: yes",
        "└─ write  wrote answer: str of 4  → __end__",
        "* refuses: 0, fail",
        "* fails failed itself: KeyError",
        "* helpfulness: 0.25, poor",
        "! error: evaluation_low refuses",
    ]
    found = objects(graphs, "show", run["id"])["evaluations"]
    assert [(each["name"], each["node"], each["score"], each["label"]) for each in found] == [
        ("grounded", "search", 0.75, "good"),
        ("sure", "search", None, "yes"),
        ("refuses", "write", 0.0, "fail"),
        ("fails", "write", None, None),
        ("helpfulness", "write", 0.25, "poor"),
    ]


def test_evaluations(graphs: Typed) -> None:
    heads, *lines = [line.split() for line in graphs("evaluations", "judged").out.splitlines()]
    assert heads == ["run", "time", "graph", "node", "name", "score", "label", "error"]
    assert [line[4:] for line in lines] == [
        ["write", "helpfulness", "0.25", "poor", "-"],
        ["write", "fails", "-", "-", "KeyError"],
        ["write", "refuses", "0.00", "fail", "-"],
        ["search", "sure", "-", "yes", "-"],
        ["search", "grounded", "0.75", "good", "-"],
    ]
    heads, *lines = [line.split() for line in graphs("evaluations", "--by-node").out.splitlines()]
    assert heads == ["graph", "node", "name", "evaluations", "failed", "mean", "labels"]
    assert ["judged", "write", "refuses", "1", "0", "0.00", "fail", "1"] in lines
    assert ["judged", "write", "fails", "1", "1", "-", "-"] in lines
    [grounded] = objects(graphs, "evaluations", "--by-node", "--name", "grounded")
    assert grounded == {
        "graph": "judged", "node": "search", "name": "grounded", "evaluations": 1, "failed": 0, "mean": 0.75,
        "labels": {"good": 1},
    }  # fmt: skip
    assert graphs("evaluations", "no such graph").out == "No matching history.\n"


def test_why_a_run_failed(graphs: Typed, failed: Run) -> None:
    ended = graphs("why", failed.id[:8])
    assert ended.code == 0
    assert ended.out.splitlines() == [
        f"run {failed.id} of support: error KeyError",
        "error: key_missing docs at write (step 3)",
        "    cause   fetch (step 1) wrote docs under another name (observed)",
        "    path    fetch → search → write",
        "    remedy  Let the node that caused it write the key; must_write declares that it has to.",
        "error: unknown_key docs at fetch (step 1)",
        "    remedy  Correct the name, or add the key to the state's schema.",
    ]
    assert {each["rule"] for each in objects(graphs, "why", failed.id)} == {"unknown_key", "key_missing", "no_update"}


def test_why_nothing_is_wrong(graphs: Typed) -> None:
    [run] = objects(graphs, "runs", "working")
    lines = graphs("why", run["id"]).out.splitlines()
    assert lines[0] == f"run {run['id']} of working: ok"


def test_findings_by_their_causes(graphs: Typed) -> None:
    heads, line = graphs("findings", "support", "--by-cause").out.splitlines()
    assert heads.split() == ["graph", "node", "kind", "rule", "key", "findings", "runs", "last"]
    assert line.split()[:7] == ["support", "fetch", "misnamed", "key_missing", "docs", "1", "1"]


def test_in_what_two_runs_differ(graphs: Typed, failed: Run, healthy: Run) -> None:
    lines = [re.split(r"\s{2,}", line) for line in graphs("diff", healthy.id[:8], failed.id[:8]).out.splitlines()]
    assert lines[0] == ["node", "subject", "one", "other"]
    assert ["-", "outcome", "ok", "error"] in lines
    assert ["fetch", "wrote docs", "list of 1", "nothing"] in lines
    assert ["write", "outcome", "ok", "error KeyError"] in lines
    assert graphs("diff", failed.id, failed.id).out == "The two runs do not differ.\n"
    assert objects(graphs, "diff", failed.id, failed.id) == []


# -- drift


def test_a_baseline(graphs: Typed) -> None:
    ended = graphs("baseline", "changing", "--recent", "12")
    assert ended.code == 0
    heads, *lines = [line.split() for line in ended.out.splitlines() if "baseline_latency" not in line]
    assert heads == ["rule", "node", "subject", "then", "now"]
    assert lines == [["baseline_key", "search", "docs", "100%", "0%"]]
    [found] = [each for each in objects(graphs, "baseline", "changing", "--recent", "12") if each["unit"] == "share"]
    assert found == {
        "rule": "baseline_key", "node": "search", "subject": "docs", "then": 1.0, "now": 0.0, "unit": "share"
    }  # fmt: skip


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_a_baseline_that_fails_in_ci(graphs: Typed, form: str) -> None:
    asked = ("baseline", "changing", "--recent", "12", "--format", form)
    told, ended = graphs(*asked), graphs(*asked, "--fail")
    assert (told.code, told.err) == (0, "")
    assert (ended.code, ended.out) == (1, told.out)
    assert ended.err.startswith("argus-otel graphs baseline: the last runs differ: baseline_key")
    assert "; explained by argus-otel graphs rules baseline_key" in ended.err


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_a_baseline_that_does_not_differ_fails_nothing(
    graphs: Typed, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(History, "baseline", lambda *_, **__: [])
    ended = graphs("baseline", "changing", "--fail", "--format", form)
    assert (ended.code, ended.err) == (0, "")


def test_what_is_only_worth_a_look_fails_nothing(graphs: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = tuple(replace(rule, severity=Severity.INFO) for rule in cross_run.RULES)
    monkeypatch.setattr(cross_run, "RULES", rules)
    ended = graphs("baseline", "changing", "--recent", "12", "--fail")
    assert (ended.code, ended.err) == (0, "")
    assert "baseline_key" in ended.out


def test_too_few_runs_for_a_baseline(graphs: Typed) -> None:
    ended = graphs("baseline", "support")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("argus-otel graphs baseline: too few runs of 'support' to compare")
    assert graphs("baseline", "support", "--fail") == ended


# -- what is wrong


@pytest.mark.parametrize("command", ["show", "why", "report"])
def test_an_unknown_run(graphs: Typed, command: str, failed: Run) -> None:
    unknown = "00000000" if not failed.id.startswith("00000000") else "11111111"
    ended = graphs(command, unknown)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == f"argus-otel graphs {command}: there is no run {unknown}; argus-otel graphs runs lists them\n"
    assert graphs("diff", failed.id, unknown).code == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "nothing"), "'nothing' is not the id of a run, nor its first letters, such as 5f0c7c52"),
        (("runs", "--since", "soon"), "--since is 'soon', but it has to be a date"),
        (("runs", "--limit", "0"), "'0' is not a whole number above 0"),
        (("runs", "--outcome", "bad"), "invalid choice: 'bad'"),
        (("baseline",), "the following arguments are required: GRAPH"),
        (("diff", "5f0c7c52"), "the following arguments are required: OTHER"),
    ],
)
def test_a_wrong_word_is_told(graphs: Typed, words: tuple[str, ...], said: str) -> None:
    ended = graphs(*words)
    assert ended.code == 2
    assert said in ended.err.splitlines()[-1]


def test_without_a_store_the_remedy_is_told(graphs: Typed, tmp_path: Path) -> None:
    ended = graphs("runs", "--store", f"chdb:{tmp_path / 'none'}")
    assert ended.code == 1
    assert "does not exist; name the store that history is written to" in ended.err


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_and_the_exit_codes(graphs: Typed, command: str) -> None:
    ended = graphs(command, "--help")
    assert ended.code == 0
    assert f"\nexamples:\n  argus-otel graphs {command}" in ended.out
    assert "Exit code 0; 1:" in " ".join(ended.out.split()) or command == "rules"
