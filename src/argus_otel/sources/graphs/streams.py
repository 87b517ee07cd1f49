"""Runs a generator of the observed program so that work of ours is current in its steps, and never between them.

A generator runs in its consumer's context: what is set across a ``yield`` is seen by the consumer, and is left behind
where the consumer leaves the generator.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, Protocol, TypeAlias


class Watch(Protocol):
    """What is told of a generator. Must not raise."""

    def enter(self) -> None:
        """A step begins, in the consumer's context."""

    def leave(self) -> None:
        """The step has ended, in the same context."""

    def see(self, item: Any) -> None:
        """The generator is about to yield an item."""

    def end(self, error: BaseException | None) -> None:
        """The generator has ended: by itself, by an exception, or by :exc:`GeneratorExit` because it was left."""


class _Unwatched:
    def enter(self) -> None: ...

    def leave(self) -> None: ...

    def see(self, item: Any) -> None: ...

    def end(self, error: BaseException | None) -> None: ...


_UNWATCHED = _Unwatched()

Begin: TypeAlias = Callable[[], "Watch | None"]
"""Called before the first step. ``None`` leaves the generator unobserved."""


class _Resumption:
    """How a consumer goes on with a generator: it asks for more, or throws into it, as it does when it leaves it."""

    __slots__ = ("error",)

    def __init__(self) -> None:
        self.error: BaseException | None = None

    def __enter__(self) -> None:
        self.error = None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        self.error = error
        return True  # it is thrown into the generator, which decides what becomes of it


def watched(iterator: Generator[Any, Any, Any], begin: Begin) -> Generator[Any, Any, Any]:
    """Yield what a generator yields; pass on what is sent and thrown into it, as ``yield from`` does."""
    watch, resumption = begin() or _UNWATCHED, _Resumption()
    step: Callable[[Any], Any] = iterator.send
    given: Any = None
    try:
        while True:
            watch.enter()
            try:
                item = step(given)
            finally:
                watch.leave()
            watch.see(item)
            step, given = iterator.send, None
            with resumption:
                given = yield item
            if resumption.error is not None:
                step, given = iterator.throw, resumption.error
    except StopIteration as stopped:
        watch.end(None)
        return stopped.value
    except BaseException as error:
        watch.end(error)
        raise


async def watched_async(iterator: AsyncGenerator[Any, Any], begin: Begin) -> AsyncGenerator[Any, Any]:
    """Do as :func:`watched`, for an asynchronous generator.

    One that was left ends by :exc:`GeneratorExit` too if the task that closes it is cancelled, as it may be while the
    event loop ends: no step of it was running.
    """
    watch, resumption = begin() or _UNWATCHED, _Resumption()
    step: Callable[[Any], Any] = iterator.asend
    given: Any = None
    try:
        while True:
            watch.enter()
            try:
                item = await step(given)
            finally:
                watch.leave()
            watch.see(item)
            step, given = iterator.asend, None
            with resumption:
                given = yield item
            if resumption.error is not None:
                step, given = iterator.athrow, resumption.error
    except StopAsyncIteration:
        watch.end(None)
    except CancelledError as error:
        watch.end(GeneratorExit() if error is resumption.error else error)
        raise
    except BaseException as error:
        watch.end(error)
        raise
