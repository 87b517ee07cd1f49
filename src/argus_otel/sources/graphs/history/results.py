"""Results of the queries: a frozen dataclass for each query, an instance for each row.

A field's metadata may name its unit, see :mod:`argus_otel.terminal.records`. Durations are in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_SECONDS: dict[str, Any] = {"unit": "s"}
_ID: dict[str, Any] = {"unit": "short id"}


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a graph.

    Attributes
    ----------
    id:
        The first letters are enough to name it.
    begin:
        When it began.
    outcome:
        ``ok``, ``interrupted``, ``error``, ``cancelled``, ``abandoned`` or ``limit``.
    error:
        The class of the exception that ended it; empty for none.
    steps:
        In a step, nodes run at the same time.
    nodes, inference_calls, tool_calls:
        How many nodes ran, and how many calls of models and tools they made; those of graphs in nodes too.
    input_tokens, output_tokens:
        ``None`` if no provider has said.
    findings, errors:
        How many findings there are, but for ``info``, and how many of them are errors.
    thread:
        The ``thread_id`` of its configuration; empty without.
    trace_id:
        Of a run whose trace was sampled; else empty.
    """

    id: str = field(metadata=_ID)
    begin: datetime
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
    errors: int
    thread: str
    trace_id: str
    service: str

    @property
    def tokens(self) -> int | None:
        """Tokens of prompts and answers together; ``None`` if no provider has said."""
        told = [tokens for tokens in (self.input_tokens, self.output_tokens) if tokens is not None]
        return sum(told) if told else None


@dataclass(frozen=True, slots=True)
class NodeRun:
    """A run of a node.

    Attributes
    ----------
    number:
        Its place in the run, from 0.
    graph:
        The graph that it is a node of: the run's, or one in a node.
    began:
        How long after the run it began, in seconds.
    attempts:
        More than 1 under a retry policy only.
    after:
        The places of the nodes that led to it.
    above:
        The place of the node whose graph it is in; -1 at the top.
    routes:
        The nodes that it led to; ``__end__`` if nowhere.
    written:
        The class and the length of each key that it wrote; -1 for what has no length.
    tools:
        The tools that it called; ``!`` after one that failed.
    """

    number: int
    graph: str
    node: str
    step: int
    began: float = field(metadata=_SECONDS)
    duration: float = field(metadata=_SECONDS)
    outcome: str
    error: str
    attempts: int
    after: tuple[int, ...]
    above: int
    routes: tuple[str, ...]
    written: dict[str, tuple[str, int]]
    tools: tuple[str, ...]

    def shape(self, key: str) -> str:
        """Return class and length of a key that it wrote, in words: ``list of 3``; empty if that is not known."""
        kind, length = self.written[key]
        return kind if length < 0 else f"{kind} of {length}"


@dataclass(frozen=True, slots=True)
class RecordedFinding:
    """What a rule has found in a run.

    Attributes
    ----------
    run:
        The run's id.
    time:
        When it was recorded, at the run's end.
    severity:
        ``error``, ``warn`` or ``info``.
    node, step, number:
        Where it shows: the node, its step, and its place in the run; empty, 0 and -1 for the run as a whole.
    key:
        The key of the state, or the tool, that it is about; empty for none.
    cause_node, cause_step:
        Which node caused it; empty and 0 if it shows where it is.
    cause_kind:
        What that node did: ``empty``, ``mistyped``, ``misnamed``, ``missing``, ``swallowed`` or ``own``.
    path:
        The nodes from the cause to where it shows.
    confidence:
        From what the cause follows: ``declared``, ``observed`` or ``inferred``.
    """

    run: str = field(metadata=_ID)
    time: datetime
    graph: str
    rule: str
    severity: str
    node: str
    step: int
    number: int
    key: str
    cause_node: str
    cause_step: int
    cause_kind: str
    path: str
    confidence: str


@dataclass(frozen=True, slots=True)
class CauseSummary:
    """A node that caused findings.

    Attributes
    ----------
    kind:
        What it did; see :attr:`RecordedFinding.cause_kind`.
    findings, runs:
        How many findings it caused, and in how many runs.
    last:
        When it did so last.
    """

    graph: str
    node: str
    kind: str
    rule: str
    key: str
    findings: int
    runs: int
    last: datetime


@dataclass(frozen=True, slots=True)
class RecordedEvaluation:
    """What a validator, a judge or the program itself has said of what a node did.

    Attributes
    ----------
    run:
        The run's id.
    time:
        When it was said.
    graph:
        The graph that the node is in: the run's, or one in a node.
    node, step, number:
        The node, its step, and its place in the run; empty, 0 and -1 for the run as a whole.
    score, label:
        ``None`` if it has none.
    explanation:
        Empty unless content was captured; its first 500 characters.
    error:
        The class of the exception of a validator that has failed itself; else empty.
    """

    run: str = field(metadata=_ID)
    time: datetime
    graph: str
    node: str
    step: int
    number: int
    name: str
    score: float | None
    label: str | None
    explanation: str
    error: str


@dataclass(frozen=True, slots=True)
class EvaluationSummary:
    """How a node of a graph was evaluated in a range.

    Attributes
    ----------
    node:
        Empty for the run as a whole.
    evaluations, failed:
        How many there are, and how often the validator failed itself.
    mean:
        Of the scores; ``None`` without any.
    labels:
        How many have which label.
    """

    graph: str
    node: str
    name: str
    evaluations: int
    failed: int
    mean: float | None
    labels: dict[str, int]


@dataclass(frozen=True, slots=True)
class RunDetail:
    """A run with all that is known of it.

    Attributes
    ----------
    nodes:
        In the order in which they began.
    findings:
        The most severe first.
    evaluations:
        In the order in which they were made.
    """

    run: Run
    nodes: tuple[NodeRun, ...]
    findings: tuple[RecordedFinding, ...]
    evaluations: tuple[RecordedEvaluation, ...]


@dataclass(frozen=True, slots=True)
class NodeSummary:
    """How a node of a graph did in a range.

    Attributes
    ----------
    runs, failed:
        How often it ran, and how often it failed.
    visits:
        How often it ran in a run of the graph, on average; ``None`` for a graph that only ran in nodes of others.
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
class Difference:
    """Something in which two runs of a graph differ.

    Attributes
    ----------
    node:
        Empty for the runs as a whole; the name of a node in a graph in a node begins with that graph's.
    subject:
        What is compared: ``outcome``, ``visits``, ``wrote KEY``, ``duration``.
    """

    node: str
    subject: str
    one: str
    other: str
