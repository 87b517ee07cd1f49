"""Runs that take longer or cost more than usual, and runs that do not end."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langgraph.graph import START, StateGraph
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, InMemoryLogRecordExporter

from argus_otel import graphs
from argus_otel.detections.percentile import FEWEST
from argus_otel.otel.events import OTelEvents
from argus_otel.testing import Observation, observe
from benchmarks.graphs.judged_graphs import Support, writes

from .test_calls import usage
from .test_evaluations import detections, in_a_row
from .test_runs import points

GIVEN: Any = {"question": "?"}


def found(observed: Observation) -> set[tuple[Any, ...]]:
    names = ("graph.detection.id", "graph.detection.severity", "graph.node.name")
    return {tuple(each.get(name) for name in names) for each in detections(observed)}


def test_a_node_that_is_slower_than_usual_and_its_run(observed: Observation) -> None:
    pause = [0.0]

    def search(_: Any) -> Any:
        time.sleep(pause[0])
        return {"docs": ["a"]}

    graph = in_a_row(search=search, write=writes(answer="x"))
    pause[0] = 0.15
    graph.invoke(GIVEN)
    assert found(observed) == set(), "nobody knows yet what is usual"
    pause[0] = 0.0
    for _ in range(FEWEST):
        graph.invoke(GIVEN)
    assert found(observed) == set()
    pause[0] = 0.15
    graph.invoke(GIVEN)
    assert found(observed) == {("slow", "info", "search"), ("long_run", "info", None)}


def test_a_run_that_costs_more_tokens_than_usual(observed: Observation) -> None:
    def answers() -> Iterator[AIMessage]:
        for _ in range(FEWEST):
            yield AIMessage("x", usage_metadata=usage(20, 10))  # type: ignore[arg-type]
        yield AIMessage("x", usage_metadata=usage(20, 200))  # type: ignore[arg-type]
        yield AIMessage("x")

    model = GenericFakeChatModel(messages=answers())
    graph = in_a_row(search=lambda _: {"answer": str(model.invoke("?").content)})
    for _ in range(FEWEST):
        graph.invoke(GIVEN)
    assert found(observed) == set()
    graph.invoke(GIVEN)
    assert found(observed) == {("costly", "info", None)}
    graph.invoke(GIVEN)
    assert len(detections(observed)) == 1, "unknown is not much"


# -- runs that do not end


class Held:
    """A graph whose second node does not return before it is let go."""

    def __init__(self, inner: bool = False) -> None:
        self.begun, self.let_go = threading.Event(), threading.Event()
        row = in_a_row(search=writes(docs=["a"]), wait=self._wait)
        outer = StateGraph(Support)
        outer.add_node("inner", row)
        outer.add_edge(START, "inner")
        self.graph = outer.compile(name="outer") if inner else row

    def _wait(self, _: Any) -> Any:
        self.begun.set()
        assert self.let_go.wait(30)
        return {"answer": "x"}

    def __enter__(self) -> Held:
        self._thread = threading.Thread(target=self.graph.invoke, args=(GIVEN,))
        self._thread.start()
        assert self.begun.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go.set()
        self._thread.join(10)


@pytest.fixture
def impatient() -> Iterator[Observation]:
    """A source to which a run that is open for a microsecond is stuck."""
    with observe("graphs", settings={"graphs_stuck_after": 1e-6}) as observation:
        yield observation


@pytest.mark.parametrize(("inner", "graph"), [(False, "judged"), (True, "outer")])
def test_a_run_that_does_not_end_is_found_once_with_its_open_node(
    impatient: Observation, inner: bool, graph: str
) -> None:
    with Held(inner):
        assert impatient.value("graph.runs.stuck") == 1
        assert impatient.value("graph.runs.stuck") == 1
        assert found(impatient) == {("run_stuck", "warn", "wait")}
        assert len(detections(impatient)) == 1
        names = ("graph.name", "graph.cause.node", "graph.detection.id", "graph.detection.severity")
        assert points(impatient, "graph.detections", *names) == {(graph, "wait", "run_stuck", "warn"): 1}
    assert impatient.value("graph.runs.stuck") == 0
    assert len(detections(impatient)) == 1
    (root,) = [span for span in impatient.spans() if span.parent is None]
    assert root.attributes is not None
    assert root.attributes["graph.detections"] == ("run_stuck",)
    assert [row["graph.detection.id"] for name, row, _ in impatient.rows if name == "graph.finding"] == ["run_stuck"]


def test_it_is_found_in_the_span_of_the_open_node(impatient: Observation) -> None:
    seen: list[Any] = []
    impatient.telemetry.add_event_sink(lambda _, __, span: seen.append(span))
    with Held():
        impatient.points()
    (node,) = [span for span in impatient.spans() if span.name == "invoke_node wait"]
    assert node.context is not None
    assert [span.span_id for span in seen] == [node.context.span_id]


def test_a_run_on_a_loop_that_does_not_end(impatient: Observation) -> None:
    async def go() -> None:
        begun, let_go = asyncio.Event(), asyncio.Event()

        async def wait(_: Any) -> Any:
            begun.set()
            await let_go.wait()
            return {"answer": "x"}

        running = asyncio.create_task(in_a_row(wait=wait).ainvoke(GIVEN))
        await begun.wait()
        impatient.points()
        let_go.set()
        await running

    asyncio.run(go())
    assert found(impatient) == {("run_stuck", "warn", "wait")}


def test_a_stream_that_nobody_reads_on_has_no_open_node(impatient: Observation) -> None:
    stream = in_a_row(search=writes(docs=["a"]), write=writes(answer="x")).stream(GIVEN, stream_mode="updates")
    next(stream)
    impatient.points()
    assert found(impatient) == {("run_stuck", "warn", None)}
    stream.close()


def test_a_rule_that_is_ignored_finds_none(impatient: Observation) -> None:
    graphs.graph("judged", ignore=["run_stuck"])
    with Held():
        assert impatient.value("graph.runs.stuck") == 1
    assert found(impatient) == set()


@pytest.mark.parametrize("settings", [{"graphs_stuck_after": 0.0}, {"graphs_detections": "off"}])
def test_never(settings: dict[str, object]) -> None:
    with observe("graphs", settings=settings) as observed, Held():
        assert "graph.runs.stuck" not in observed.points()
        assert found(observed) == set()


def test_a_run_that_is_young_is_not_stuck(observed: Observation) -> None:
    with Held():
        assert observed.value("graph.runs.stuck") == 0
    assert found(observed) == set()


def test_the_event_reaches_a_batch_of_log_records_from_within_a_collection(impatient: Observation) -> None:
    exporter = InMemoryLogRecordExporter()
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    impatient.telemetry.add_event_sink(OTelEvents(provider.get_logger("test")))
    done: list[Callable[[], Any]] = []
    with Held():
        collecting = threading.Thread(target=lambda: done.append(impatient.points), daemon=True)
        collecting.start()
        collecting.join(20)
        assert done, "it waits for a lock"
        done[0]()
    provider.force_flush()
    assert [record.log_record.event_name for record in exporter.get_finished_logs()] == ["graph.detection"]
    provider.shutdown()
