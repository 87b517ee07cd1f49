"""The graphs and nodes that have run, each with the cells that it counts in: a run looks none of them up again."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any
from weakref import WeakKeyDictionary

from argus_otel.detections.facts import GraphFacts
from argus_otel.detections.pace import longest
from argus_otel.detections.percentile import percentile_95
from argus_otel.telemetry import AttributeValue, Telemetry
from argus_otel.telemetry.histograms import HistogramCell

from . import attributes as a
from . import catalogue as c
from . import conventions as genai
from .configs import section
from .outcomes import Outcome
from .schema import allowed_types, converts, reduced_keys
from .writings import Writings

_MOST = 1000
"""How many nodes of a graph are kept: those of the functional API have any name."""

_AGENTS = ("langchain.agents.factory", "langgraph.prebuilt.chat_agent_executor")
"""The modules whose graphs are agents: their node that calls the model is defined there."""

_MODEL_NODES = ("model", "agent")


class NodeKind:
    """A node of a graph.

    Attributes
    ----------
    name, graph:
        Its own, and its graph.
    ok:
        The histogram cell of runs that end well.
    active:
        The cell of the number of those that run now.
    long:
        A duration above this, in seconds, is unusual.
    writings:
        What its writes mean.
    span_name, attributes:
        Of its span.
    """

    __slots__ = ("name", "graph", "ok", "active", "long", "writings", "span_name", "attributes")

    def __init__(self, telemetry: Telemetry, graph: GraphKind, name: str) -> None:
        self.name = name
        self.graph = graph
        self.ok = telemetry.histogram(c.NODE_DURATION)[(graph.name, name, Outcome.OK.value, None)]
        self.active = telemetry.counter(c.NODES_ACTIVE)[(graph.name, name)]
        self.long = inf
        self.writings = Writings(graph.keys, graph.followers, telemetry.counter(c.ROUTES), (graph.name, name))
        self.span_name = f"invoke_node {name}"
        self.attributes: dict[str, AttributeValue] = {a.GRAPH.name: graph.name, a.NODE.name: name}

    def learn_pace(self) -> float | None:
        """Return the 95th percentile of its durations in seconds; ``None`` before it is known."""
        usual = percentile_95(self.ok.boundaries, self.ok.read()[0])
        if usual is not None:
            self.long = longest(usual)
        return usual


class GraphKind:
    """A graph, as it was compiled.

    Attributes
    ----------
    name:
        Its name.
    agent:
        Whether ``create_agent`` or ``create_react_agent`` has made it.
    active:
        The cell of the number of runs that have not ended.
    keys:
        The keys of its state.
    has_schema:
        Whether these are those of a schema, so that other keys are lost.
    followers:
        Which nodes a write to a channel leads to, by the channel.
    facts:
        What rules know of it.
    ok:
        The histogram cells of runs without an error; ``None`` before the first.
    """

    __slots__ = (
        "name",
        "agent",
        "active",
        "keys",
        "has_schema",
        "followers",
        "facts",
        "ok",
        "_telemetry",
        "_nodes",
    )

    def __init__(self, telemetry: Telemetry, graph: Any) -> None:
        self.name: str = graph.name
        self.agent = _is_agent(graph)
        self.active = telemetry.counter(c.RUNS_ACTIVE)[self.name]
        schema: Mapping[str, Any] | None = getattr(getattr(graph, "builder", None), "channels", None)
        self.has_schema = bool(schema)
        self.keys = frozenset(name for name in schema or graph.channels if name[:2] != "__")
        self.followers = _followers(graph.nodes)
        self.facts = GraphFacts(
            self.name,
            self.keys,
            allowed_types(graph) if self.has_schema else {},
            self.agent,
            reduced=reduced_keys(graph),
            converts=converts(graph),
            nodes=frozenset(name for name in graph.nodes if name[:2] != "__" and self.has_schema),
        )
        self.ok: list[HistogramCell] | None = None
        self._telemetry = telemetry
        self._nodes: dict[str, NodeKind] = {}

    def node(self, name: str) -> NodeKind:
        """Return one of its nodes."""
        kind = self._nodes.get(name)
        if kind is None:
            if len(self._nodes) >= _MOST:
                self._nodes.clear()
            kind = self._nodes[name] = NodeKind(self._telemetry, self, name)
        return kind

    @property
    def operation(self) -> str:
        """The name of the operation in the GenAI conventions."""
        return "invoke_agent" if self.agent else "invoke_workflow"

    @property
    def attributes(self) -> dict[str, AttributeValue]:
        """The attributes of the spans of its runs."""
        return {genai.OPERATION.name: self.operation, genai.AGENT.name: self.name}


class Kinds:
    """All graphs that have run and are still there."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._graphs: WeakKeyDictionary[Any, GraphKind] = WeakKeyDictionary()

    def of(self, graph: Any) -> GraphKind:
        """Return what is known of a graph."""
        kind = self._graphs.get(graph)
        if kind is None or kind.name != graph.name:
            kind = self._graphs[graph] = GraphKind(self._telemetry, graph)
        return kind


def _is_agent(graph: Any) -> bool:
    if section(graph.config, "metadata").get("ls_integration") == "langchain_create_agent":
        return True
    for name in _MODEL_NODES:
        bound = getattr(graph.nodes.get(name), "bound", None)
        function = getattr(bound, "func", None) or getattr(bound, "afunc", None)
        if getattr(function, "__module__", None) in _AGENTS:
            return True
    return False


def _followers(nodes: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, node in nodes.items():
        for channel in node.triggers:
            found.setdefault(channel, []).append(name)
    return {channel: tuple(names) for channel, names in found.items()}
