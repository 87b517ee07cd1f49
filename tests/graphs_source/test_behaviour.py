"""The program gets what it gets without us: values of any kind, streams and checkpoints."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypedDict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langgraph.graph import START, StateGraph

from argus_otel.testing import Observation

from .running import Ran, _Kept, config_of
from .shapes import SHAPES, Shape

KEYS = st.text() | st.integers() | st.tuples(st.integers(), st.text()) | st.sampled_from(["\ud800", None, 1.5])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.just("\ud800"),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner) | st.sets(st.integers()) | st.tuples(inner, inner),
)


class State(TypedDict, total=False):
    value: Any


def deep() -> Any:
    value: list[Any] = []
    for _ in range(3000):
        value = [value]
    return value


def cycle() -> Any:
    value: dict[Any, Any] = {(1, "two"): 3}
    value["self"] = [value]
    return value


class Hostile:
    """Whose code must not run."""

    def __len__(self) -> int:
        raise AssertionError

    __bool__ = __eq__ = __hash__ = __repr__ = __iter__ = __reduce__ = __len__  # type: ignore[assignment]


def handed_on(value: Any) -> Any:
    """Return what a graph hands on of a value."""
    graph = StateGraph(State)
    graph.add_node("one", lambda _: {"value": value})
    graph.add_node("two", lambda state: {"value": state["value"]})
    graph.add_edge(START, "one")
    graph.add_edge("one", "two")
    return graph.compile(name="values").invoke({"value": None})["value"]


@given(VALUES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_any_value_is_handed_on_as_it_is(observed: Observation, value: Any) -> None:
    assert handed_on(value) is value
    assert not observed.telemetry.guard.faults


@pytest.mark.parametrize("make", [deep, cycle, Hostile, lambda: [Hostile()], lambda: {"a": Hostile()}])
def test_nothing_of_a_value_is_looked_at(observed: Observation, make: Callable[[], Any]) -> None:
    value = make()
    assert handed_on(value) is value
    assert not observed.telemetry.guard.faults
    assert observed.value("graph.node.duration") == 2


def streamed(shape: Shape) -> tuple[list[str], list[str]]:
    """Return what a shape streams, and the checkpoints that it leaves, as text without ids and times."""
    graph, ran, config = shape.build(), Ran(), config_of(shape)
    chunks: list[Any] = []
    for each in shape.inputs:
        with _Kept(ran):
            chunks += graph.stream(each, config, stream_mode=["values", "updates", "custom"], subgraphs=True)
    kept = list(graph.get_state_history(config)) if graph.checkpointer else []
    checkpoints = [(each.values, each.next, (each.metadata or {}).get("step"), each.tasks) for each in kept]
    # Nodes of one step, on several threads, end in any order.
    return sorted(map(_without_ids, [*chunks, ran.results])), sorted(map(_without_ids, checkpoints))


def _without_ids(value: Any) -> str:
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}", "id", repr(value))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_streams_and_checkpoints_are_the_same(observed: Observation, shape: Shape) -> None:
    with_us = streamed(shape)
    observed.handle.uninstall()
    assert with_us == streamed(shape)
