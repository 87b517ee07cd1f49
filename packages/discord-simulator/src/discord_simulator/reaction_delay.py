"""A minimum delay before users react to a message or modal of the bot.

discord.py learns of its own view or modal when the request that sent it has been answered. A simulated user who pressed
the button before that would meet a bot that does not know it; no real user is that quick.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

REACTION_TIME = 0.05
"""Seconds between the response to the bot's request and the earliest reaction of a user."""


class BotRequest:
    """One REST request of the bot, until users may react to its effect."""

    __slots__ = ("_answered", "_finished")

    def __init__(self) -> None:
        self._finished = asyncio.Event()
        self._answered = 0.0

    def finish(self) -> None:
        """Record that the request is answered."""
        self._answered = asyncio.get_running_loop().time()
        self._finished.set()

    async def until_users_may_react(self) -> None:
        """Wait until a user may react."""
        await self._finished.wait()
        await asyncio.sleep(max(0.0, self._answered + REACTION_TIME - asyncio.get_running_loop().time()))


_current: contextvars.ContextVar[BotRequest | None] = contextvars.ContextVar("discord_simulator_request", default=None)


def current_request() -> BotRequest | None:
    """Return the request that is being handled in this context, if any."""
    return _current.get()


@contextlib.contextmanager
def handling_request() -> Generator[None]:
    """Mark the current context as handling one request."""
    request = BotRequest()
    token = _current.set(request)
    try:
        yield
    finally:
        _current.reset(token)
        request.finish()
