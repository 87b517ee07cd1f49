"""Observed: runs of nodes, by LangChain's callbacks, where LangGraph has moved the function that runs a task.

Callbacks know when a node begins and ends, and nothing of its writes. They run beside the node, not around it: so what
it calls is not under its span, and no gate can stop it. :data:`LOST` says what there is not. Safe, because a handler
that raises is only logged.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import lru_cache
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers.context import register_configure_hook

from argus_otel.sources.patches import PatchSet
from argus_otel.telemetry import SpanKind, State, Telemetry, type_name

from . import attributes as a
from . import catalogue as c
from .configs import section
from .outcomes import Exceptions, Outcome
from .runs import NodeRun, current_run

HOOK = "nodes by callbacks"

LOST = (
    "LangChain's callbacks observe nodes: how often they run, for how long, and how they end. Gates stop nothing, and "
    "validators and judges do not run. Rules on nodes find nothing. There are no routes, failed attempts, keys, links "
    "between nodes, and rows of nodes in history. What a node calls or evaluates is counted for its run, tools for "
    "none; a graph in a node is a run of its own"
)
"""What is said of a process in which nodes are observed by callbacks."""

_MOST = 10_000
"""How many nodes that have begun are remembered. One whose end is never reported is forgotten in the end."""


class NodeCallbacks:
    """Times runs of nodes by callbacks."""

    def __init__(self, telemetry: Telemetry, hooks: PatchSet, exceptions: Exceptions) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._exceptions = exceptions
        self._durations = telemetry.histogram(c.NODE_DURATION)
        self._interrupts = telemetry.counter(c.INTERRUPTS)
        self._running: dict[UUID, NodeRun] = {}
        self.begin = telemetry.guard.shield(HOOK, self._begin, 3)
        self.end = telemetry.guard.shield(HOOK, self._end, 2)

    def install(self) -> None:
        """Be called for each node from now on. LangChain has no way to take a handler out: it is switched off."""
        _HANDLER.nodes = self
        self._telemetry.health.report(f"hook:{HOOK}", State.DEGRADED, f"{LOST}. Look for a newer argus-otel")
        _register()

    def _begin(self, name: str, run_id: UUID, above: UUID | None) -> None:
        run, around = current_run(), None if above is None else self._running.get(above)
        if run is None or not self._hooks.on:
            return
        if around is not None and around.kind.name == name:  # a part of the node
            return
        kind = run.kind.node(name)
        node = NodeRun(kind, run, None)
        kind.active.value += 1
        run.begun = node.step
        if len(self._running) >= _MOST:
            self.end(next(iter(self._running)), None)
        self._running[run_id] = node
        tracing = self._telemetry.tracing
        if tracing is not None:
            span = tracing.child(kind.span_name, SpanKind.INTERNAL, kind.attributes)
            if span is not None:
                node.trace_in(span)

    def _end(self, run_id: UUID, error: BaseException | None) -> None:
        node = self._running.pop(run_id, None)
        if node is None:
            return
        kind = node.kind
        kind.active.value -= 1
        outcome = self._exceptions.outcome(error)
        error_type = type_name(error) if outcome.failed and error is not None else None
        self._durations[(kind.graph.name, kind.name, outcome.value, error_type)].record(node.settle(), node.trace)
        if outcome is Outcome.INTERRUPTED:
            node.run.interrupted = True
            self._interrupts[(kind.graph.name, kind.name)].value += 1
        found = {a.OUTCOME.name: outcome.value}
        if error_type is not None:
            found[a.ERROR_TYPE.name] = error_type
        node.end_span(outcome.failed, found)


class _Handler(BaseCallbackHandler):
    run_inline = True
    nodes: NodeCallbacks | None = None

    @property
    def ignore_chat_model(self) -> bool:
        return True

    @property
    def ignore_llm(self) -> bool:
        return True

    def on_chain_start(self, serialized: Any, inputs: Any, **kwargs: Any) -> None:  # noqa: ARG002 - LangChain's
        name = kwargs.get("name")
        if (
            self.nodes is not None
            and name
            and name[:2] != "__"
            and section(kwargs, "metadata").get("langgraph_node") == name
        ):
            self.nodes.begin(name, kwargs["run_id"], kwargs.get("parent_run_id"))

    def on_chain_end(self, outputs: Any, **kwargs: Any) -> None:  # noqa: ARG002 - LangChain's
        if self.nodes is not None:
            self.nodes.end(kwargs["run_id"], None)

    def on_chain_error(self, error: BaseException, **kwargs: Any) -> None:
        if self.nodes is not None:
            self.nodes.end(kwargs["run_id"], error)


_HANDLER = _Handler()
_VARIABLE: ContextVar[Any] = ContextVar("argus_otel.node_callbacks", default=_HANDLER)
"""LangChain takes a handler from a variable. Its default is that of every thread."""


@lru_cache(maxsize=1)
def _register() -> None:
    """Have LangChain call the handler in every run; once in a process."""
    register_configure_hook(_VARIABLE, inheritable=True)
