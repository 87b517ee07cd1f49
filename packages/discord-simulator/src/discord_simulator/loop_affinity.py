"""Calls from any event loop run on the simulator's loop."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class HasLoop(Protocol):
    """An object whose state belongs to one event loop."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop its methods have to run on."""
        ...


S = TypeVar("S", bound=HasLoop)


def on_own_loop(
    method: Callable[Concatenate[S, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[S, P], Coroutine[Any, Any, R]]:
    """Make a coroutine method run on its object's loop, from any loop that awaits it.

    A caller on another loop, or in another thread's loop, is suspended and never blocked; cancelling it cancels the
    call.
    """

    @functools.wraps(method)
    async def wrapper(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        loop = self.loop
        coroutine = method(self, *args, **kwargs)
        if loop is asyncio.get_running_loop():
            return await coroutine
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, loop))

    return wrapper
