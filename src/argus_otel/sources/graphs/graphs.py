"""Observed: runs of graphs, from the first step to the last. Signal: operation.

``batch`` and ``astream_events`` end in ``Pregel.invoke`` or ``astream`` and their like. The first, and ``ainvoke``,
read a stream to its end: so their run is current as long as they run, and the stream is left as it is. A stream that
others read is a generator, which runs in its consumer's context: so its run is current while a step is made, and never
across a ``yield``. Safe, because the originals get the same arguments, and what is sent or thrown into a generator
reaches it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextvars import Token
from typing import Any
from uuid import uuid4

from argus_otel.detections.findings import Finding
from argus_otel.sources.patches import Patch, PatchSet
from argus_otel.telemetry import AttributeValue, SpanKind, SpanRef, Telemetry, type_name

from . import attributes as a
from . import catalogue as c
from . import conventions as genai
from .configs import section
from .contexts import reset
from .genai_metrics import GenAIMetrics
from .judging import Judge, on_span
from .kinds import Kinds
from .levels import Level
from .outcomes import Exceptions, Outcome
from .records import Record, given_shapes, state_shapes
from .rows import Rows
from .runs import CURRENT, GraphRun, InterruptedThreads, NodeRun
from .streams import watched, watched_async

HOOK = "graphs"

_PACKAGE = "langgraph.pregel"


class Graphs:
    """Times runs of graphs.

    Parameters
    ----------
    activate:
        Called at the first run.
    judge:
        Judges runs; ``None`` for no detections.
    """

    def __init__(
        self,
        telemetry: Telemetry,
        hooks: PatchSet,
        exceptions: Exceptions,
        activate: Callable[[], None],
        judge: Judge | None,
        metrics: GenAIMetrics,
    ) -> None:
        self._judge = judge
        self._metrics = metrics
        self._telemetry = telemetry
        self._hooks = hooks
        self._activate = activate
        self._kinds = Kinds(telemetry)
        self._exceptions = exceptions
        self._waiting = InterruptedThreads()
        self._steps = telemetry.histogram(c.RUN_STEPS)
        self._resumes = telemetry.counter(c.RESUMES)
        self._interrupts = telemetry.counter(c.INTERRUPTS)
        self._end_shielded = telemetry.guard.shield(HOOK, self._end, 2)
        self._rows = Rows(telemetry)

    def patches(self) -> list[Patch]:
        """Return the hooks on what runs graphs, and on the steps of runs."""
        tick = "PregelLoop.tick"
        return [
            Patch(HOOK, _PACKAGE, "Pregel.invoke", self._wrap_invoke, _PACKAGE),
            Patch(HOOK, _PACKAGE, "Pregel.ainvoke", self._wrap_ainvoke, _PACKAGE),
            Patch(HOOK, _PACKAGE, "Pregel.stream", self._wrap_stream, _PACKAGE),
            Patch(HOOK, _PACKAGE, "Pregel.astream", self._wrap_astream, _PACKAGE),
            Patch("steps", f"{_PACKAGE}._loop", tick, self._wrap_tick, _PACKAGE, ((f"{_PACKAGE}.loop", tick),)),
        ]

    # -- what runs graphs

    def _wrap_invoke(self, original: Callable[..., Any]) -> Callable[..., Any]:
        begin, end = self._telemetry.guard.shield(HOOK, self._begin, 3), self._end_shielded

        def invoke(self: Any, *args: Any, **kwargs: Any) -> Any:
            run = begin(self, args, kwargs)
            if run is None:
                return original(self, *args, **kwargs)
            token = _enter(run, self)
            try:
                result = original(self, *args, **kwargs)
            except BaseException as error:
                _leave(run, token)
                end(run, error)
                raise
            _leave(run, token)
            end(run, None)
            return result

        return invoke

    def _wrap_ainvoke(self, original: Callable[..., Any]) -> Callable[..., Any]:
        begin, end = self._telemetry.guard.shield(HOOK, self._begin, 3), self._end_shielded

        async def ainvoke(self: Any, *args: Any, **kwargs: Any) -> Any:
            run = begin(self, args, kwargs)
            if run is None:
                return await original(self, *args, **kwargs)
            token = _enter(run, self)
            try:
                result = await original(self, *args, **kwargs)
            except BaseException as error:
                _leave(run, token)
                end(run, error)
                raise
            _leave(run, token)
            end(run, None)
            return result

        return ainvoke

    def _wrap_stream(self, original: Callable[..., Any]) -> Callable[..., Any]:
        begin = self._telemetry.guard.shield(HOOK, self._begin_stream, 3)

        def stream(self: Any, *args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            if _is_of_an_invocation(self):
                return original(self, *args, **kwargs)
            return watched(original(self, *args, **kwargs), lambda: begin(self, args, kwargs))

        return stream

    def _wrap_astream(self, original: Callable[..., Any]) -> Callable[..., Any]:
        begin = self._telemetry.guard.shield(HOOK, self._begin_stream, 3)

        def astream(self: Any, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            if _is_of_an_invocation(self):
                return original(self, *args, **kwargs)
            return watched_async(original(self, *args, **kwargs), lambda: begin(self, args, kwargs))

        return astream

    def _wrap_tick(self, original: Callable[..., Any]) -> Callable[..., Any]:
        ticked = self._telemetry.guard.shield("steps", _count_step, 2)
        note = self._telemetry.guard.shield("steps", _note_loop, 2)

        def tick(self: Any, *args: Any, **kwargs: Any) -> Any:
            run = CURRENT.get()
            if not isinstance(run, GraphRun):
                return original(self, *args, **kwargs)
            if run.loop is not self:
                note(run, self)
            more = original(self, *args, **kwargs)
            if more:
                ticked(run, self)
            return more

        return tick

    # -- a run

    def _begin_stream(self, graph: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Stream | None:
        run = self._begin(graph, args, kwargs)
        return None if run is None else _Stream(run, self._end_shielded)

    def _begin(self, graph: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> GraphRun | None:
        if not self._hooks.on:
            return None
        given = args[0] if args else kwargs.get("input")
        config = args[1] if len(args) > 1 else kwargs.get("config")
        self._activate()
        kind = self._kinds.of(graph)
        current = CURRENT.get()
        above = current if isinstance(current, NodeRun) else None
        run = GraphRun(kind, above, _thread_of(config, graph.config))
        telemetry = self._telemetry
        if telemetry.tracing is not None:
            run.level = Level()
        if above is not None:
            run.record = above.run.record
        elif self._judge is not None or telemetry.history is not None:
            run.record = Record()
            run.record.given = given_shapes(given, kind)
        if run.record is not None:
            run.record.graphs.setdefault(kind.name, kind.facts)
        if telemetry.history is not None and above is None:
            run.id = str(uuid4())
        kind.active.value += 1
        self._telemetry.guard.in_flight[run] = self._end_shielded
        resumed, before = self._resumed(run, given)
        if resumed:
            self._resumes[kind.name].value += 1
        if self._telemetry.tracing is not None:
            self._trace(run, before)
        return run

    def _resumed(self, run: GraphRun, given: Any) -> tuple[bool, SpanRef | None]:
        """Return whether a run goes on with an interrupted one, and the span of that one."""
        if run.above is not None or not (given is None or self._exceptions.is_resume(given)):
            return False, None
        waited, span = self._waiting.take(run.thread)
        return waited or given is not None, span

    def _trace(self, run: GraphRun, before: SpanRef | None) -> None:
        tracing, kind = self._telemetry.tracing, run.kind
        if tracing is None:
            return
        name = f"{kind.operation} {kind.name}"
        attributes: dict[str, AttributeValue] = kind.attributes
        if run.thread:
            attributes[genai.CONVERSATION.name] = run.thread
        if tracing.within():
            span = tracing.child(name, SpanKind.INTERNAL, attributes)
            if span is not None:
                run.trace_in(span)
                if before is not None:
                    span.add_link(before)
            return
        spec = c.AGENT_SPAN if kind.agent else c.WORKFLOW_SPAN
        rate = self._telemetry.rates.of(spec.rate_key, kind.name)
        run.trace_in(
            tracing.root(
                name, SpanKind.INTERNAL, lambda: attributes, rate=rate, links=() if before is None else (before,)
            )
        )

    def _count_stop(self, run: GraphRun) -> None:
        """Count the interrupt before or after nodes that has ended a run, which raises nothing."""
        loop, run.loop = run.loop, None
        if loop is None or loop.status not in ("interrupt_before", "interrupt_after"):
            return
        run.interrupted = True
        wanted = getattr(loop, loop.status)
        for task in loop.tasks.values():
            if task.name[:2] != "__" and (wanted == "*" or task.name in wanted):
                self._interrupts[(run.kind.name, task.name)].value += 1

    def _end(self, run: GraphRun, error: BaseException | None) -> None:
        self._telemetry.guard.in_flight.pop(run, None)
        if run.ended:  # the process is ending, or this is a forked child of it
            return
        kind = run.kind
        if error is not None:
            _leave_out_step(run)
        self._count_stop(run)
        kind.active.value -= 1
        outcome = self._exceptions.outcome(error)
        if outcome is Outcome.OK and run.interrupted:
            outcome = Outcome.INTERRUPTED
        trace = run.trace
        if outcome is Outcome.INTERRUPTED and run.above is None:
            self._waiting.add(run.thread, SpanRef.to(trace))
        error_type = type_name(error) if outcome.failed and error is not None else None
        seconds = run.settle()
        self._metrics.record_run(kind, error_type, seconds, trace, run.inference_calls, run.tool_calls)
        self._steps[(kind.name, outcome.value)].record(run.steps, trace)
        found: list[Finding] = []
        if run.above is None and self._judge is not None:
            found = self._telemetry.guard.run(HOOK, self._judge.judge, run, outcome, error, seconds) or []
        if run.above is None:
            self._telemetry.guard.run(HOOK, self._rows.add, run, outcome, error_type, seconds, found)
        run.record = run.level = None
        if run.span is not None:
            attributes: dict[str, AttributeValue] = {a.STEPS.name: run.steps, a.OUTCOME.name: outcome.value}
            attributes.update(on_span(found))
            if error_type is not None:  # without the exception, whose message may quote the state
                attributes[a.ERROR_TYPE.name] = error_type
            run.end_span(outcome.failed, attributes)


def _enter(run: GraphRun, graph: Any = None) -> Token[GraphRun | NodeRun | None]:
    """Make a run current. If it is that of ``graph``, which is invoked, the stream that this reads is its own."""
    run.invoked = graph
    if run.scope is not None:
        run.scope.attach()
    return CURRENT.set(run)


def _leave(run: GraphRun, token: Token[GraphRun | NodeRun | None]) -> None:
    reset(CURRENT, token)
    if run.scope is not None:
        run.scope.detach()


def _is_of_an_invocation(graph: Any) -> bool:
    """Whether a stream of a graph is that which an invocation of it reads; it is once."""
    run = CURRENT.get()
    if type(run) is not GraphRun or run.invoked is not graph:
        return False
    run.invoked = None
    return True


def _note_loop(run: GraphRun, loop: Any) -> None:
    """Keep the loop of a run that begins, the limit of its steps, and the shapes of the state that it begins with."""
    run.loop = loop
    run.limit = max(0, loop.stop - loop.step - 1)
    if run.record is not None and run.above is None and loop.checkpointer is not None:
        run.record.given = {**state_shapes(loop.channels, run.kind), **run.record.given}


def _count_step(run: GraphRun, loop: Any) -> None:
    """Count a step, unless nothing but the input is distributed in it."""
    for task in loop.tasks.values():
        if task.name[:2] != "__":
            run.steps += 1
            run.prepared = loop.step
            return


def _leave_out_step(run: GraphRun) -> None:
    """Leave out the last step if no node has begun in it, and LangGraph has taken none from its cache.

    LangGraph prepares a step before it hands on what the step before has written: then a stream may be left.
    """
    loop = run.loop
    if loop is not None and run.begun != run.prepared and not any(task.writes for task in loop.tasks.values()):
        run.steps -= 1


class _Stream:
    """A run, whose steps are those of a generator."""

    __slots__ = ("_run", "_end", "_token")

    def __init__(self, run: GraphRun, end: Callable[[GraphRun, BaseException | None], object]) -> None:
        self._run = run
        self._end = end
        self._token: Token[GraphRun | NodeRun | None] | None = None

    def enter(self) -> None:
        self._token = _enter(self._run)

    def leave(self) -> None:
        if self._token is not None:
            _leave(self._run, self._token)

    def see(self, item: Any) -> None:
        """Do nothing: what a graph yields is its state."""

    def end(self, error: BaseException | None) -> None:
        self._end(self._run, error)


def _thread_of(config: Any, bound: Any) -> str:
    """Return the ``thread_id`` of a configuration, or of the one that the graph is bound to; empty without."""
    for each in (config, bound):
        thread = section(each, "configurable").get("thread_id")
        if thread is not None:
            return str(thread)
    return ""
