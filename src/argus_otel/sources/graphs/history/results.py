"""Results of the queries: a frozen dataclass for each query, an instance for each row.

A field's metadata may name its unit, see :mod:`argus_otel.terminal.records`. Durations are in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

_SECONDS: dict[str, Any] = {"unit": "s"}


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a graph.

    Attributes
    ----------
    id:
        The first letters are enough to name it.
    end:
        When it ended.
    findings:
        How many rules found something, but for ``info``.
    input_tokens, output_tokens:
        ``None`` if no provider has said.
    """

    id: UUID
    end: datetime
    graph: str
    outcome: str
    error: str
    duration: float = field(metadata=_SECONDS)
    steps: int
    nodes: int
    inference_calls: int
    tool_calls: int
    input_tokens: int | None
    output_tokens: int | None
    findings: int
    thread: str
    trace_id: str
    service: str


@dataclass(frozen=True, slots=True)
class NodeRun:
    """A run of a node.

    Attributes
    ----------
    number:
        Its place in the run, from 0.
    after:
        The places of the nodes that led to it.
    above:
        The place of the node whose graph it is in; -1 at the top.
    written:
        The type and the length of each key that it wrote; -1 for what has no length.
    tools:
        The tools that it called; ``!`` after one that failed.
    """

    number: int
    graph: str
    node: str
    step: int
    outcome: str
    error: str
    duration: float = field(metadata=_SECONDS)
    attempts: int
    after: tuple[int, ...]
    above: int
    routes: tuple[str, ...]
    written: dict[str, tuple[str, int]]
    tools: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule has found in a run.

    Attributes
    ----------
    node, step:
        Where it shows; empty and 0 for the run as a whole.
    cause_node, cause_kind:
        Which node caused it, and what it did; empty if it shows where it is.
    path:
        The nodes from the cause to where it shows.
    """

    run: UUID
    end: datetime
    graph: str
    rule: str
    severity: str
    node: str
    step: int
    key: str
    cause_node: str
    cause_step: int
    cause_kind: str
    path: str
    confidence: str


@dataclass(frozen=True, slots=True)
class RunDetail:
    """A run with all that is known of it.

    Attributes
    ----------
    nodes:
        In the order in which they began.
    """

    run: Run
    nodes: tuple[NodeRun, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class NodeSummary:
    """How a node of a graph did in a range.

    Attributes
    ----------
    visits:
        How often it ran in a run of the graph, on average.
    p50, p95:
        Percentiles are right within 1 %.
    """

    graph: str
    node: str
    runs: int
    failed: int
    visits: float | None
    p50: float | None = field(metadata=_SECONDS)
    p95: float | None = field(metadata=_SECONDS)
    longest: float = field(metadata=_SECONDS)


@dataclass(frozen=True, slots=True)
class Drift:
    """Something in which recent runs of a graph differ from earlier ones.

    Attributes
    ----------
    rule:
        ``baseline_key``, ``baseline_type``, ``baseline_route``, ``baseline_error``, ``baseline_cost`` or
        ``baseline_latency``.
    subject:
        The key, the route, the class of an exception, or what is measured.
    then, now:
        The share of runs, or the median, of both.
    """

    graph: str
    rule: str
    node: str
    subject: str
    then: float
    now: float


@dataclass(frozen=True, slots=True)
class Difference:
    """Something in which two runs of a graph differ.

    Attributes
    ----------
    subject:
        What is compared: ``outcome``, ``visits``, ``wrote KEY``, ``duration``.
    """

    node: str
    subject: str
    one: str
    other: str
