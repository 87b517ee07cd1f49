"""Users react to what the bot knows it has sent, and not faster than people can.

discord.py learns of its own view or modal when the request that sent it has been answered. A simulated user who pressed
the button before that would find a bot that does not know it, which no real user is quick enough for.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["REACTION_TIME", "Answering", "answering", "current"]

#: Seconds nobody is faster than.
REACTION_TIME = 0.05


class Answering:
    """One request of the bot, until a user can have noticed its effect."""

    __slots__ = ("_answered", "_finished")

    def __init__(self) -> None:
        self._finished = asyncio.Event()
        self._answered = 0.0

    def finish(self) -> None:
        """Note that the request is answered."""
        self._answered = asyncio.get_running_loop().time()
        self._finished.set()

    async def noticed(self) -> None:
        """Wait until a user may react."""
        await self._finished.wait()
        await asyncio.sleep(max(0.0, self._answered + REACTION_TIME - asyncio.get_running_loop().time()))


_current: contextvars.ContextVar[Answering | None] = contextvars.ContextVar("argus_simulator_answering", default=None)


def current() -> Answering | None:
    """Return the request being answered, where something happens because of one."""
    return _current.get()


@contextlib.contextmanager
def answering() -> Generator[None]:
    """Mark the answering of one request."""
    request = Answering()
    token = _current.set(request)
    try:
        yield
    finally:
        _current.reset(token)
        request.finish()
