"""Observed: how long a REST call of the bot waits for its rate limit's bucket. Signal: part of the call's operation.

A call waits before its attempt if its bucket is exhausted, and *after* its attempt if that has exhausted the bucket:
discord.py then sleeps before it lets the next call in, and the caller waits with it. Webhooks and the forks have no
such buckets, and their waits need no hook. Safe, because the originals run unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from ..library import DISCORD_PY
from ..patches import Patch
from .call import current_call

HOOK = "REST waits"


def patches() -> list[Patch]:
    """Return the hooks on the bucket of a bot's own calls."""
    return [
        Patch(HOOK, "discord.http", "Ratelimit.__aenter__", _make_enter, libraries=(DISCORD_PY,)),
        Patch(HOOK, "discord.http", "Ratelimit.__aexit__", _make, libraries=(DISCORD_PY,)),
    ]


def _make(original: Callable[..., Any]) -> Callable[..., Any]:
    async def wait(self: object, *args: Any) -> Any:
        call = current_call.get()
        if call is None or call.ended:
            return await original(self, *args)
        started = perf_counter()
        try:
            return await original(self, *args)
        finally:
            call.waited += perf_counter() - started

    return wait


def _make_enter(original: Callable[..., Any]) -> Callable[..., Any]:
    timed = _make(original)

    def wait(self: object) -> Any:
        call = current_call.get()
        if call is not None and call.held and not call.ended:  # under a global limit, discord.py waits for that first
            call.held = False
            call.waited += perf_counter() - call.started
        return timed(self)

    return wait
