"""Observed: iterations of ``discord.ext.tasks`` loops, and running loops. Signals: operation, up-down counter.

``Loop._loop`` runs for as long as a loop's task, and awaits ``self.coro`` for each iteration. The hook calls the
unchanged ``_loop`` with a stand-in as ``self``, which differs from the loop in nothing but ``coro``. So each iteration
is observed, including those that discord.py will retry. Wrapping ``coro`` on the loop itself would also observe direct
calls of the loop, and the bot would see the wrapper. Safe, because the stand-in's class derives from the loop's class
and its ``__dict__`` is the loop's own, the function gets the same arguments, and its exceptions pass through.

A loop outlives the handler that starts it. Its iterations begin traces of their own, linked to the trace that started
the loop.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from types import new_class
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import CounterCell, Operation, SpanRef, Telemetry

from .attributes import ERROR_TYPE, TASK_NAME
from .catalogue import TASK_DURATION, TASK_SPAN, TASKS_RUNNING
from .outcomes import failure_of
from .patches import Patch, PatchSet

if TYPE_CHECKING:
    from discord.ext.tasks import Loop

HOOK = "task loops"

Wrap = Callable[[Callable[..., Any], "RunningLoop"], Callable[..., Any] | None]
"""Returns a loop's function wrapped, or ``None`` if that fails."""


class RunningLoop:
    """A loop between its start and its end.

    Attributes
    ----------
    name:
        The name of the function that it repeats, as metrics have it.
    origin:
        The trace that it was started in, if that is sampled.
    cell:
        Counts the running loops of that name.
    """

    __slots__ = ("name", "origin", "cell")

    def __init__(self, name: str, origin: SpanRef | None, cell: CounterCell) -> None:
        self.name = name
        self.origin = origin
        self.cell = cell


class Iteration(Operation):
    """One run of the function that a loop repeats."""

    __slots__ = ("loop",)

    def __init__(self, loop: RunningLoop) -> None:
        super().__init__()
        self.loop = loop


class TaskLoops:
    """Times iterations, and counts loops that run."""

    def __init__(self, telemetry: Telemetry, hooks: PatchSet) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._durations = telemetry.histogram(TASK_DURATION)
        self._running = telemetry.counter(TASKS_RUNNING)

    def patches(self) -> list[Patch]:
        """Return the hook on the life of a loop."""
        guard = self._telemetry.guard
        started, ended = guard.shield(HOOK, self._started), guard.shield(HOOK, self._ended)
        wrap = guard.shield(HOOK, self._wrap)

        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            async def _loop(self: Loop[Any], *args: Any, **kwargs: Any) -> Any:
                stand_in = started(self, wrap)
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

    def _started(self, loop: Loop[Any], wrap: Wrap) -> _StandIn | None:
        if not self._hooks.on:
            return None
        name, origin = _name_of(loop), None
        tracing = self._telemetry.tracing
        if tracing is not None and (root := tracing.current_root()) is not None:
            origin = SpanRef.to(root)
            # The task has its own context, a copy of the starter's, so that this holds until the task ends.
            tracing.outside().attach()
        running = RunningLoop(name, origin, self._running[name])
        stand_in = _stand_in_for(loop, running, wrap)
        running.cell.value += 1
        return stand_in

    def _ended(self, stand_in: _StandIn) -> None:
        stand_in.argus_otel_running.cell.value -= 1

    # -- its iterations

    def _wrap(self, coro: Callable[..., Any], loop: RunningLoop) -> Callable[..., Any]:
        around = self._telemetry.guard.around(HOOK, lambda *_: self._begin(loop), self._end)
        return wraps(coro)(around(coro))  # discord.py logs the function's name

    def _begin(self, loop: RunningLoop) -> Iteration | None:
        if not self._hooks.on:
            return None
        iteration = Iteration(loop)
        tracing = self._telemetry.tracing
        if tracing is not None:
            name, origin = loop.name, loop.origin
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
            self._telemetry.errors.failed(failure)
            error_type = type(failure).__qualname__
        if iteration.scope is not None:
            iteration.scope.detach()
        trace = None if iteration.span is None else iteration.trace
        self._durations[iteration.loop.name, error_type].record(iteration.settle(), trace)
        iteration.end_span(error_type is not None, None if error_type is None else {ERROR_TYPE.name: error_type})


class _StandIn:
    """A loop as ``Loop._loop`` sees it.

    Each loop class gets one subclass with this as its first base, so that `coro` overrides the instance's attribute: a
    property is a data descriptor and wins over ``__dict__``. The stand-in shares the loop's ``__dict__``. Whatever
    ``_loop`` sets on ``self``, such as the next iteration's time, is therefore set on the loop, and a change of the
    loop by the bot, such as another interval, is seen by ``_loop``. The stand-in's own state is in slots, and never
    shows in ``__dict__``. A loop class with slots of its own cannot share them, and is not observed.
    """

    __slots__ = ()

    argus_otel_running: RunningLoop
    argus_otel_wrap: Wrap
    argus_otel_wrapped: tuple[Callable[..., Any] | None, Callable[..., Any] | None]

    @property
    def coro(self) -> Callable[..., Any]:
        """The function that the loop repeats now, wrapped."""
        coro: Callable[..., Any] = self.__dict__["coro"]
        known, wrapped = self.argus_otel_wrapped
        if known is not coro:
            wrapped = self.argus_otel_wrap(coro, self.argus_otel_running)
            self.argus_otel_wrapped = (coro, wrapped)
        return wrapped or coro


def _stand_in_for(loop: Loop[Any], running: RunningLoop, wrap: Wrap) -> _StandIn:
    stand_in: _StandIn = object.__new__(_stand_in_class(type(loop)))
    stand_in.__dict__ = loop.__dict__
    stand_in.argus_otel_running = running
    stand_in.argus_otel_wrap = wrap
    stand_in.argus_otel_wrapped = (None, None)
    return stand_in


@lru_cache(maxsize=16)
def _stand_in_class(kind: type[Any]) -> type[Any]:
    if any(base.__dict__.get("__slots__") for base in kind.__mro__):
        raise TypeError(f"{kind.__qualname__} has slots, which a loop and its stand-in cannot share")
    body = {"__slots__": ("argus_otel_running", "argus_otel_wrap", "argus_otel_wrapped")}
    return new_class(kind.__name__, (_StandIn, kind), exec_body=lambda namespace: namespace.update(body))


def _name_of(loop: Loop[Any]) -> str:
    name: str = getattr(loop.coro, "__name__", type(loop.coro).__name__)
    cog = loop._injected
    return name if cog is None else f"{type(cog).__name__}.{name}"
