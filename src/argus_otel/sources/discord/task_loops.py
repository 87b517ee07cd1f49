"""Observed: each iteration of a ``discord.ext.tasks`` loop, and how many loops run. Nouns: operation, counter.

``Loop._loop`` is the whole life of a loop's task. It runs as it is, on a stand-in for the loop that is the loop in
everything but ``coro``, the function that it repeats: so each iteration passes through us, those that discord.py will
retry too, while a direct call of the loop does not, and the loop itself is not changed. Safe, because the stand-in is
of the loop's class and has the loop's own ``__dict__``, the function gets the same arguments, and whatever it raises
passes through.

A loop outlives whoever starts it. Its iterations begin traces of their own, linked to the one it was started in.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from types import new_class
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import CounterCell, Operation, SpanRef, Telemetry

from .catalogue import ERROR_TYPE, TASK_DURATION, TASK_NAME, TASK_SPAN, TASKS_RUNNING
from .outcomes import failure_of
from .patches import Hooks, Patch

if TYPE_CHECKING:
    from discord.ext.tasks import Loop

HOOK = "task loops"

Watch = Callable[[Callable[..., Any], "Running"], Callable[..., Any] | None]
"""Returns a loop's function as it is to be called, or ``None`` where it cannot be watched."""


class Running:
    """A loop between its start and its end.

    Attributes
    ----------
    name:
        What it repeats, as metrics name it.
    origin:
        The trace that it was started in, where somebody will see that.
    cell:
        How many of that name run.
    """

    __slots__ = ("name", "origin", "cell")

    def __init__(self, name: str, origin: SpanRef | None, cell: CounterCell) -> None:
        self.name = name
        self.origin = origin
        self.cell = cell


class Iteration(Operation):
    """One run of the function that a loop repeats."""

    __slots__ = ("running",)

    def __init__(self, running: Running) -> None:
        super().__init__()
        self.running = running


class TaskLoops:
    """Times iterations, and counts loops that run."""

    def __init__(self, telemetry: Telemetry, hooks: Hooks) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._durations = telemetry.histogram(TASK_DURATION)
        self._running = telemetry.counter(TASKS_RUNNING)

    def patches(self) -> list[Patch]:
        """Return the hook on the life of a loop."""
        guard = self._telemetry.guard
        started, ended = guard.shield(HOOK, self._started), guard.shield(HOOK, self._ended)
        watch = guard.shield(HOOK, self._watch)

        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            async def _loop(self: Loop[Any], *args: Any, **kwargs: Any) -> Any:
                stand_in = started(self, watch)
                if stand_in is None:
                    return await original(self, *args, **kwargs)
                try:
                    return await original(stand_in, *args, **kwargs)
                finally:
                    ended(stand_in)

            return _loop

        package = "discord.ext.tasks"
        return [Patch(HOOK, package, "Loop._loop", make, package)]

    # -- the loop

    def _started(self, loop: Loop[Any], watch: Watch) -> _StandIn | None:
        if not self._hooks.on:
            return None
        name, origin = _name_of(loop), None
        tracing = self._telemetry.tracing
        if tracing is not None and (root := tracing.current_root()) is not None:
            origin = SpanRef.to(root)
            # The task has a context of its own, a copy of its starter's: it stays outside of that trace to its end.
            tracing.outside().attach()
        running = Running(name, origin, self._running[name])
        stand_in = _stand_in_for(loop, running, watch)
        running.cell.value += 1
        return stand_in

    def _ended(self, stand_in: _StandIn) -> None:
        stand_in.argus_otel_running.cell.value -= 1

    # -- its iterations

    def _watch(self, coro: Callable[..., Any], running: Running) -> Callable[..., Any]:
        around = self._telemetry.guard.around(HOOK, lambda *_: self._begin(running), self._end)
        return wraps(coro)(around(coro))  # discord.py's log lines name it

    def _begin(self, running: Running) -> Iteration | None:
        if not self._hooks.on:
            return None
        iteration = Iteration(running)
        tracing = self._telemetry.tracing
        if tracing is not None:
            name, origin = running.name, running.origin
            root = tracing.root(
                f"{TASK_SPAN.work} {name}",
                TASK_SPAN.kind,
                lambda: {TASK_NAME.name: name},
                rate=self._telemetry.rates.of(TASK_SPAN.rate_key, name),
                links=() if origin is None else (origin,),
            )
            iteration.trace_in(root)
            root.attach()
        return iteration

    def _end(self, iteration: Iteration, error: BaseException | None) -> None:
        error_type = None
        failure = failure_of(error)
        if failure is not None:
            iteration.record_error(failure)
            error_type = type(failure).__qualname__
        if iteration.scope is not None:
            iteration.scope.detach()
        trace = None if iteration.span is None else iteration.trace
        self._durations[iteration.running.name, error_type].record(iteration.settle(), trace)
        iteration.end_span(error_type is not None, None if error_type is None else {ERROR_TYPE.name: error_type})


class _StandIn:
    """A loop as ``Loop._loop`` sees it: mixed into the loop's class, and with the loop's own ``__dict__``."""

    __slots__ = ()

    argus_otel_running: Running
    argus_otel_watch: Watch
    argus_otel_watched: tuple[Callable[..., Any] | None, Callable[..., Any] | None]

    @property
    def coro(self) -> Callable[..., Any]:
        """The function that the loop repeats now, watched."""
        coro: Callable[..., Any] = self.__dict__["coro"]
        known, watched = self.argus_otel_watched
        if known is not coro:
            watched = self.argus_otel_watch(coro, self.argus_otel_running)
            self.argus_otel_watched = (coro, watched)
        return watched or coro


def _stand_in_for(loop: Loop[Any], running: Running, watch: Watch) -> _StandIn:
    stand_in: _StandIn = object.__new__(_stand_in_class(type(loop)))
    stand_in.__dict__ = loop.__dict__
    stand_in.argus_otel_running = running
    stand_in.argus_otel_watch = watch
    stand_in.argus_otel_watched = (None, None)
    return stand_in


@lru_cache(maxsize=16)
def _stand_in_class(kind: type[Any]) -> type[Any]:
    if any(base.__dict__.get("__slots__") for base in kind.__mro__):
        raise TypeError(f"{kind.__qualname__} has slots, which a loop and its stand-in cannot share")
    body = {"__slots__": ("argus_otel_running", "argus_otel_watch", "argus_otel_watched")}
    return new_class(kind.__name__, (_StandIn, kind), exec_body=lambda namespace: namespace.update(body))


def _name_of(loop: Loop[Any]) -> str:
    name: str = getattr(loop.coro, "__name__", type(loop.coro).__name__)
    cog = loop._injected
    return name if cog is None else f"{type(cog).__name__}.{name}"
