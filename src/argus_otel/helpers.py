"""What a program's own code may call: :func:`count`, :func:`timed`, :func:`annotate`, :func:`record`.

Until :func:`argus_otel.instrument` has run, and after :func:`argus_otel.uninstrument`, each does nothing. Nothing is
imported for them: neither OpenTelemetry nor, until then, our own layer.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from .telemetry import AttributeValue
    from .telemetry.own import Own, Timing

P = ParamSpec("P")
R = TypeVar("R")


class HasId(Protocol):
    """An object of an observed library that has an id, such as a guild."""

    @property
    def id(self) -> int | str:
        """The id."""
        ...


_own: Own | None = None
_make: Callable[[], Own | None] | None = None
_changing = threading.Lock()
_making = threading.RLock()
_OFF = [None]


def use(make: Callable[[], Own | None] | None) -> None:
    """Record into what ``make`` returns from now on, or nowhere: for whoever starts and stops the distro.

    It is made when it is first needed: most bots count and time nothing of their own.
    """
    global _own, _make  # the helpers are functions, and a process has one distro
    with _making:
        _own, _make = None, make


def drop_in_child() -> None:
    """After a fork, in the child: record nowhere. Another thread of the parent's may have held the locks."""
    global _own, _make, _changing, _making
    _own = _make = None
    _changing, _making = threading.Lock(), threading.RLock()


def _recording() -> Own | None:
    """Return where to record, which has to be made, unless another thread just has."""
    global _own, _make
    with _making:
        if _make is not None:
            _own, _make = _make(), None
        return _own


def count(name: str, /, amount: float = 1, **attributes: AttributeValue | None) -> None:
    """Count something that happened: ``count("songs.played", genre="rock")``.

    Parameters
    ----------
    name:
        What is counted, in OpenTelemetry's syntax of names: a letter, then letters, digits and ``. _ - /``. Prometheus
        has it as ``songs_played_total``.
    amount:
        How many, from 0 to 1e15.
    attributes:
        What tells one from another, each a category of few values: beyond 100, values become ``_OTHER``, and so does
        whatever looks like an id. Calls of one name may give different ones; ``None`` is the same as leaving it out.

    Never raises. A call that is wrong counts nothing, and is warned of once.
    """
    own = _own if _make is None else _recording()
    if own is not None:
        own.count(name, amount, attributes)


def annotate(attributes: Mapping[str, AttributeValue | None] | None = None, /, **more: AttributeValue | None) -> None:
    """Put attributes on the span of the interaction, command, listener or task that this runs in.

    ``annotate(playlist="jazz")``, or ``annotate({"playlist.name": "jazz"})`` for names with dots. Ids are welcome here:
    a span is one piece of work, and not a series. Wherever in the call tree it stands, also in a task that the work has
    started, it is the outermost span that gets them. Texts are cut after 500 characters, and secrets taken out of them.

    Does nothing outside of such work, in a trace that is not kept, and after the work has ended. Never raises.
    """
    own = _own if _make is None else _recording()
    if own is not None:
        own.annotate(attributes, more)


def record(
    name: str,
    /,
    *,
    duration: float | None = None,
    **attributes: AttributeValue | HasId | None,
) -> None:
    """Put an event into history: ``record("song.played", genre="rock", duration=215)``.

    History is off unless ``ARGUS_HISTORY`` is set; this then does nothing.

    Parameters
    ----------
    name:
        What happened, as :func:`count` has names; 200 different ones at most.
    duration:
        How long it took, in seconds.
    attributes:
        What belongs to it, ids too; 32 at most. Texts are cut after 500 characters, and secrets taken out of them.
        ``None`` is the same as leaving it out. Some keywords are a source's and take an id, or an object that has one:
        ``guild``, ``channel`` and ``user`` of a Discord bot. By default the event has those of the work that this runs
        in, until that ends. Of a user it has no more than ``ARGUS_HISTORY_USERS`` says.

    Never raises, never waits. A call that is wrong records nothing, and is warned of once.
    """
    own = _own if _make is None else _recording()
    if own is not None:
        own.record(name, duration, attributes)


def timed(name: str, /, **attributes: AttributeValue | None) -> Timed:
    """Time a block or a function: one point in a histogram of seconds, and one span.

    ::

        with timed("db.query", table="tags"):
            rows = await connection.fetch(...)

        @timed("playlist.build")
        async def build(...): ...

    The span is inside that of the interaction, command, listener, task or block that it runs in; outside of any, it
    begins a trace of its own. An exception that leaves becomes ``error.type``, and passes through as it is.

    Parameters
    ----------
    name:
        As :func:`count` has it. Prometheus has it as ``db_query_seconds``. What is counted cannot be timed by the same
        name.
    attributes:
        As :func:`count` has them, on the histogram and on the span. On the span, ids stay as they are.

    Never raises. What is wrong is warned of once; the block or function then runs untimed.
    """
    if callable(name):  # pyright's to find, but a bot is not to break of it
        return _unnamed(name)
    return Timed(name, attributes)


class Timed:
    """What :func:`timed` returns: a context manager and a decorator.

    One may be entered again while it is entered, by other tasks and threads too.
    """

    __slots__ = ("_name", "_attributes", "_running")

    def __init__(self, name: str, attributes: Mapping[str, AttributeValue | None]) -> None:
        self._name = name
        self._attributes = attributes
        self._running: list[tuple[Own, Timing] | None] = []

    def __enter__(self) -> None:
        own = _own if _make is None else _recording()
        if own is None:
            self._running.append(None)
            return
        timing = own.begin(self._name, self._attributes)
        with _changing:
            self._running.append(None if timing is None else (own, timing))

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._running == _OFF:
            self._running.pop(0)
            return
        with _changing:
            running = self._take()
        if running is not None:
            own, timing = running
            own.end(timing, error)

    def _take(self) -> tuple[Own, Timing] | None:
        """Return what whoever runs now has entered last."""
        running = self._running
        if len(running) > 1 and any(running):
            from .telemetry.own import worker

            me = worker()
            for index in reversed(range(len(running))):
                entered = running[index]
                if entered is not None and entered[1].worker == me:
                    return running.pop(index)
        return running.pop()

    def __call__(self, function: Callable[P, R], /) -> Callable[P, R]:
        """Return ``function`` such that each call of it is timed."""
        import inspect

        name, attributes = self._name, self._attributes
        wrong = _wrong_with(function)
        if wrong is not None:
            _warn(f"@timed({name!r}) {wrong}. {_shown(function)} stays as it is, untimed.")
            return function
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def run(*args: P.args, **kwargs: P.kwargs) -> Any:
                if _own is None and _make is None:
                    return await function(*args, **kwargs)
                with Timed(name, attributes):
                    return await function(*args, **kwargs)

            return cast("Callable[P, R]", run)

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            if _own is None and _make is None:
                return function(*args, **kwargs)
            with Timed(name, attributes):
                return function(*args, **kwargs)

        return call


def _wrong_with(function: object) -> str | None:
    """Return why something cannot be timed by decorating it, or ``None``."""
    import inspect

    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        return "cannot time a generator, which runs whenever somebody asks it: use `with timed(...)` inside of it"
    if not (inspect.isfunction(function) or inspect.ismethod(function) or inspect.isbuiltin(function)) and not (
        isinstance(function, functools.partial)
    ):
        return "is for functions: put it directly above the `def`, below every other decorator"
    return None


def _unnamed(function: object) -> Timed:
    _warn(f"@timed needs a name, such as @timed('playlist.build'). {_shown(function)} stays as it is, untimed.")
    return cast("Timed", function)


def _shown(function: object) -> str:
    return str(getattr(function, "__qualname__", type(function).__qualname__))


def _warn(message: str) -> None:
    import logging

    logging.getLogger("argus_otel").warning("argus-otel: %s", message)
