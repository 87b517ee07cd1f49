"""Observed: how long a REST call of the bot waits for its rate limit's bucket. Told to the call's operation.

A request waits before its attempt, where its bucket is exhausted, and *after* it, where it has exhausted the bucket:
discord.py then sleeps before it lets the next one in, and the caller waits with it. Webhooks, and discord.py's forks,
have no such buckets, and what they wait for is seen without a hook. Safe, because the originals run unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from .library import DISCORD_PY
from .patches import Patch
from .rest import current_call

HOOK = "REST waits"


def patches() -> list[Patch]:
    """Return the hooks on the bucket of a bot's own calls."""
    return [
        Patch(HOOK, "discord.http", "Ratelimit.__aenter__", _make, of=(DISCORD_PY,)),
        Patch(HOOK, "discord.http", "Ratelimit.__aexit__", _make, of=(DISCORD_PY,)),
    ]


def _make(original: Callable[..., Any]) -> Callable[..., Any]:
    # No coroutine of its own: what comes after the bucket, an attempt or the call's end, is when the wait is over.
    def wait(self: object, *args: Any) -> Any:
        call = current_call.get()
        if call is not None and call.idle_since is None:
            # Under a global limit, discord.py waits for that first.
            call.idle_since = call.started if call.held else perf_counter()
            call.held = False
        return original(self, *args)

    return wait
