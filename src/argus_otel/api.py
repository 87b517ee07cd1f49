"""The public functions for custom instrumentation: :func:`count`, :func:`timed`, :func:`annotate`, :func:`record`.

Each does nothing until :func:`argus_otel.instrument` has run, and after :func:`argus_otel.uninstrument`. Until then
nothing is imported for them: neither OpenTelemetry nor the neutral layer.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from .custom import CustomTelemetry, Timing
    from .telemetry import AttributeValue

P = ParamSpec("P")
R = TypeVar("R")


class HasId(Protocol):
    """An object of an observed library that has an id, such as a guild."""

    @property
    def id(self) -> int | str:
        """The id."""
        ...


_custom: CustomTelemetry | None = None
_make: Callable[[], CustomTelemetry | None] | None = None
_lock = threading.Lock()
_make_lock = threading.RLock()
_ENTERED_WHILE_OFF = [None]


def record_into(make: Callable[[], CustomTelemetry | None] | None) -> None:
    """Record into the result of ``make`` from now on; with ``None``, record nothing. For the runtime.

    ``make`` is called at the first use, because most programs record nothing of their own.
    """
    global _custom, _make  # the public functions are module-level, and a process has one distro
    with _make_lock:
        _custom, _make = None, make


def drop_in_child() -> None:
    """After a fork, in the child: record nothing. Another thread of the parent may have held the locks."""
    global _custom, _make, _lock, _make_lock
    _custom = _make = None
    _lock, _make_lock = threading.Lock(), threading.RLock()


def _made() -> CustomTelemetry | None:
    """Return the object to record into. Make it, unless another thread just has."""
    global _custom, _make
    with _make_lock:
        if _make is not None:
            _custom, _make = _make(), None
        return _custom


def count(name: str, /, amount: float = 1, **attributes: AttributeValue | None) -> None:
    """Count something that happened: ``count("songs.played", genre="rock")``.

    Parameters
    ----------
    name:
        The counter's name, in OpenTelemetry's syntax: a letter, then letters, digits and ``. _ - /``. Prometheus
        spells this one ``songs_played_total``.
    amount:
        How many, from 0 to 1e15.
    attributes:
        The categories to count by, each with few values. Beyond 100 values, and for a value that looks like an id, the
        value becomes ``_OTHER``. Calls of one name may have different attributes. ``None`` is the same as leaving an
        attribute out.

    Never raises. A wrong call counts nothing, and is warned of once.
    """
    custom = _custom if _make is None else _made()
    if custom is not None:
        custom.count(name, amount, attributes)


def annotate(attributes: Mapping[str, AttributeValue | None] | None = None, /, **more: AttributeValue | None) -> None:
    """Add attributes to the span of the running interaction, command, listener or task.

    ``annotate(playlist="jazz")``, or ``annotate({"playlist.name": "jazz"})`` for names with dots. Ids are welcome here:
    a span is one unit of work, not a series. The outermost span of the work gets the attributes, wherever in the call
    tree the call is, and also from a task that the work has started. Texts are cut after 500 characters, and secrets
    are removed from them.

    Does nothing outside of such work, in an unsampled trace, and after the work has ended. Never raises.
    """
    custom = _custom if _make is None else _made()
    if custom is not None:
        custom.annotate(attributes, more)


def record(
    name: str,
    /,
    *,
    duration: float | None = None,
    **attributes: AttributeValue | HasId | None,
) -> None:
    """Record an event in history: ``record("song.played", genre="rock", duration=215)``.

    Does nothing unless history is on, which ``ARGUS_HISTORY`` sets.

    Parameters
    ----------
    name:
        The event's name, in the syntax of :func:`count`. A process may have 200 different ones.
    duration:
        How long it took, in seconds.
    attributes:
        Up to 32 attributes, ids included. Texts are cut after 500 characters, and secrets are removed from them.
        ``None`` is the same as leaving an attribute out. Some keywords belong to a source and take an id, or an object
        that has one: ``guild``, ``channel`` and ``user`` of a Discord bot. By default they are those of the running
        work, until it ends. ``ARGUS_HISTORY_USERS`` limits what is stored of a user.

    Never raises, never blocks. A wrong call records nothing, and is warned of once.
    """
    custom = _custom if _make is None else _made()
    if custom is not None:
        custom.record(name, duration, attributes)


def timed(name: str, /, **attributes: AttributeValue | None) -> Timed:
    """Time a block or a function: one point in a histogram of seconds, and one span.

    ::

        with timed("db.query", table="tags"):
            rows = await connection.fetch(...)

        @timed("playlist.build")
        async def build(...): ...

    The span is a child of that of the running interaction, command, listener, task or block. Outside of any, it starts
    a trace of its own. An exception that is raised becomes ``error.type``, and passes through unchanged.

    Parameters
    ----------
    name:
        The histogram's name, in the syntax of :func:`count`. Prometheus spells the first one ``db_query_seconds``. A
        name that is counted cannot be timed.
    attributes:
        As for :func:`count`, on the histogram and on the span. On the span, ids stay as they are.

    Never raises. A wrong call is warned of once, and the block or function then runs untimed.
    """
    if callable(name):  # a type checker finds this mistake, and it must not break a program without one
        return _without_name(name)
    return Timed(name, attributes)


class Timed:
    """The context manager and decorator that :func:`timed` returns.

    It may be entered again while it is entered, also by other tasks and threads.
    """

    __slots__ = ("_name", "_attributes", "_running")

    def __init__(self, name: str, attributes: Mapping[str, AttributeValue | None]) -> None:
        self._name = name
        self._attributes = attributes
        self._running: list[tuple[CustomTelemetry, Timing] | None] = []

    def __enter__(self) -> None:
        custom = _custom if _make is None else _made()
        if custom is None:
            self._running.append(None)
            return
        timing = custom.begin(self._name, self._attributes)
        with _lock:
            self._running.append(None if timing is None else (custom, timing))

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._running == _ENTERED_WHILE_OFF:
            self._running.pop(0)
            return
        with _lock:
            running = self._pop()
        if running is not None:
            custom, timing = running
            custom.end(timing, error)

    def _pop(self) -> tuple[CustomTelemetry, Timing] | None:
        """Remove and return the last entry of the running task or thread."""
        running = self._running
        if len(running) > 1 and any(running):
            from .custom import current_worker

            worker = current_worker()
            for index in reversed(range(len(running))):
                entered = running[index]
                if entered is not None and entered[1].worker == worker:
                    return running.pop(index)
        return running.pop()

    def __call__(self, function: Callable[P, R], /) -> Callable[P, R]:
        """Return ``function`` with each call timed."""
        import inspect

        name, attributes = self._name, self._attributes
        problem = _problem_with(function)
        if problem is not None:
            _warn(f"@timed({name!r}) {problem}. {_shown(function)} is left untimed.")
            return function
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def run(*args: P.args, **kwargs: P.kwargs) -> Any:
                if _custom is None and _make is None:
                    return await function(*args, **kwargs)
                with Timed(name, attributes):
                    return await function(*args, **kwargs)

            return cast("Callable[P, R]", run)

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            if _custom is None and _make is None:
                return function(*args, **kwargs)
            with Timed(name, attributes):
                return function(*args, **kwargs)

        return call


def _problem_with(function: object) -> str | None:
    """Return why an object cannot be timed by decorating it, or ``None``."""
    import inspect

    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        return "cannot time a generator, whose body runs at each item that is read: use `with timed(...)` inside of it"
    if not (inspect.isfunction(function) or inspect.ismethod(function) or inspect.isbuiltin(function)) and not (
        isinstance(function, functools.partial)
    ):
        return "is for functions: put it directly above the `def`, below every other decorator"
    return None


def _without_name(function: object) -> Timed:
    _warn(f"@timed needs a name, such as @timed('playlist.build'). {_shown(function)} is left untimed.")
    return cast("Timed", function)


def _shown(function: object) -> str:
    return str(getattr(function, "__qualname__", type(function).__qualname__))


def _warn(message: str) -> None:
    import logging

    logging.getLogger("argus_otel").warning("argus-otel: %s", message)
