"""What a watcher of graphs has recorded of a program, in the same form for each of them.

Of argus-otel and of instrumentations of OpenTelemetry's kind, it is read from the SDK's exporters in memory; of
argus-agents, from the files that it has written. Nothing of it is known beforehand.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from argus_otel.sources.graphs import promises
from argus_otel.testing import Observation, observe
from benchmarks.pairs import BARE

from .judged_graphs import NOTHING, Declared, declare
from .peers import PEERS

OURS = "argus-otel"
GENAI, OPENINFERENCE, ARGUS_AGENTS = (peer.name for peer in PEERS)
NAMES = (BARE, OURS, ARGUS_AGENTS, GENAI, OPENINFERENCE)


@dataclass(frozen=True)
class Run:
    """A run of a graph.

    Attributes
    ----------
    said:
        How it ended, in the words of the one that recorded it.
    ended:
        What these words mean: ``ok``, ``failed``, or ``unfinished`` for one that has neither ended well nor failed.
    id:
        By which its nodes, and runs that are linked to it, name it.
    thread:
        The conversation that it is said to be of; empty for none.
    linked:
        The ids of runs that it is said to follow.
    """

    said: str
    ended: str
    id: str
    thread: str = ""
    linked: Sequence[str] = ()


@dataclass(frozen=True)
class Node:
    """A run of a node.

    Attributes
    ----------
    path:
        The names of the nodes that it is recorded to be in, and its own.
    said, ended:
        As of a run.
    run:
        The id of the run at the top that it is recorded in.
    step:
        Which step of its graph it is said to have run in; empty if nothing is said.
    """

    path: Sequence[str]
    said: str
    ended: str
    run: str
    step: str = ""


@dataclass(frozen=True)
class Recorded:
    """Everything that was recorded.

    Attributes
    ----------
    level:
        The highest severity of what was found to be wrong: ``error`` fails the gate of tests, ``warn`` does not;
        ``none`` if nothing was found; empty for what finds nothing ever.
    found:
        What it is called, with its severity.
    text:
        All of it, as it leaves the process.
    modes:
        The access rights of the files that were left behind.
    """

    runs: Sequence[Run] = ()
    nodes: Sequence[Node] = ()
    level: str = ""
    found: Sequence[str] = ()
    text: str = field(default="", repr=False)
    modes: Sequence[str] = ()


class Recorder(Protocol):
    """What records.

    Attributes
    ----------
    gate:
        The options of pytest that let a test fail by what is found; ``None`` if there is no such gate.
    """

    gate: Sequence[str] | None

    def observed(self, graph: Any, declared: Declared = NOTHING) -> Any:
        """Return what is run instead of a graph of the name :data:`.judged_graphs.NAME`."""
        ...

    def recorded(self) -> Recorded:
        """Return what has been recorded since the last call."""
        ...


class _Bare:
    """Nothing records."""

    gate = None

    def observed(self, graph: Any, declared: Declared = NOTHING) -> Any:
        return graph

    def recorded(self) -> Recorded:
        return Recorded()


# -- spans


def _tree(
    spans: Sequence[ReadableSpan], is_node: Callable[[ReadableSpan], str]
) -> Iterator[tuple[Any, list[str], str]]:
    """Yield each span of a node, with its path and the id of the span at the top of it."""
    by_id = {span.context.span_id: span for span in spans}
    for span in spans:
        path = [is_node(span)]
        if not path[0]:
            continue
        above = span
        while above.parent is not None and above.parent.span_id in by_id:
            above = by_id[above.parent.span_id]
            name = is_node(above)
            if name:
                path.insert(0, name)
        yield span, path, str(above.context.span_id)


def _attribute(span: ReadableSpan, name: str) -> Any:
    return (span.attributes or {}).get(name, "")


_SEVERITIES = ("none", "info", "warn", "error")
_OUTCOMES = {"ok": "ok", "error": "failed", "limit": "failed"}


class _Ours:
    """argus-otel, with the settings that it has by itself."""

    gate = ("--argus-graphs",)

    def __init__(self, observation: Observation) -> None:
        self._observation = observation
        self._seen = self._told = self._stored = 0

    def observed(self, graph: Any, declared: Declared = NOTHING) -> Any:
        promises.forget()
        declare(declared)
        return graph

    def recorded(self) -> Recorded:
        it = self._observation
        if it.telemetry.guard.faults:
            raise RuntimeError(f"hooks failed: {it.telemetry.guard.faults}")
        it.handle.source.settle(10)  # type: ignore[union-attr]
        spans = it.spans()[self._seen :]
        self._seen = len(it.spans())
        events, self._told = it.events[self._told :], len(it.events)
        rows, self._stored = it.rows[self._stored :], len(it.rows)
        found = [
            (str(of["graph.detection.severity"]), str(of["graph.detection.id"]))
            for name, of in events
            if name == "graph.detection"
        ]
        levels = ["none", *(severity for severity, _ in found)]
        return Recorded(
            [self._run(span) for span in spans if span.parent is None and span.name.startswith("invoke_")],
            [
                Node(path, _attribute(span, "graph.outcome"), _ended(span), top, str(_attribute(span, "graph.step")))
                for span, path, top in _tree(spans, _our_node)
            ],
            max(levels, key=_SEVERITIES.index),
            [f"{rule} ({severity})" for severity, rule in dict.fromkeys(found)],
            "\n".join([*(span.to_json() for span in spans), repr(events), repr(rows), repr(it.points())]),
        )

    def _run(self, span: ReadableSpan) -> Run:
        linked = [str(link.context.span_id) for link in span.links]
        thread = _attribute(span, "gen_ai.conversation.id")
        return Run(_attribute(span, "graph.outcome"), _ended(span), str(span.context.span_id), thread, linked)


def _ended(span: ReadableSpan) -> str:
    return _OUTCOMES.get(_attribute(span, "graph.outcome"), "unfinished")


def _our_node(span: ReadableSpan) -> str:
    return _attribute(span, "graph.node.name") if span.name.startswith("invoke_node ") else ""


class _Spans:
    """An instrumentation of OpenTelemetry's kind, with the settings that it has by itself.

    Parameters
    ----------
    is_node:
        Returns the name of the node whose span it is; empty for another span.
    thread:
        The attribute that has the conversation.
    unset:
        What a span without a status means: ``ok`` if those that end well have none.
    """

    gate = None

    def __init__(
        self, instrumentor: Any, is_node: Callable[[ReadableSpan], str], thread: str, unset: str = "unfinished"
    ) -> None:
        self._unset = unset
        self._exporter = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        self._is_node = is_node
        self._thread = thread
        tracers = TracerProvider(shutdown_on_exit=False)
        tracers.add_span_processor(SimpleSpanProcessor(self._exporter))
        meters = MeterProvider([self._reader], shutdown_on_exit=False)
        instrumentor.instrument(tracer_provider=tracers, meter_provider=meters, skip_dep_check=True)

    def observed(self, graph: Any, declared: Declared = NOTHING) -> Any:
        return graph

    def recorded(self) -> Recorded:
        spans = self._exporter.get_finished_spans()
        self._exporter.clear()
        metrics = self._reader.get_metrics_data()
        return Recorded(
            [
                Run(*self._status(span), str(span.context.span_id), _attribute(span, self._thread))
                for span in spans
                if span.parent is None
            ],
            [
                Node(path, *self._status(span), top, _step(_attribute(span, "metadata")))
                for span, path, top in _tree(spans, self._is_node)
            ],
            text="\n".join([*(span.to_json() for span in spans), metrics.to_json() if metrics else ""]),
        )

    def _status(self, span: ReadableSpan) -> tuple[str, str]:
        word = span.status.status_code.name
        return word, {"OK": "ok", "ERROR": "failed"}.get(word, self._unset)


def _no_node(_: ReadableSpan) -> str:
    return ""


def _openinference_node(span: ReadableSpan) -> str:
    """Return the node of a span: such a one has the node's name, and its metadata too."""
    name = json.loads(_attribute(span, "metadata") or "{}").get("langgraph_node")
    return name if name == span.name else ""


def _step(metadata: str) -> str:
    return str(json.loads(metadata or "{}").get("langgraph_step", ""))


# -- files


_NOT_OK = ("crashed", "silent_failure", "semantic_fail")
_NODE_OK = ("pass", "retried", "skipped")


class _ArgusAgents:
    """argus-agents by its ``ArgusRecorder``, without a key: no model judges."""

    gate = ("--argus",)

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def observed(self, graph: Any, declared: Declared = NOTHING) -> Any:
        from argus.recorder import ArgusRecorder  # type: ignore[import-not-found]

        readers: dict[str, dict[str, Any]] = {}
        for node, keys in declared.reads.items():
            for key in keys:
                may_lack = key in declared.allow_empty
                it = readers.setdefault(key, {"readers": [], "allow_empty": may_lack, "required": not may_lack})
                it["readers"].append(node)
        validators = {node: _checked(node, validate) for node, validate in declared.validators.items()}
        return ArgusRecorder(semantic_judge=False, consumers=readers, validators=validators).attach(graph)

    def recorded(self) -> Recorded:
        from argus.check import evaluate_run  # type: ignore[import-not-found]
        from argus.storage import load_run  # type: ignore[import-not-found]

        files = sorted(file for file in self._directory.rglob("*") if file.is_file())
        records = [load_run(file.stem) for file in sorted(self._directory.glob(".argus/runs/*.json"))]
        records.sort(key=lambda record: record.started_at)
        gates = [evaluate_run(record) for record in records]
        strict = [evaluate_run(record, strict="warn_as_fail") for record in records]
        found = [each for record in records for each in record.findings if each.severity != "info"]
        warned = found or not all(gate.passed for gate in strict)
        recorded = Recorded(
            [self._run(record) for record in records],
            [
                Node([step.node_name], step.status, _node_ended(step.status), record.run_id, step.superstep or "")
                for record in records
                for step in record.steps
            ],
            "error" if not all(gate.passed for gate in gates) else "warn" if warned else "none",
            list(dict.fromkeys(f"{each.type} ({each.severity})" for each in found)),
            "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files),
            [f"{file.stat().st_mode & 0o777:04o}" for file in files],
        )
        for file in files:
            file.unlink()
        return recorded

    def _run(self, record: Any) -> Run:
        said = record.overall_status
        if said in _NOT_OK:
            return Run(said, "failed", record.run_id, linked=_parent(record))
        if said == "clean" and not record.complete:
            return Run(f"clean, not complete: {record.end_reason}", "unfinished", record.run_id)
        return Run(said, "ok" if said == "clean" else "unfinished", record.run_id, linked=_parent(record))


def _parent(record: Any) -> list[str]:
    return [record.parent_run_id] if record.parent_run_id else []


def _node_ended(status: str) -> str:
    if status in _NODE_OK:
        return "ok"
    return "unfinished" if status == "interrupted" else "failed"


def _checked(node: str, validate: Callable[[str, Any], Any]) -> Callable[[Any], tuple[bool, str]]:
    """Return a validator in the form of argus-agents."""

    def check(update: Any) -> tuple[bool, str]:
        try:
            return validate(node, update) is not False, "refused"
        except AssertionError:
            return False, "refused"

    return check


@contextmanager
def recorder(name: str, directory: Path) -> Iterator[Recorder]:
    """Let a variant record.

    Parameters
    ----------
    directory:
        An empty one, for what leaves files behind. It becomes the current one.

    Raises
    ------
    ImportError
        The variant is not installed.
    """
    os.chdir(directory)
    if name == OURS:
        with observe("graphs") as observation:
            yield _Ours(observation)
    elif name == ARGUS_AGENTS:
        import argus.recorder  # type: ignore[import-not-found]  # noqa: F401

        yield _ArgusAgents(directory)
    elif name == GENAI:
        from opentelemetry.instrumentation.genai.langchain import LangChainInstrumentor  # type: ignore[import-not-found]

        yield _Spans(LangChainInstrumentor(), _no_node, "gen_ai.conversation.id", unset="ok")
    elif name == OPENINFERENCE:
        from openinference.instrumentation.langchain import LangChainInstrumentor  # type: ignore[import-not-found]

        yield _Spans(LangChainInstrumentor(), _openinference_node, "session.id")
    else:
        yield _Bare()
