"""Questions to the history of real runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial

import pytest
from langgraph.types import Command

from argus_otel import graphs
from argus_otel.history.row import Row
from argus_otel.history.store.client import Store
from argus_otel.history.store.errors import NotFoundError
from argus_otel.history.store.time_range import QueryError
from argus_otel.sources.graphs.history import History
from argus_otel.sources.graphs.history.results import CauseSummary, NodeSummary, RecordedFinding, Run
from argus_otel.sources.graphs.promises import forget

from .. import shapes
from ..shapes import SHAPES, Shape
from .graphs import WIDE, nested, wide, working
from .recorded import of, rows_of

Stored = Callable[[list[Row]], "Asked"]


class Asked:
    """Questions to the history of one service."""

    def __init__(self, history: History, service: str) -> None:
        self._history = history
        self.run = history.run
        self.difference = history.difference
        self.runs: Callable[..., list[Run]] = partial(history.runs, service=service)
        self.findings: Callable[..., list[RecordedFinding]] = partial(history.findings, service=service)
        self.causes: Callable[..., list[CauseSummary]] = partial(history.causes, service=service)
        self.nodes: Callable[..., list[NodeSummary]] = partial(history.nodes, service=service)


@pytest.fixture
def stored(shared: Store, request: pytest.FixtureRequest) -> Stored:
    """Store rows as those of a service of the test's own, and return what answers of it."""

    def insert(rows: list[Row]) -> Asked:
        shared.insert([replace(row, service=request.node.name) for row in rows])
        return Asked(History(shared), request.node.name)

    return insert


def invoked(shape: Shape) -> Callable[[], object]:
    def run() -> None:
        graph = shape.build()
        for given in shape.inputs:
            graph.invoke(given, {**shape.config, "configurable": {"thread_id": "thread"}})

    return run


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_run_comes_back_as_it_was(stored: Stored, shape: Shape) -> None:
    rows = rows_of(invoked(shape))
    history = stored(rows)
    runs = history.runs()
    assert len(runs) == len(shape.inputs)
    assert [run.begin for run in runs] == sorted((run.begin for run in runs), reverse=True)
    nodes = [node for run in runs for node in history.run(run.id).nodes]
    names = [str(row.attributes["graph.node.name"]) for row in of(rows, "graph.node")]
    assert sorted(node.node for node in nodes) == sorted(names)
    for run in runs:
        detail = history.run(run.id)
        assert detail.run == run
        assert [node.number for node in detail.nodes] == sorted(node.number for node in detail.nodes)
        known = {node.number for node in detail.nodes}
        assert {before for node in detail.nodes for before in node.after} <= known
        assert {node.above for node in detail.nodes} <= {*known, -1}
        assert run.findings == len([finding for finding in detail.findings if finding.severity != "info"])
    assert sum(run.nodes for run in runs) == len(nodes)


def test_a_nested_run_with_its_cause(stored: Stored) -> None:
    history = stored(rows_of(lambda: nested().invoke({"question": "?"})))
    [run] = history.runs()
    assert (run.graph, run.outcome, run.error) == ("support", "error", "KeyError")
    assert (run.steps, run.nodes, run.findings, run.errors) == (3, 5, 2, 2)
    detail = history.run(run.id)
    assert [(node.graph, node.node, node.above, node.outcome) for node in detail.nodes] == [
        ("support", "fetch", -1, "ok"),
        ("support", "search", -1, "ok"),
        ("finder", "look", 1, "ok"),
        ("finder", "rank", 1, "ok"),
        ("support", "write", -1, "error"),
    ]
    look, rank = detail.nodes[2:4]
    assert (look.written, look.routes) == ({"score": ("float", -1)}, ("rank",))
    assert (rank.after, rank.written, rank.routes) == ((2,), {}, ("__end__",))
    finding = next(each for each in detail.findings if each.cause_node)
    assert (finding.rule, finding.key, finding.node, finding.number) == ("key_missing", "docs", "write", 4)
    assert (finding.cause_node, finding.cause_kind, finding.path) == ("fetch", "misnamed", "fetch → search → write")
    assert finding.run == run.id
    severities = [each.severity for each in detail.findings]
    assert severities == sorted(severities, key=["error", "warn", "info"].index)


def test_runs_by_graph_outcome_thread_and_finding(stored: Stored) -> None:
    rows = rows_of(
        lambda: nested().invoke({"question": "?"}, {"configurable": {"thread_id": "1"}}),
        lambda: nested(["a"]).invoke({"question": "?"}, {"configurable": {"thread_id": "2"}}),
        lambda: shapes.line().invoke({"n": 1}),
    )
    history = stored(rows)
    assert [run.graph for run in history.runs()] == ["line", "support", "support"]
    assert [run.thread for run in history.runs("support")] == ["2", "1"]
    assert [run.thread for run in history.runs(outcome="error")] == ["1"]
    assert [run.thread for run in history.runs(thread="2")] == ["2"]
    assert [run.thread for run in history.runs(found=True)] == ["1"]
    assert [run.graph for run in history.runs(limit=1)] == ["line"]
    assert history.runs("' or 1 = 1 -- ") == history.runs(service="other") == []
    tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
    assert history.runs(since=tomorrow) == []
    assert len(history.runs(until=tomorrow)) == 3


def test_an_interrupted_run_and_the_one_that_resumes_it_have_one_thread(stored: Stored) -> None:
    asks = shapes.asks()
    config = {"configurable": {"thread_id": "42"}}
    rows = rows_of(lambda: asks.invoke({"n": 0, "log": []}, config), lambda: asks.invoke(Command(resume="yes"), config))
    assert [run.outcome for run in stored(rows).runs(thread="42")] == ["ok", "interrupted"]


def test_a_run_is_named_by_its_first_letters(stored: Stored) -> None:
    history = stored(rows_of(*(lambda: shapes.line().invoke({"n": 1}) for _ in range(30))))
    for run in history.runs()[:3]:
        assert history.run(run.id[:13]).run == run
        assert history.run(run.id.upper()).run == run
    first = [run.id[0] for run in history.runs()]
    [common, *_] = [letter for letter in first if first.count(letter) > 1]  # of 30 ids, some begin with the same letter
    with pytest.raises(QueryError, match=f"several runs whose id begins with {common}; give more letters"):
        history.run(common)
    with pytest.raises(NotFoundError, match="there is no run 00000000-0000; argus-otel graphs runs lists them"):
        history.run("00000000-0000")
    for wrong in ("", "%", "xyz", "5f0c7c52' or 1=1"):
        with pytest.raises(QueryError, match="is not the id of a run"):
            history.run(wrong)


def test_findings_by_rule_and_severity_and_their_causes(stored: Stored) -> None:
    failing = [lambda: nested().invoke({"question": "?"})] * 3
    history = stored(rows_of(*failing, lambda: shapes.unknown_key().invoke({"n": 0})))
    assert {finding.rule for finding in history.findings()} == {"key_missing", "no_update", "unknown_key"}
    assert len(history.findings(severity="warn")) == 7
    assert len(history.findings(severity="error")) == 6
    assert len(history.findings(severity="error", limit=2)) == 2
    assert [finding.graph for finding in history.findings(rule="unknown_key")] == ["unknown key", *["support"] * 3]
    assert history.findings("other") == []
    [cause] = history.causes(severity="warn")
    assert (cause.graph, cause.node, cause.kind) == ("support", "fetch", "misnamed")
    assert (cause.rule, cause.key) == ("key_missing", "docs")
    assert (cause.findings, cause.runs) == (3, 3)
    assert history.causes("unknown key") == []
    with pytest.raises(QueryError, match="the severity is 'bad', but it has to be one of info, warn, error"):
        history.findings(severity="bad")


def test_nodes_by_what_they_took(stored: Stored) -> None:
    looping = [lambda: shapes.loop().invoke({"n": 0})] * 4
    rows = rows_of(*looping, lambda: nested().invoke({"question": "?"}))
    history = stored(rows)
    found = {(each.graph, each.node): each for each in history.nodes()}
    count = found["loop", "count"]
    assert (count.runs, count.failed, count.visits) == (12, 0, 3.0)
    durations = sorted(row.duration for row in of(rows, "graph.node") if row.attributes["graph.node.name"] == "count")
    assert count.p50 == pytest.approx(durations[5], rel=0.011)
    assert count.longest == durations[-1]
    assert (found["support", "write"].failed, found["finder", "look"].visits) == (1, None)
    totals = [each.runs * (each.p50 or 0) for each in history.nodes("support")]
    assert len(totals) == 3
    assert {each.graph for each in history.nodes("support")} == {"support"}


def test_tokens_and_calls(stored: Stored) -> None:
    history = stored(rows_of(lambda: working().invoke({"question": "?"})))
    [run] = history.runs()
    assert (run.inference_calls, run.tool_calls, run.input_tokens, run.output_tokens, run.tokens) == (2, 2, 20, 4, 24)
    assert history.run(run.id).nodes[0].tools == ("lookup", "broken!")


def test_a_run_of_many_nodes_and_keys(stored: Stored) -> None:
    history = stored(rows_of(lambda: wide(60, sends=1200).invoke(WIDE)))
    [run] = history.runs()
    detail = history.run(run.id)
    assert run.nodes == len(detail.nodes) == 1000
    fill = detail.nodes[0]
    assert fill.shape("a_key_of_some_length_3") == "int"
    assert fill.shape("…") == ""
    assert fill.routes == ("work; hard",)


def test_in_what_two_runs_differ(stored: Stored) -> None:
    rows = rows_of(
        lambda: nested(["a"]).invoke({"question": "?"}),
        lambda: nested(["a", "b"]).invoke({"question": "?"}),
        lambda: nested().invoke({"question": "?"}),
        lambda: shapes.line().invoke({"n": 1}),
    )
    history = stored(rows)
    other, failed, two, one = (run.id for run in history.runs())
    found = {(each.node, each.subject): (each.one, each.other) for each in history.difference(one, two)}
    found = {key: values for key, values in found.items() if key[1] != "duration"}
    assert found == {
        ("fetch", "wrote docs"): ("list of 1", "list of 2"),
        ("search", "wrote docs"): ("list of 1", "list of 2"),
        ("write", "wrote answer"): ("str of 1", "str of 3"),
    }
    told = {(each.node, each.subject): (each.one, each.other) for each in history.difference(one, failed)}
    assert told["", "outcome"] == ("ok", "error")
    assert told["", "error"] == ("", "KeyError")
    assert told["fetch", "wrote docs"] == ("list of 1", "nothing")
    assert told["write", "outcome"] == ("ok", "error KeyError")
    assert told["write", "routes"] == ("__end__", "")
    told = {(each.node, each.subject): (each.one, each.other) for each in history.difference(one, other)}
    assert told["", "graph"] == ("support", "line")
    assert told["finder: look", "visits"] == ("1", "0")
    assert history.difference(one, one) == []


def test_what_is_declared_is_as_sure_as_that(stored: Stored) -> None:
    graphs.graph("support", reads={"write": ["docs"]}, must_write={"fetch": ["docs"]})
    try:
        history = stored(rows_of(lambda: nested().invoke({"question": "?"})))
    finally:
        forget()
    assert {each.confidence for each in history.findings(rule="key_missing")} == {"declared"}
