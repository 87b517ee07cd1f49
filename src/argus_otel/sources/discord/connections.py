"""Observed: nothing. HTTP client instrumentations are silenced where a URL of Discord's is nobody's business.

The gateway's WebSocket and the CDN are reached through aiohttp as REST is; a span of the first would last for days, and
the second's URLs are signed. Safe, because the originals run unchanged.
"""

from __future__ import annotations

from argus_otel.telemetry import Scope, Telemetry

from .patches import Patch

HOOK = "connections"


def patches(telemetry: Telemetry) -> list[Patch]:
    """Return the hooks on connecting to the gateway and on fetching from the CDN."""

    def begin(*_: object) -> Scope | None:
        if telemetry.suppress_http_instrumentation is None:
            return None
        scope = telemetry.suppress_http_instrumentation()
        scope.attach()
        return scope

    def end(scope: Scope, _: object) -> None:
        scope.detach()

    make = telemetry.guard.around(HOOK, begin, end)
    return [
        Patch(HOOK, "discord.http", "HTTPClient.ws_connect", make),
        Patch(HOOK, "discord.http", "HTTPClient.get_from_cdn", make),
    ]
