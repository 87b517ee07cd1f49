"""Observed: runs of nodes, with attempts, routes and the keys that they write. Signal: operation.

LangGraph runs every task by ``run_with_retry`` or ``arun_with_retry``, in the node's own thread or task and context: a
span that is entered there is current in the node, and is left in the same frame. Safe, because the originals get the
same arguments; a node with a retry policy gets a copy of its task, whose runnable counts the attempts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any, cast

from argus_otel.detections.shapes import Shape, shapes_of
from argus_otel.sources.patches import Patch, PatchSet
from argus_otel.telemetry import AttributeValue, SpanKind, SpanRef, Telemetry, type_name

from . import attributes as a
from . import catalogue as c
from .kinds import NodeKind
from .levels import Level
from .outcomes import Exceptions, Outcome
from .records import Remarks, answer_of, key_of, messages_in, refused_tools, unknown_keys
from .runs import CURRENT, NodeRun
from .validation import Validation
from .validators import DECLARED
from .writings import Writing, sent_to, triggers_of

HOOK = "nodes"

_PACKAGE = "langgraph.pregel"

_MOST_KEYS = 32
"""How many keys and routes a span names."""

_MOST_LINKS = 32

_CHANNEL = cast("Callable[[tuple[str, Any]], str]", itemgetter(0))
_VALUE = cast("Callable[[tuple[str, Any]], Any]", itemgetter(1))


class Nodes:
    """Times runs of nodes."""

    def __init__(self, telemetry: Telemetry, hooks: PatchSet, exceptions: Exceptions, validation: Validation) -> None:
        self._validation = validation
        self._telemetry = telemetry
        self._hooks = hooks
        self._exceptions = exceptions
        self._routes = telemetry.counter(c.ROUTES)
        self._durations = telemetry.histogram(c.NODE_DURATION)
        self._failed = telemetry.counter(c.FAILED_ATTEMPTS)
        self._interrupts = telemetry.counter(c.INTERRUPTS)
        self._in_flight = telemetry.guard.in_flight
        self._cut_short = telemetry.guard.shield(HOOK, self._end_early, 2)

    def patches(self) -> list[Patch]:
        """Return the hooks on the two functions, where LangGraph's runner calls them by name."""
        new, old = f"{_PACKAGE}._runner", f"{_PACKAGE}.runner"
        return [
            Patch(HOOK, new, "run_with_retry", self._wrap, _PACKAGE, ((old, "run_with_retry"),)),
            Patch(HOOK, new, "arun_with_retry", self._wrap_async, _PACKAGE, ((old, "arun_with_retry"),)),
        ]

    def _wrap(self, original: Callable[..., Any]) -> Callable[..., Any]:
        begin = self._telemetry.guard.shield(HOOK, self._begin, 2)
        end = self._telemetry.guard.shield(HOOK, self._end, 3)
        gate = self._validation.gate

        def run_with_retry(task: Any, retry_policy: Any, *args: Any, **kwargs: Any) -> Any:
            node = None if task.name[:2] == "__" else begin(task, retry_policy)
            if node is None:
                return original(task, retry_policy, *args, **kwargs)
            token = CURRENT.set(node)
            try:
                result = original(node.task, retry_policy, *args, **kwargs)
                if DECLARED:
                    gate(node)
            except BaseException as error:
                CURRENT.reset(token)
                end(node, None, error)
                raise
            CURRENT.reset(token)
            end(node, result, None)
            return result

        return run_with_retry

    def _wrap_async(self, original: Callable[..., Any]) -> Callable[..., Any]:
        begin = self._telemetry.guard.shield(HOOK, self._begin, 2)
        end = self._telemetry.guard.shield(HOOK, self._end, 3)
        gate = self._validation.gate_async

        async def arun_with_retry(task: Any, retry_policy: Any, *args: Any, **kwargs: Any) -> Any:
            node = None if task.name[:2] == "__" else begin(task, retry_policy)
            if node is None:
                return await original(task, retry_policy, *args, **kwargs)
            token = CURRENT.set(node)
            try:
                result = await original(node.task, retry_policy, *args, **kwargs)
                if DECLARED:
                    await gate(node)
            except BaseException as error:
                CURRENT.reset(token)
                end(node, None, error)
                raise
            CURRENT.reset(token)
            end(node, result, None)
            return result

        return arun_with_retry

    # -- a node

    def _begin(self, task: Any, retry_policy: Any) -> NodeRun | None:
        current = CURRENT.get()
        if current is None or not self._hooks.on:
            return None
        run = current.run if isinstance(current, NodeRun) else current
        kind = run.kind.node(task.name)
        node = NodeRun(kind, run, task)
        if retry_policy or task.retry_policy:
            node.failed_attempts = []
            node.task = _with_proc(task, _Counting(task.proc, node.failed_attempts))
        kind.active.value += 1
        run.begun = node.step
        self._in_flight[node] = self._cut_short
        if run.record is not None:
            node.number = run.record.next_number()
        if run.level is not None:
            self._trace(node, run.level)
        return node

    def _trace(self, node: NodeRun, level: Level[SpanRef]) -> None:
        tracing, kind, task = self._telemetry.tracing, node.kind, node.task
        if tracing is not None:
            links = level.before(triggers_of(task.name, task.triggers))[:_MOST_LINKS]
            span = tracing.child(kind.span_name, SpanKind.INTERNAL, kind.attributes, links=links)
            if span is not None:
                node.trace_in(span)
                span.attach()

    def _end(self, node: NodeRun, result: Any, error: BaseException | None) -> None:
        self._in_flight.pop(node, None)
        if node.ended:  # the process is ending, or this is a forked child of it
            return
        kind, run, span = node.kind, node.run, node.span
        kind.active.value -= 1
        if span is not None:
            span.detach()
        duration = node.settle()
        writing: Writing | None = None
        sent: Sequence[str] = ()
        outcome, error_type = Outcome.OK, None
        if error is None:
            kind.ok.record(duration, None if span is None else node.trace)
        else:
            outcome, error_type = self._end_raising(node, error, duration)
        if node.failed_attempts:
            for failed in node.failed_attempts:
                self._failed[(kind.graph.name, kind.name, failed)].value += 1
        if outcome is Outcome.OK:
            writes = node.task.writes
            writing = kind.writings[tuple(map(_CHANNEL, writes))]
            for cell in writing.cells:
                cell.value += 1
            if writing.sends:
                sent = self._count_sent(kind, writes)
        if run.record is not None:
            self._keep(node, result, error, outcome, writing, sent, duration)
        # Without the exception, whose message may quote the state.
        if span is not None:
            reference = SpanRef.to(node.trace)
            if run.level is not None and writing is not None and reference is not None:
                run.level.wrote(reference, node.step, writing.leading, sent)
            node.end_span(outcome.failed, _ending(node, outcome, error_type, writing, sent))
        if DECLARED and outcome is Outcome.OK:
            self._validation.submit(node)
        node.task = None

    def _end_raising(self, node: NodeRun, error: BaseException, duration: float) -> tuple[Outcome, str | None]:
        kind, outcome = node.kind, self._exceptions.outcome(error)
        error_type = type_name(error) if outcome.failed else None
        self._durations[(kind.graph.name, kind.name, outcome.value, error_type)].record(duration, node.trace)
        if outcome is Outcome.INTERRUPTED:
            node.run.interrupted = True
            self._interrupts[(kind.graph.name, kind.name)].value += 1
        return outcome, error_type

    def _count_sent(self, kind: NodeKind, writes: Any) -> Sequence[str]:
        """Count and return to which nodes a node has sent something."""
        sent = sent_to(writes)
        for name in sent:
            self._routes[(kind.graph.name, kind.name, name)].value += 1
        return sent

    def _end_early(self, node: NodeRun, error: BaseException) -> None:
        """End a node that runs while the process ends."""
        self._end(node, None, error)

    def _keep(
        self,
        node: NodeRun,
        result: Any,
        error: BaseException | None,
        outcome: Outcome,
        writing: Writing | None,
        sent: Sequence[str],
        duration: float,
    ) -> None:
        """Keep what facts are made of until the run has ended."""
        record, writes = node.run.record, node.task.writes
        if record is None:
            return
        shapes: Sequence[Shape] = ()
        messages: Sequence[Any] = ()
        written = 0
        if writing is not None:
            shapes, written = shapes_of(map(_VALUE, writes)), len(writing.written)
            if writing.may_have_messages:
                messages = messages_in(writes)
        unknown = ()
        if type(result) is not dict or len(cast("dict[Any, Any]", result)) != written:
            unknown = unknown_keys(result, node.kind.graph)
        remarks = None
        if error is not None or unknown or messages or node.tools or node.failed_attempts or node.model_failed:
            remarks = _remarks(node, error, outcome, unknown, messages)
        record.add(node, duration, writing, shapes, sent, remarks)


def _remarks(
    node: NodeRun, error: BaseException | None, outcome: Outcome, unknown: tuple[str, ...], messages: Sequence[Any]
) -> Remarks:
    failed = outcome is Outcome.ERROR
    return Remarks(
        outcome.value,
        type_name(error) if error is not None and failed else "",
        key_of(error, node.kind.graph) if error is not None else "",
        unknown,
        node.attempts(failed=failed),
        [*node.tools, *refused_tools(messages, node.called, node.task.input)],
        answer_of(messages),
    )


def _ending(
    node: NodeRun, outcome: Outcome, error_type: str | None, writing: Writing | None, sent: Sequence[str]
) -> dict[str, AttributeValue]:
    routes = () if writing is None else (*writing.routes, *sent)
    found: dict[str, Any] = {a.OUTCOME.name: outcome.value}
    step = node.step
    if step:
        found[a.STEP.name] = step
    if node.failed_attempts:
        found[a.ATTEMPTS.name] = node.attempts(failed=outcome is Outcome.ERROR)
    if error_type is not None:
        found[a.ERROR_TYPE.name] = error_type
    if routes:
        found[a.ROUTES.name] = routes[:_MOST_KEYS]
    if writing is not None and writing.written:
        found[a.KEYS.name] = writing.written[:_MOST_KEYS]
    return found


def _with_proc(task: Any, proc: Any) -> Any:
    """Return a task with another runnable. Before 0.3, tasks are named tuples."""
    return task._replace(proc=proc) if hasattr(task, "_replace") else replace(task, proc=proc)


class _Counting:
    """A node's runnable, as LangGraph's retries see it: it notes the class of each exception."""

    __slots__ = ("_proc", "_failed")

    def __init__(self, proc: Any, failed: list[str]) -> None:
        self._proc = proc
        self._failed = failed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._proc, name)

    def invoke(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return self._proc.invoke(*args, **kwargs)
        except Exception as error:
            self._failed.append(type_name(error))
            raise

    async def ainvoke(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await self._proc.ainvoke(*args, **kwargs)
        except Exception as error:
            self._failed.append(type_name(error))
            raise

    async def astream(self, *args: Any, **kwargs: Any) -> Any:
        try:
            async for chunk in self._proc.astream(*args, **kwargs):
                yield chunk
        except Exception as error:
            self._failed.append(type_name(error))
            raise
