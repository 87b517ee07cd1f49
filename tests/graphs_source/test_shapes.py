"""In every shape, counts equal LangGraph's ledger, a run is one trace, and nothing stays in the caller's context."""

from __future__ import annotations

import contextvars
import re
from collections import Counter
from collections.abc import Callable

import pytest
from opentelemetry import trace

from argus_otel.sources.graphs.runs import CURRENT
from argus_otel.testing import Observation

from .running import Ran, ledger, run, run_async
from .shapes import ASYNC_SHAPES, SHAPES, Shape

ON_LOOPS = [each for each in (*SHAPES, *ASYNC_SHAPES) if each.name != "functional"]
RUNS = [
    *(pytest.param(each, run, id=f"{each} in a thread") for each in SHAPES),
    *(pytest.param(each, run_async, id=f"{each} on a loop") for each in ON_LOOPS),
]


def nodes_of(observed: Observation) -> Counter[str]:
    """Return how often each node ran, by the metric."""
    found: Counter[str] = Counter()
    for attributes, count in observed.points().get("graph.node.duration", ()):
        found[str(attributes["graph.node.name"])] += int(count)
    return found


def written(ran: Ran) -> str:
    """Return the results as text, without the ids that LangGraph draws."""
    return re.sub(r"[0-9a-f]{32}", "id", repr(ran.results))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_nodes_are_those_of_langgraphs_own_ledger(observed: Observation, shape: Shape) -> None:
    told = ledger(shape).tasks
    assert nodes_of(observed) == told
    assert observed.value("graph.nodes.active") == 0
    assert observed.value("graph.runs.active") == 0


@pytest.mark.parametrize(("shape", "run_shape"), RUNS)
def test_a_thread_and_an_event_loop_count_the_same(
    observed: Observation, shape: Shape, run_shape: Callable[[Shape], Ran]
) -> None:
    run_shape(shape)
    counted = nodes_of(observed)
    spans = Counter(span.name.removeprefix("invoke_node ") for span in observed.spans() if "invoke_node" in span.name)
    assert counted == spans
    if shape not in ASYNC_SHAPES:
        observed.handle.uninstall()
        assert counted == ledger(shape).tasks


@pytest.mark.parametrize(("shape", "run_shape"), RUNS)
def test_each_run_is_one_trace_without_orphans(
    observed: Observation, shape: Shape, run_shape: Callable[[Shape], Ran]
) -> None:
    run_shape(shape)
    spans = observed.spans()
    known = {span.context.span_id for span in spans}
    roots = [span for span in spans if span.parent is None]
    assert len(roots) == len(shape.inputs)
    assert all(span.name.startswith("invoke_workflow ") for span in roots)
    assert all(span.parent.span_id in known for span in spans if span.parent is not None)
    assert len({span.context.trace_id for span in spans}) == len(roots)


@pytest.mark.parametrize(("shape", "run_shape"), RUNS)
def test_nothing_is_left_in_the_callers_context(
    observed: Observation, shape: Shape, run_shape: Callable[[Shape], Ran]
) -> None:
    before = dict(contextvars.copy_context())
    run_shape(shape)
    assert CURRENT.get() is None
    assert not trace.get_current_span().get_span_context().is_valid
    assert dict(contextvars.copy_context()) == before


@pytest.mark.parametrize(("shape", "run_shape"), RUNS)
def test_the_program_gets_what_it_gets_without_us(
    observed: Observation, shape: Shape, run_shape: Callable[[Shape], Ran]
) -> None:
    with_us = run_shape(shape)
    observed.handle.uninstall()
    without = run_shape(shape)
    assert written(with_us) == written(without)
    if shape.raises is not None:
        assert with_us.results[-1][0] is shape.raises
