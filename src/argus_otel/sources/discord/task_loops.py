"""Observed: each iteration of a ``discord.ext.tasks`` loop, and how many loops run. Nouns: operation, counter.

``Loop._loop`` is the whole life of a loop's task. It runs as it is, on a stand-in for the loop that is the loop in
everything but ``coro``, the function that it repeats: so each iteration passes through us, those that discord.py will
retry too, while a direct call of the loop does not, and the loop itself is not changed. Safe, because the stand-in
hands everything else on, the function gets the same arguments, and whatever it raises passes through.

A loop outlives whoever starts it. Its iterations begin traces of their own, linked to the one it was started in.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import CounterCell, Operation, Reference, Telemetry

from .catalogue import ERROR_TYPE, TASK_DURATION, TASK_NAME, TASK_SPAN, TASKS_RUNNING
from .outcomes import failure_of
from .patches import Hooks, Patch

if TYPE_CHECKING:
    from discord.ext.tasks import Loop

HOOK = "task loops"


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

    def __init__(self, name: str, origin: Reference | None, cell: CounterCell) -> None:
        self.name = name
        self.origin = origin
        self.cell = cell


class Iteration(Operation):
    """One run of the function that a loop repeats."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


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
                running = started(self)
                if running is None:
                    return await original(self, *args, **kwargs)
                try:
                    return await original(_StandIn(self, running, watch), *args, **kwargs)
                finally:
                    ended(running)

            return _loop

        package = "discord.ext.tasks"
        return [Patch(HOOK, package, "Loop._loop", make, package)]

    # -- the loop

    def _started(self, loop: Loop[Any]) -> Running | None:
        if not self._hooks.on:
            return None
        name, origin = _name_of(loop), None
        tracing = self._telemetry.tracing
        if tracing is not None and (root := tracing.current_root()) is not None:
            origin = Reference.to(root)
            # The task has a context of its own, a copy of its starter's: it stays outside of that trace to its end.
            tracing.outside().enter()
        running = Running(name, origin, self._running[name])
        running.cell.value += 1
        return running

    def _ended(self, running: Running) -> None:
        running.cell.value -= 1

    # -- its iterations

    def _watch(self, coro: Callable[..., Any], running: Running) -> Callable[..., Any]:
        around = self._telemetry.guard.around(HOOK, lambda *_: self._begin(running), self._end)
        return wraps(coro)(around(coro))  # discord.py's log lines name it

    def _begin(self, running: Running) -> Iteration | None:
        if not self._hooks.on:
            return None
        iteration = Iteration(running.name)
        tracing = self._telemetry.tracing
        if tracing is not None:
            name, origin = running.name, running.origin
            iteration.span = tracing.root(
                f"{TASK_SPAN.work} {name}",
                TASK_SPAN.kind,
                lambda: {TASK_NAME.name: name},
                rate=self._telemetry.rates.of(TASK_SPAN.work, name),
                links=() if origin is None else (origin,),
            )
            iteration.span.enter()
        return iteration

    def _end(self, iteration: Iteration, error: BaseException | None) -> None:
        error_type = None
        failure = failure_of(error)
        if failure is not None:
            iteration.note(failure)
            error_type = type(failure).__qualname__
        span = iteration.span
        if span is not None:
            span.leave()
            if error_type is not None:
                span.set({ERROR_TYPE.name: error_type})
        duration = iteration.end(failed=error_type is not None)
        self._durations[iteration.name, error_type].record(duration, iteration.trace)


class _StandIn:
    """A loop as ``Loop._loop`` sees it: reads and writes are the loop's own, but for ``coro``."""

    __slots__ = ("_observed", "_running", "_watch", "_watched")

    _observed: Loop[Any]
    _running: Running
    _watch: Callable[[Callable[..., Any], Running], Callable[..., Any] | None]
    _watched: tuple[Callable[..., Any] | None, Callable[..., Any] | None]

    def __init__(
        self,
        loop: Loop[Any],
        running: Running,
        watch: Callable[[Callable[..., Any], Running], Callable[..., Any] | None],
    ) -> None:
        put = object.__setattr__
        put(self, "_observed", loop)
        put(self, "_running", running)
        put(self, "_watch", watch)
        put(self, "_watched", (None, None))

    @property
    def coro(self) -> Callable[..., Any]:
        """The function that the loop repeats now, watched."""
        coro: Callable[..., Any] = self._observed.coro
        known, watched = self._watched
        if known is not coro:
            watched = self._watch(coro, self._running)
            object.__setattr__(self, "_watched", (coro, watched))
        return watched or coro

    def __getattr__(self, name: str) -> Any:
        return getattr(self._observed, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._observed, name, value)


def _name_of(loop: Loop[Any]) -> str:
    name: str = getattr(loop.coro, "__name__", type(loop.coro).__name__)
    cog = loop._injected
    return name if cog is None else f"{type(cog).__name__}.{name}"
