"""Which hooks each signal comes from, and what is missing where a hook is absent.

Read by ``tools/hook_table.py``, which makes ``docs/hooks.md`` of it, and by tests: every hook has its entry here, and
every definition of the catalogue has a hook that it comes from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from argus_otel.telemetry import Event, Metric, Span

from .catalogue import (
    AUTOCOMPLETE_SPAN,
    COMMAND_DURATION,
    COMMAND_SPAN,
    COMPONENT_SPAN,
    DISCONNECT_EVENT,
    DISCONNECTS,
    GATEWAY_EVENTS,
    GUILDS,
    HTTP_DURATION,
    INTERACTION_DURATION,
    INTERACTIONS_ACTIVE,
    LATENCY,
    MODAL_SPAN,
    PREFIX_SPAN,
    RATELIMIT_WAIT,
    RATELIMITS,
    RESPONSE_TIME,
    REST_DURATION,
    REST_SPAN,
    SESSION_EVENT,
    SESSIONS,
    SHARD_EVENTS,
    SHARD_UP,
    UNACKNOWLEDGED,
    USERS,
)

Signal: TypeAlias = "Metric | Span | Event"


@dataclass(frozen=True, slots=True)
class Hook:
    """What a hook file's patches, all that share one hook name, are for.

    Attributes
    ----------
    signals:
        The definitions that come from it, or would lack something without it.
    absent:
        What the bot's telemetry looks like without it, in a sentence.
    """

    signals: tuple[Signal, ...]
    absent: str


SIGNALS: dict[str, Hook] = {
    "log-in": Hook(
        (), "A bot's token is taken out of texts from its first connection on only, not from its log-in on."
    ),
    "connections": Hook((), "HTTP client instrumentations make spans of the gateway's connection and of the CDN."),
    "clients": Hook(
        (
            GATEWAY_EVENTS,
            SHARD_EVENTS,
            LATENCY,
            SHARD_UP,
            DISCONNECTS,
            DISCONNECT_EVENT,
            GUILDS,
            USERS,
            INTERACTION_DURATION,
            INTERACTIONS_ACTIVE,
            RESPONSE_TIME,
            UNACKNOWLEDGED,
        ),
        "No client is found: nothing of gateway, shards, caches and interactions, and never ready. REST and prefix "
        "commands go on.",
    ),
    "gateway sessions": Hook((SESSIONS, SESSION_EVENT), "Sessions are not counted."),
    "gateway disconnects": Hook(
        (DISCONNECTS, DISCONNECT_EVENT), "Disconnections that the bot begins itself are not counted."
    ),
    "listeners": Hook((INTERACTION_DURATION,), "Interactions that only a listener handles end as unhandled."),
    "app commands": Hook(
        (COMMAND_SPAN, AUTOCOMPLETE_SPAN, COMMAND_DURATION, INTERACTION_DURATION, INTERACTIONS_ACTIVE),
        "Without `_call`, application commands have no end, and so no duration and no span; without one of the others, "
        "what commands raise is missed, and they count as `ok`.",
    ),
    "hybrid commands": Hook(
        (COMMAND_SPAN, COMMAND_DURATION, INTERACTION_DURATION),
        "What a hybrid command raises, called as a slash command, is missed, and it counts as `ok`.",
    ),
    "fork commands": Hook(
        (COMMAND_SPAN, AUTOCOMPLETE_SPAN, COMMAND_DURATION, INTERACTION_DURATION, INTERACTIONS_ACTIVE),
        "The forks' `app commands`. Without `_schedule_event`, application commands have no duration; without the "
        "other, what they raise is missed, and they count as `ok`.",
    ),
    "components": Hook(
        (COMPONENT_SPAN, MODAL_SPAN, INTERACTION_DURATION, INTERACTIONS_ACTIVE),
        "Clicks, modals or dynamic items, as the target says, count as unhandled, or in a fork have no duration.",
    ),
    "prefix commands": Hook(
        (PREFIX_SPAN, COMMAND_DURATION),
        "Without `invoke`, prefix commands are not seen; without `dispatch_error`, what they raise is missed.",
    ),
    "REST calls": Hook(
        (REST_DURATION, REST_SPAN, HTTP_DURATION, RATELIMIT_WAIT, RATELIMITS, RESPONSE_TIME, UNACKNOWLEDGED),
        "Calls of the bot, or of webhooks, as the target says, are not seen, and without the webhooks' no "
        "acknowledgement either.",
    ),
    "REST attempts": Hook(
        (HTTP_DURATION, RATELIMITS, RATELIMIT_WAIT), "Single attempts and 429s are not seen; whole calls are."
    ),
    "REST waits": Hook((RATELIMIT_WAIT,), "Waits for a bucket are missing from what calls of the bot have waited."),
}
"""By the hook's name, :attr:`.patches.Patch.hook`."""
