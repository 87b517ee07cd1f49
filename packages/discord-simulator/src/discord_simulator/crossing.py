"""Calling a simulator from whatever event loop the caller is on."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

__all__ = ["Located", "on_own_loop"]

P = ParamSpec("P")
R = TypeVar("R")


class Located(Protocol):
    """Something whose state belongs to one event loop."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop its methods have to run on."""
        ...


S = TypeVar("S", bound=Located)


def on_own_loop(
    method: Callable[Concatenate[S, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[S, P], Coroutine[Any, Any, R]]:
    """Make a coroutine method run on its object's loop, whichever loop awaits it.

    A caller on another loop, or in another thread's loop, is suspended and never blocked; cancelling it cancels the
    call.
    """

    @functools.wraps(method)
    async def crossed(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        loop = self.loop
        coroutine = method(self, *args, **kwargs)
        if loop is asyncio.get_running_loop():
            return await coroutine
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, loop))

    return crossed
