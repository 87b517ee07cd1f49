"""What nodes, models and tools write down of themselves. They know nothing of argus-otel."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from langgraph.errors import GraphInterrupt


@dataclass
class Ledger:
    """The books of the graphs. Times are in seconds.

    Attributes
    ----------
    attempts:
        How often the body of a node began, by graph and node.
    nodes:
        How often a node ran, with all attempts, by graph and node.
    failed:
        How often a body raised, by graph, node and class.
    node_seconds:
        How long bodies took, by graph and node.
    routes:
        What decided where a run goes on, by graph, node and next node.
    runs, run_seconds:
        Runs at the top by graph and outcome, and how long they took by graph.
    calls, tools:
        Calls of models and of tools, by name and the class of their exception, which is empty without.
    tool_seconds:
        How long calls of tools took, by name.
    firsts, gaps:
        By model: how long each first chunk took, and how long each other one came after the one before it.
    unreported:
        Calls whose usage was not reported, by model.
    tokens:
        By kind.
    checked:
        Calls of functions that check or judge what a node has written, and what nodes say themselves, by name.
    interrupts, resumes:
        By graph and node, and by graph.
    """

    attempts: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    nodes: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    failed: Counter[tuple[str, str, str]] = field(default_factory=Counter[tuple[str, str, str]])
    node_seconds: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    routes: Counter[tuple[str, str, str]] = field(default_factory=Counter[tuple[str, str, str]])
    runs: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    run_seconds: Counter[str] = field(default_factory=Counter[str])
    calls: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    tools: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    tool_seconds: Counter[str] = field(default_factory=Counter[str])
    firsts: dict[str, list[float]] = field(default_factory=dict[str, "list[float]"])
    gaps: dict[str, list[float]] = field(default_factory=dict[str, "list[float]"])
    unreported: Counter[str] = field(default_factory=Counter[str])
    tokens: Counter[str] = field(default_factory=Counter[str])
    checked: Counter[str] = field(default_factory=Counter[str])
    interrupts: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    resumes: Counter[str] = field(default_factory=Counter[str])

    @contextmanager
    def attempt(self, graph: str, node: str, *, first: bool = True) -> Iterator[None]:
        """Write down an attempt of a node; ``first`` is false if the node's retry policy has made it."""
        self.attempts[graph, node] += 1
        self.nodes[graph, node] += first
        began = time.perf_counter()
        try:
            yield
        except GraphInterrupt:
            self.interrupts[graph, node] += 1
            raise
        except Exception as error:
            self.failed[graph, node, type(error).__qualname__] += 1
            raise
        finally:
            self.node_seconds[graph, node] += time.perf_counter() - began

    def decides(self, graph: str, node: str, route: str) -> str:
        """Write down where a run goes on, and return it."""
        self.routes[graph, node, route] += 1
        return route

    @contextmanager
    def run(self, graph: str) -> Iterator[None]:
        """Write down how long a run took."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.run_seconds[graph] += time.perf_counter() - began

    @contextmanager
    def tool(self, name: str) -> Iterator[None]:
        """Write down one call of a tool."""
        began = time.perf_counter()
        error_type = ""
        try:
            yield
        except Exception as error:
            error_type = type(error).__qualname__
            raise
        finally:
            self.tools[name, error_type] += 1
            self.tool_seconds[name] += time.perf_counter() - began

    @contextmanager
    def call(self, model: str) -> Iterator[None]:
        """Write down one call of a model."""
        error_type = ""
        try:
            yield
        except Exception as error:
            error_type = type(error).__qualname__
            raise
        finally:
            self.calls[model, error_type] += 1
