"""What a secret looks like at Discord, and where this process's own are learnt.

Observed: the bot's token, at log-in. It becomes no noun: it is what the redactor takes out of every text that leaves.
Safe, because the token is read before the original runs, and the original gets the same arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import Telemetry

from .patches import Patch

if TYPE_CHECKING:
    from discord.http import HTTPClient

HOOK = "log-in"

PATTERNS = (
    # Bot tokens: user id in base64, timestamp, HMAC.
    r"[A-Za-z0-9_-]{23,28}\.[A-Za-z0-9_-]{6,7}\.[A-Za-z0-9_-]{27,}",
    # Webhook and interaction tokens in a path.
    r"/(?:webhooks|interactions)/\d+/(?P<secret>[A-Za-z0-9_.%-]+)",
    # The same tokens alone: nothing else of that length is worth reading in a log.
    r"\b[A-Za-z0-9_-]{60,}\b",
)


def add_patterns(telemetry: Telemetry) -> None:
    """Teach the redactor what secrets look like."""
    bot, in_a_path, alone = PATTERNS
    telemetry.redact.add_pattern(bot, run=23)
    telemetry.redact.add_pattern(in_a_path, prefixes=("/webhooks/", "/interactions/"))
    telemetry.redact.add_pattern(alone, run=60)


def patches(telemetry: Telemetry) -> list[Patch]:
    """Return the hook on log-in."""

    def learn_token(token: str) -> None:
        # nextcord writes "Bot " in front of it.
        telemetry.redact.add_secret(token.removeprefix("Bot "), permanent=True)

    learn = telemetry.guard.shield(HOOK, learn_token)

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def static_login(self: HTTPClient, token: str) -> Any:
            learn(token)
            return original(self, token)

        return static_login

    return [Patch(HOOK, "discord.http", "HTTPClient.static_login", make)]
