"""Observed: how long a REST call waits for a rate limit's bucket. Told to the call's operation.

A request waits before its attempt, where its bucket is exhausted, and *after* it, where it has exhausted the bucket:
discord.py then sleeps before it lets the next one in, and the caller waits with it. Safe, because the originals run
unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from .patches import Patch
from .rest import current_call

if TYPE_CHECKING:
    from discord.webhook.async_ import AsyncDeferredLock

HOOK = "REST waits"


def patches() -> list[Patch]:
    """Return the hooks on the buckets of the bot's own calls and of webhooks."""
    http, webhook = "discord.http", "discord.webhook.async_"
    return [
        Patch(HOOK, http, "Ratelimit.__aenter__", _make_bucket),
        Patch(HOOK, http, "Ratelimit.__aexit__", _make),
        Patch(HOOK, webhook, "AsyncDeferredLock.__aenter__", _make_lock_enter),
        Patch(HOOK, webhook, "AsyncDeferredLock.__aexit__", _make_lock_exit),
    ]


def _make(original: Callable[..., Any]) -> Callable[..., Any]:
    async def wait(self: object, *args: Any) -> Any:
        call = current_call.get()
        if call is None:
            return await original(self, *args)
        started = perf_counter()
        try:
            return await original(self, *args)
        finally:
            call.waited += perf_counter() - started

    return wait


def _make_bucket(original: Callable[..., Any]) -> Callable[..., Any]:
    timed = _make(original)

    def wait(self: object) -> Any:
        call = current_call.get()
        if call is not None and call.held:  # under a global limit, discord.py waits for that first
            call.held = False
            call.waited += perf_counter() - call.started
        return timed(self)

    return wait


# A webhook's lock is timed only where it is going to wait: an interaction's own webhook never does.


def _make_lock_enter(original: Callable[..., Any]) -> Callable[..., Any]:
    timed = _make(original)

    def wait(self: AsyncDeferredLock) -> Any:
        return timed(self) if self.lock.locked() else original(self)

    return wait


def _make_lock_exit(original: Callable[..., Any]) -> Callable[..., Any]:
    timed = _make(original)

    def wait(self: AsyncDeferredLock, *raised: Any) -> Any:
        return timed(self, *raised) if self.delta else original(self, *raised)

    return wait
