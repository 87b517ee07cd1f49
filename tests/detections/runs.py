"""Facts of runs, written by hand: each node with what led to it and what it wrote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from argus_otel.detections.facts import GraphFacts, NodeFacts, Promises, RunFacts
from argus_otel.detections.shapes import shape_of

KEYS = frozenset({"question", "docs", "summary", "answer"})


class Building:
    """A run that is built node by node. Each node follows the one before it unless it says otherwise."""

    def __init__(self, promises: Promises | None = None, **more: Any) -> None:
        graph = GraphFacts("support", KEYS, promises=promises or Promises(), **more)
        self.run = RunFacts(graph, {"support": graph}, [], {"question": shape_of("who?")}, limit=25)

    def graph(self, name: str, keys: frozenset[str] = KEYS) -> None:
        self.run.graphs = {**self.run.graphs, name: GraphFacts(name, keys)}

    def node(self, name: str, written: Mapping[str, Any] | None = None, **more: Any) -> NodeFacts:
        number = len(self.run.nodes)
        given: dict[str, Any] = {"after": (number - 1,) if number else (), "graph": "support", **more}
        shapes = {key: shape_of(value) for key, value in (written or {}).items()}
        node = NodeFacts(number, name, given.pop("graph"), number + 1, written=shapes, **given)
        self.run.nodes.append(node)
        self.run.steps = number + 1
        if node.outcome != "ok":
            self.run.outcome = node.outcome
        return node

    def fails(self, name: str, key: str = "", error_type: str = "KeyError", **more: Any) -> NodeFacts:
        return self.node(name, outcome="error", error_type=error_type, error_key=key, **more)
