"""Observed: the bot's token at log-in, and requests whose URLs hold secrets. Signal: none.

The redactor removes the token, and any text that looks like a token of Discord's, from all telemetry. HTTP client
instrumentations are suppressed while the bot connects to the gateway and fetches from the CDN, which it does through
aiohttp, as with REST calls: a span of the gateway's connection would last for days, and the URLs of the CDN are signed.
Safe, because the token is read before the original runs, and the originals get the same arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import Scope, Telemetry

from .patches import Patch

if TYPE_CHECKING:
    from discord.http import HTTPClient

HOOK, CONNECTIONS = "log-in", "connections"

PATTERNS = (
    # Bot tokens: user id in base64, timestamp, HMAC.
    r"[A-Za-z0-9_-]{23,28}\.[A-Za-z0-9_-]{6,7}\.[A-Za-z0-9_-]{27,}",
    # Webhook and interaction tokens in a path.
    r"/(?:webhooks|interactions)/\d+/(?P<secret>[A-Za-z0-9_.%-]+)",
    # The same tokens alone: no other word of that length is worth reading in a log.
    r"\b[A-Za-z0-9_-]{60,}\b",
)


def add_patterns(telemetry: Telemetry) -> None:
    """Add the patterns of Discord's secrets to the redactor."""
    bot, in_a_path, alone = PATTERNS
    telemetry.redact.add_pattern(bot, run=23)
    telemetry.redact.add_pattern(in_a_path, prefixes=("/webhooks/", "/interactions/"))
    telemetry.redact.add_pattern(alone, run=60)


def patches(telemetry: Telemetry) -> list[Patch]:
    """Return the hooks on the log-in, on connecting to the gateway, and on fetching from the CDN."""

    def learn_token(token: str) -> None:
        # nextcord passes it with the prefix "Bot ".
        telemetry.redact.add_secret(token.removeprefix("Bot "), permanent=True)

    learn = telemetry.guard.shield(HOOK, learn_token)

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def static_login(self: HTTPClient, token: str) -> Any:
            learn(token)
            return original(self, token)

        return static_login

    def begin(*_: object) -> Scope | None:
        if telemetry.suppress_http_instrumentation is None:
            return None
        scope = telemetry.suppress_http_instrumentation()
        scope.attach()
        return scope

    def end(scope: Scope, _: object) -> None:
        scope.detach()

    suppressed = telemetry.guard.around(CONNECTIONS, begin, end)
    return [
        Patch(HOOK, "discord.http", "HTTPClient.static_login", make),
        Patch(CONNECTIONS, "discord.http", "HTTPClient.ws_connect", suppressed),
        Patch(CONNECTIONS, "discord.http", "HTTPClient.get_from_cdn", suppressed),
    ]
