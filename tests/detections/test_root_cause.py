"""Each case names the node that did it."""

from __future__ import annotations

from argus_otel.detections.facts import Promises, ToolFacts
from argus_otel.detections.findings import Cause, Confidence
from argus_otel.detections.root_cause import cause_of
from argus_otel.detections.rule import Habits

from .runs import Building

OBSERVED, DECLARED, INFERRED = Confidence.OBSERVED, Confidence.DECLARED, Confidence.INFERRED


def test_a_node_that_wrote_nothing_caused_that_a_later_one_lacks_its_key() -> None:
    run = Building()
    run.node("search")
    run.node("summarise", {"summary": "short"})
    symptom = run.fails("write", "docs")
    cause = cause_of(run.run, symptom, "docs")
    assert cause == Cause("search", 1, "missing", ("search", "summarise", "write"), INFERRED)


def test_a_node_that_wrote_an_empty_key() -> None:
    run = Building()
    run.node("search", {"docs": []})
    run.node("summarise", {"summary": "short"})
    cause = cause_of(run.run, run.fails("write", "docs", "IndexError"), "docs")
    assert (cause.node, cause.kind, cause.confidence) == ("search", "empty", OBSERVED)


def test_a_reducer_that_was_given_nothing_after_something_is_no_cause() -> None:
    for reduced, node in ((frozenset({"docs"}), "write"), (frozenset[str](), "again")):
        run = Building(reduced=reduced)
        run.node("search", {"docs": ["a"]})
        run.node("again", {"docs": []})
        assert cause_of(run.run, run.fails("write", "docs", "IndexError"), "docs").node == node


def test_a_node_that_wrote_a_key_under_another_name() -> None:
    run = Building()
    run.node("prepare", {"summary": "x"})
    run.node("search", {"summary": "y"}, unknown=("doc",))
    cause = cause_of(run.run, run.fails("write", "docs"), "docs")
    assert (cause.node, cause.kind) == ("search", "misnamed")


def test_the_same_through_a_graph_in_a_node() -> None:
    run = Building()
    run.graph("finder")
    finder = run.node("find")
    run.node("search", {"docs": []}, graph="finder", above=finder.number, after=())
    finder.written = run.run.nodes[-1].written
    cause = cause_of(run.run, run.fails("write", "docs", after=(finder.number,)), "docs")
    assert (cause.node, cause.kind, cause.path) == ("search", "empty", ("search", "find", "write"))


def test_a_node_within_a_graph_lacks_what_a_node_before_the_graph_left_out() -> None:
    run = Building()
    run.graph("writer")
    run.node("search", {"docs": None})
    writer = run.node("report")
    symptom = run.fails("write", "docs", graph="writer", above=writer.number, after=())
    cause = cause_of(run.run, symptom, "docs")
    assert (cause.node, cause.path) == ("search", ("search", "report", "write"))


def test_a_fan_in_where_one_branch_left_the_key_empty() -> None:
    run = Building()
    run.node("split", {"question": "x"})
    run.node("left", {"docs": []}, after=(0,))
    run.node("right", {"summary": "x"}, after=(0,))
    cause = cause_of(run.run, run.fails("join", "docs", after=(1, 2)), "docs")
    assert (cause.node, cause.path) == ("left", ("left", "join"))


def test_a_loop_whose_second_pass_drops_the_key() -> None:
    run = Building()
    run.node("search", {"docs": ["a"]})
    run.node("grade", {"summary": "poor"})
    run.node("search", {"docs": []})
    cause = cause_of(run.run, run.fails("write", "docs"), "docs")
    assert (cause.node, cause.step, cause.kind) == ("search", 3, "empty")


def test_a_good_writer_clears_what_was_before_it() -> None:
    run = Building()
    run.node("search", {"docs": []})
    run.node("retry", {"docs": ["a"]})
    symptom = run.fails("write", "docs")
    cause = cause_of(run.run, symptom, "docs")
    assert (cause.node, cause.kind) == ("write", "own")


def test_an_error_of_a_nodes_own_making_is_its_own() -> None:
    run = Building()
    run.node("search", {"docs": ["a"]})
    for key in ("docs", "colour", ""):
        cause = cause_of(run.run, run.fails("write", key, after=(0,)), key)
        assert (cause.node, cause.kind, cause.path) == ("write", "own", ("write",))


def test_what_a_node_must_write_is_declared() -> None:
    run = Building(Promises(must_write={"search": ["docs"]}))
    run.node("prepare")
    run.node("search", {"summary": "x"})
    cause = cause_of(run.run, run.fails("write", "docs"), "docs")
    assert (cause.node, cause.kind, cause.confidence) == ("search", "missing", DECLARED)


def test_what_a_node_has_always_written_is_a_habit() -> None:
    run = Building()
    run.node("prepare", {"question": "x"})
    run.node("search", {"summary": "x"})
    symptom = run.fails("write", "docs")
    cause = cause_of(run.run, symptom, "docs", Habits(writers={"docs": frozenset({"search"})}))
    assert (cause.node, cause.confidence) == ("search", INFERRED)


def test_a_node_that_went_on_after_a_tool_had_failed() -> None:
    run = Building()
    run.node("search", {"summary": "x"}, tools=(ToolFacts("lookup", 1, failed=True),))
    cause = cause_of(run.run, run.fails("write", "docs"), "docs")
    assert (cause.node, cause.kind) == ("search", "swallowed")


def test_a_wrong_type_by_the_schema() -> None:
    run = Building(types={"docs": frozenset({"list"})})
    run.node("search", {"docs": "a text"})
    cause = cause_of(run.run, run.fails("write", "docs", "TypeError"), "docs")
    assert (cause.node, cause.kind) == ("search", "mistyped")


def test_a_key_that_the_run_was_given() -> None:
    run = Building()
    run.node("prepare")
    cause = cause_of(run.run, run.fails("write", "question"), "question")
    assert (cause.node, cause.kind) == ("write", "own")


def test_a_node_that_went_on_after_a_model_had_failed() -> None:
    run = Building()
    run.node("prepare", {"question": "x"})
    run.node("search", {"summary": "sorry"}, model_failed=True)
    cause = cause_of(run.run, run.fails("write", "docs"), "docs")
    assert (cause.node, cause.kind, cause.confidence) == ("search", "swallowed", INFERRED)


def test_a_node_in_a_graph_in_a_node_that_left_the_key_out() -> None:
    run = Building()
    run.graph("finder")
    finder = run.node("find", {"summary": "x"})
    run.node("search", graph="finder", above=finder.number, after=())
    run.node("sum up", {"summary": "x"}, graph="finder", above=finder.number)
    cause = cause_of(run.run, run.fails("write", "docs", after=(finder.number,)), "docs")
    assert (cause.node, cause.kind, cause.path) == ("search", "missing", ("search", "find", "write"))


def test_what_a_graph_in_a_node_keeps_to_itself_clears_nobody() -> None:
    run = Building()
    run.graph("finder")
    run.node("plan", {"docs": []})
    finder = run.node("find", {"summary": "x"})
    run.node("search", {"docs": ["a"]}, graph="finder", above=finder.number, after=())
    cause = cause_of(run.run, run.fails("write", "docs", after=(finder.number,)), "docs")
    assert (cause.node, cause.kind) == ("plan", "empty")
