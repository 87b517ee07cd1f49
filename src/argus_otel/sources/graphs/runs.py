"""What is known of a run of a graph while it runs, and of the nodes in it."""

from __future__ import annotations

from collections import OrderedDict
from contextvars import ContextVar
from typing import Any

from argus_otel.detections.facts import ToolFacts
from argus_otel.telemetry import Operation, SpanRef

from .kinds import GraphKind, NodeKind
from .levels import Level
from .records import Record


class GraphRun(Operation):
    """One run of a graph.

    Attributes
    ----------
    kind:
        The graph.
    above:
        The node that called the graph; ``None`` at the top.
    thread:
        The ``thread_id`` of its configuration; empty without.
    id:
        That of a run at the top in history; empty while history is off.
    steps:
        How many steps it has had, with the last one that LangGraph has prepared.
    prepared, begun:
        LangGraph's number of that step, and of the last one in which a node has begun; -1 before the first.
    interrupted:
        Whether one of its nodes waits for a person.
    invoked:
        The graph, between its invocation and the beginning of the stream that this reads.
    loop:
        LangGraph's loop of the run, while it runs.
    limit:
        How many steps it may have; 0 before the first.
    record:
        What is kept of the run at the top until it ends; ``None`` without detections and history.
    level:
        Whose spans the next nodes are linked to; ``None`` without traces.
    inference_calls, tool_calls:
        How many calls of models and tools its nodes have made, without those of graphs that they call.
    """

    __slots__ = (
        "kind",
        "above",
        "thread",
        "id",
        "steps",
        "prepared",
        "begun",
        "interrupted",
        "invoked",
        "loop",
        "limit",
        "record",
        "level",
        "inference_calls",
        "tool_calls",
    )

    def __init__(self, kind: GraphKind, above: NodeRun | None, thread: str) -> None:
        super().__init__()
        self.kind = kind
        self.above = above
        self.thread = thread
        self.id = ""
        self.steps = 0
        self.prepared = self.begun = -1
        self.interrupted = False
        self.invoked: Any = None
        self.loop: Any = None
        self.limit = 0
        self.record: Record | None = None
        self.level: Level[SpanRef] | None = None
        self.inference_calls = 0
        self.tool_calls = 0


class NodeRun(Operation):
    """One run of a node.

    Attributes
    ----------
    kind:
        The node.
    run:
        The run of the graph that it is a part of.
    task:
        LangGraph's task; ``None`` once it has ended, since it holds the state.
    failed_attempts:
        The classes of the exceptions of attempts that failed; ``None`` without a retry policy.
    number:
        Its number among the nodes of the run at the top; -1 if nothing is kept of that.
    tools, called:
        The calls of tools in it, and the ids of those calls.
    model_failed:
        Whether its last call of a model has failed.
    """

    __slots__ = ("kind", "run", "task", "failed_attempts", "number", "tools", "called", "model_failed")

    def __init__(self, kind: NodeKind, run: GraphRun, task: Any) -> None:
        super().__init__()
        self.kind = kind
        self.run = run
        self.task = task
        self.failed_attempts: list[str] | None = None
        self.number = -1
        self.tools: list[ToolFacts] = []
        self.called: list[str] = []
        self.model_failed = False

    @property
    def step(self) -> int:
        """The step of the run that it runs in; 0 if LangGraph does not say."""
        return getattr(self.run.loop, "step", 0)

    def attempts(self, *, failed: bool) -> int:
        """Return how many attempts were made, of which the last one has failed or not."""
        return max(1, len(self.failed_attempts or ()) + (not failed))


CURRENT: ContextVar[GraphRun | NodeRun | None] = ContextVar("argus_otel.graph", default=None)
"""The run, or the node in it, that the context belongs to. LangGraph copies the context into its threads and tasks."""


def current_run() -> GraphRun | None:
    """Return the run that the context belongs to."""
    current = CURRENT.get()
    return current.run if isinstance(current, NodeRun) else current


def current_node() -> NodeRun | None:
    """Return the node that the context belongs to."""
    current = CURRENT.get()
    return current if isinstance(current, NodeRun) else None


class InterruptedThreads:
    """The spans of interrupted runs by thread, so that the runs that resume them are linked to them.

    Parameters
    ----------
    most:
        How many are remembered. A thread that is never resumed is forgotten in the end.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._spans: OrderedDict[str, SpanRef | None] = OrderedDict()

    def add(self, thread: str, span: SpanRef | None) -> None:
        """Note that a thread waits; ``span`` is that of its run, if it is sampled."""
        if thread:
            self._spans[thread] = span
            self._spans.move_to_end(thread)
            while len(self._spans) > self._most:
                self._spans.popitem(last=False)

    def take(self, thread: str) -> tuple[bool, SpanRef | None]:
        """Return whether a thread waited, and the span of the interrupted run; then it no longer waits."""
        if thread not in self._spans:
            return False, None
        return True, self._spans.pop(thread, None)
