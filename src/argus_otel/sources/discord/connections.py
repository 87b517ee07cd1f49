"""Observed: nothing. HTTP client instrumentations are silenced where a URL of Discord's is nobody's business.

The gateway's WebSocket and the CDN are reached through aiohttp as REST is; a span of the first would last for days, and
the second's URLs are signed. Safe, because the originals run unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from argus_otel.telemetry import Scope, Telemetry

from .patches import Patch

HOOK = "connections"


def patches(telemetry: Telemetry) -> list[Patch]:
    """Return the hooks on connecting to the gateway and on fetching from the CDN."""
    begin = telemetry.guard.shield(HOOK, lambda: _entered(telemetry.quiet()))

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        async def connect(self: object, *args: Any, **kwargs: Any) -> Any:
            scope = begin()
            if scope is None:
                return await original(self, *args, **kwargs)
            try:
                return await original(self, *args, **kwargs)
            finally:
                scope.leave()

        return connect

    return [
        Patch(HOOK, "discord.http", "HTTPClient.ws_connect", make),
        Patch(HOOK, "discord.http", "HTTPClient.get_from_cdn", make),
    ]


def _entered(scope: Scope | None) -> Scope | None:
    if scope is not None:
        scope.enter()
    return scope
