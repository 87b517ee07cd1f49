"""A run that is as earlier ones is not looked at again; whatever is wrong later is still found."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any, TypedDict

import pytest
from langgraph.errors import GraphRecursionError
from langgraph.graph import END, START, StateGraph

from argus_otel.testing import Observation


class State(TypedDict, total=False):
    fault: str
    docs: list[str]
    score: float
    answer: str
    again: int


UPDATES: dict[str, dict[str, Any]] = {
    "not_finite": {"docs": ["a"], "score": math.nan},
    "type_drift": {"docs": "a", "score": 1.0},
    "unknown_key": {"doc": ["a"], "score": 1.0},
    "key_missing": {"score": 1.0},
}


def build() -> Any:
    def search(state: State) -> dict[str, Any]:
        return UPDATES.get(state["fault"], {"docs": ["a"], "score": 1.0})

    def write(state: State) -> dict[str, Any]:
        if state["fault"] == "key_missing":
            return {"answer": state["docs"][0]}  # type: ignore[typeddict-item]
        return {"answer": "found", "again": state.get("again", 0) + (state["fault"] != "no_progress")}

    def route(state: State) -> str:
        return "write" if state["fault"] == "no_progress" or state["again"] < 2 else END

    graph = StateGraph(State)
    graph.add_node("search", search)
    graph.add_node("write", write)
    graph.add_edge(START, "search")
    graph.add_edge("search", "write")
    graph.add_conditional_edges("write", route, ["write", END])
    return graph.compile(name="usual")


def found(observed: Observation) -> set[str]:
    return {str(attributes["graph.detection.id"]) for name, attributes in observed.events if name == "graph.detection"}


@pytest.mark.parametrize("rule", [*UPDATES, "no_progress", "limit_reached"])
def test_what_goes_wrong_after_many_runs_without_a_fault_is_found(observed: Observation, rule: str) -> None:
    graph = build()
    for _ in range(10):
        graph.invoke({"fault": ""})
    assert found(observed) == set()
    fault = "no_progress" if rule == "limit_reached" else rule
    with suppress(KeyError, GraphRecursionError):
        graph.invoke({"fault": fault}, {"recursion_limit": 8})
    assert rule in found(observed)


@pytest.mark.parametrize("rule", list(UPDATES))
def test_what_goes_wrong_each_time_is_found_each_time(observed: Observation, rule: str) -> None:
    graph = build()
    for _ in range(4):
        with suppress(KeyError):
            graph.invoke({"fault": rule})
    counted = [
        value for attributes, value in observed.points()["graph.detections"] if attributes["graph.detection.id"] == rule
    ]
    assert sum(counted) == 4
