"""Which hooks each signal comes from, and what is missing where a hook is absent.

Read by ``tools/hook_table.py``, which makes ``docs/hooks.md`` of it, and by tests: every hook has its entry here, and
every definition of the catalogue has a hook that it comes from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from argus_otel.telemetry import Event, Metric, Span

from . import catalogue as c

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
            c.GATEWAY_EVENTS,
            c.SHARD_EVENTS,
            c.LATENCY,
            c.SHARD_UP,
            c.DISCONNECTS,
            c.DISCONNECT_EVENT,
            c.SHARD_RATELIMITED,
            c.GUILDS,
            c.GUILDS_UNAVAILABLE,
            c.GUILD_CHANGES,
            c.GUILD_JOIN_EVENT,
            c.GUILD_LEAVE_EVENT,
            c.USERS,
            c.MESSAGES,
            c.EMOJIS,
            c.STICKERS,
            c.PRIVATE_CHANNELS,
            c.COMMANDS,
            c.EXTENSIONS,
            c.INTERACTION_DURATION,
            c.INTERACTIONS_ACTIVE,
            c.RESPONSE_TIME,
            c.UNACKNOWLEDGED,
            c.COMPONENTS_UNHANDLED,
            c.COMMAND_EVENT,
            c.COMPONENT_EVENT,
            c.MODAL_EVENT,
            c.AUTOCOMPLETE_EVENT,
        ),
        "No client is found: nothing of gateway, shards, guilds, caches and interactions, and never ready. REST "
        "and prefix commands go on.",
    ),
    "gateway sessions": Hook((c.SESSIONS, c.SESSION_EVENT), "Sessions are not counted."),
    "gateway disconnects": Hook(
        (c.DISCONNECTS, c.DISCONNECT_EVENT), "Disconnections that the bot begins itself are not counted."
    ),
    "heartbeats": Hook(
        (c.HEARTBEAT, c.LATENCY),
        "Heartbeats are not timed, and the latency is discord.py's own, which may be a whole interval.",
    ),
    "gateway send limits": Hook((c.GATEWAY_WAIT,), "Waits for the gateway's send limit are not seen."),
    "listeners": Hook(
        (c.LISTENER_DURATION, c.LISTENER_SPAN, c.INTERACTION_DURATION),
        "Listeners are not seen, and interactions that only a listener handles end as unhandled.",
    ),
    "task loops": Hook(
        (c.TASK_DURATION, c.TASKS_RUNNING, c.TASK_SPAN),
        "Loops are not seen, and what one does that was started in a handler is in that handler's trace.",
    ),
    "extensions": Hook(
        (c.EXTENSION_LOADING, c.EXTENSION_EVENT), "Loading is not timed, and what cannot be loaded is not told."
    ),
    "views": Hook(
        (c.VIEWS_ACTIVE, c.VIEW_TIMEOUTS, c.VIEW_TIMEOUT_SPAN),
        "Views are not counted, or not their ends, as the target says; clicks have no link to what sent the view.",
    ),
    "voice": Hook(
        (
            c.VOICE_CONNECTIONS,
            c.VOICE_LATENCY,
            c.VOICE_PACKETS,
            c.VOICE_CONNECTING,
            c.VOICE_CONNECT_SPAN,
            c.VOICE_DISCONNECTS,
            c.VOICE_DISCONNECT_EVENT,
        ),
        "Connections, joining, packets or disconnections, as the target says, are not seen. Without those of "
        "heartbeats, the latency is discord.py's own, which may be a whole interval.",
    ),
    "app commands": Hook(
        (
            c.COMMAND_SPAN,
            c.AUTOCOMPLETE_SPAN,
            c.COMMAND_DURATION,
            c.INTERACTION_DURATION,
            c.INTERACTIONS_ACTIVE,
            c.COMMAND_EVENT,
            c.AUTOCOMPLETE_EVENT,
        ),
        "Without `_call`, application commands have no end, and so no duration and no span; without one of the others, "
        "what commands raise is missed, and they count as `ok`.",
    ),
    "hybrid commands": Hook(
        (c.COMMAND_SPAN, c.COMMAND_DURATION, c.INTERACTION_DURATION, c.COMMAND_EVENT),
        "What a hybrid command raises, called as a slash command, is missed, and it counts as `ok`.",
    ),
    "fork commands": Hook(
        (
            c.COMMAND_SPAN,
            c.AUTOCOMPLETE_SPAN,
            c.COMMAND_DURATION,
            c.INTERACTION_DURATION,
            c.INTERACTIONS_ACTIVE,
            c.COMMAND_EVENT,
            c.AUTOCOMPLETE_EVENT,
        ),
        "The forks' `app commands`. Without `_schedule_event`, application commands have no duration; without the "
        "other, what they raise is missed, and they count as `ok`.",
    ),
    "components": Hook(
        (
            c.COMPONENT_SPAN,
            c.MODAL_SPAN,
            c.INTERACTION_DURATION,
            c.INTERACTIONS_ACTIVE,
            c.COMPONENT_EVENT,
            c.MODAL_EVENT,
        ),
        "Clicks, modals or dynamic items, as the target says, count as unhandled, or in a fork have no duration.",
    ),
    "prefix commands": Hook(
        (c.PREFIX_SPAN, c.COMMAND_DURATION, c.COMMAND_EVENT),
        "Without `invoke`, prefix commands are not seen; without `dispatch_error`, what they raise is missed.",
    ),
    "REST calls": Hook(
        (
            c.REST_DURATION,
            c.REST_SPAN,
            c.HTTP_DURATION,
            c.RATELIMIT_WAIT,
            c.RATELIMITS,
            c.RESPONSE_TIME,
            c.UNACKNOWLEDGED,
        ),
        "Calls of the bot, or of webhooks, as the target says, are not seen, and without the webhooks' no "
        "acknowledgement either.",
    ),
    "REST attempts": Hook(
        (c.HTTP_DURATION, c.RATELIMITS, c.RATELIMIT_WAIT, c.CLOCK_OFFSET, c.RESPONSE_TIME),
        "Single attempts and 429s are not seen; whole calls are. Discord's clock is not known, so response times count "
        "from an interaction's arrival.",
    ),
    "REST waits": Hook((c.RATELIMIT_WAIT,), "Waits for a bucket are missing from what calls of the bot have waited."),
}
"""By the hook's name, :attr:`.patches.Patch.hook`."""
