"""The signals that need each hook, and the gaps if the hook is absent.

``tools/hook_table.py`` makes the second table of ``docs/hooks.md`` of it. Tests check that every hook has an entry, and
that every signal of the catalogue needs some hook.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from argus_otel.telemetry import Event, Metric, Span

from . import catalogue as c
from . import spans

Signal: TypeAlias = "Metric | Span | Event"


@dataclass(frozen=True, slots=True)
class HookCoverage:
    """All patches that share one hook name.

    Attributes
    ----------
    signals:
        The signals that come from the hook, or are incomplete without it.
    absent:
        What the bot's telemetry lacks without the hook, in a sentence or two.
    """

    signals: tuple[Signal, ...]
    absent: str


_APPLICATION_COMMANDS = (
    spans.COMMAND_SPAN,
    spans.AUTOCOMPLETE_SPAN,
    c.COMMAND_DURATION,
    c.INTERACTION_DURATION,
    c.INTERACTIONS_ACTIVE,
    c.COMMAND_EVENT,
    c.AUTOCOMPLETE_EVENT,
)

COVERAGE: dict[str, HookCoverage] = {
    "log-in": HookCoverage((), "The bot's token is redacted from its first connection on, and not from its log-in on."),
    "connections": HookCoverage(
        (), "HTTP client instrumentations record the gateway's connection and requests to the CDN."
    ),
    "clients": HookCoverage(
        (
            c.GATEWAY_EVENTS,
            c.SHARD_EVENTS,
            c.LATENCY,
            c.SHARD_UP,
            c.SHARD_COUNT,
            c.DISCONNECTS,
            c.DISCONNECT_EVENT,
            c.SHARD_RATELIMITED,
            c.GUILDS,
            c.GUILDS_UNAVAILABLE,
            c.GUILD_CHANGES,
            c.GUILD_JOIN_EVENT,
            c.GUILD_LEAVE_EVENT,
            c.GUILD_MEMBERS,
            c.GUILD_SIZES,
            c.INSTALLS,
            c.PRIVILEGED_INTENTS,
            c.CACHE_OBJECTS,
            c.CACHE_MEMORY,
            c.COMMANDS,
            c.EXTENSIONS,
            c.VOICE_CONNECTIONS,
            c.INTERACTION_DURATION,
            c.INTERACTIONS_ACTIVE,
            c.RESPONSE_TIME,
            c.UNACKNOWLEDGED,
            c.LATE,
            c.INTERACTION_ORIGINS,
            c.COMPONENTS_UNHANDLED,
            c.COMMAND_EVENT,
            c.COMPONENT_EVENT,
            c.MODAL_EVENT,
            c.AUTOCOMPLETE_EVENT,
        ),
        "No client is found: all signals of gateway, shards, guilds, caches and interactions are absent, and the bot "
        "is never ready. REST calls and prefix commands are still observed.",
    ),
    "application": HookCoverage(
        (c.INSTALLS,), "Installations are those of the log-in, even if the bot fetches its application again."
    ),
    "gateway sessions": HookCoverage(
        (c.SESSIONS, c.SESSION_EVENT, c.SESSION_LIMIT, c.SESSIONS_REMAINING),
        "Depending on the target, sessions are not counted, or their limit is not known.",
    ),
    "gateway disconnects": HookCoverage(
        (c.DISCONNECTS, c.DISCONNECT_EVENT), "Disconnections that the bot itself begins are not counted."
    ),
    "heartbeats": HookCoverage(
        (c.HEARTBEAT, c.LATENCY),
        "Heartbeats are not timed. The latency is discord.py's own figure, which may be wrong by a whole interval.",
    ),
    "gateway send limits": HookCoverage((c.GATEWAY_WAIT,), "Waits for the gateway's send limit are not timed."),
    "listeners": HookCoverage(
        (c.LISTENER_DURATION, spans.LISTENER_SPAN, c.INTERACTION_DURATION),
        "Listeners are not timed, and interactions that only a listener handles count as unhandled.",
    ),
    "task loops": HookCoverage(
        (c.TASK_DURATION, c.TASKS_RUNNING, spans.TASK_SPAN),
        "Loops are not observed. The work of a loop that a handler started is a part of that handler's trace.",
    ),
    "extensions": HookCoverage(
        (c.EXTENSION_LOADING, c.EXTENSION_EVENT, c.LEAKED_COGS),
        "Depending on the target, loading is not timed, extensions that fail to load are not reported, or cogs that "
        "stay in memory are not counted.",
    ),
    "views": HookCoverage(
        (c.VIEWS_ACTIVE, c.VIEW_TIMEOUTS, spans.VIEW_TIMEOUT_SPAN),
        "Depending on the target, views or their ends are not counted. Clicks have no link to the trace that sent the "
        "view.",
    ),
    "voice": HookCoverage(
        (
            c.VOICE_LATENCY,
            c.VOICE_PACKETS,
            c.VOICE_LATE,
            c.VOICE_CONNECTING,
            spans.VOICE_CONNECT_SPAN,
            c.VOICE_DISCONNECTS,
            c.VOICE_DISCONNECT_EVENT,
        ),
        "Depending on the target, joining, packets or disconnections are not observed. Without the hooks "
        "on heartbeats, the latency is discord.py's own figure, which may be wrong by a whole interval.",
    ),
    "app commands": HookCoverage(
        _APPLICATION_COMMANDS,
        "Without `_call`, application commands never end, and have no duration and no span. Without one of the others, "
        "the exceptions of commands are missed, and such commands count as `ok`.",
    ),
    "hybrid commands": HookCoverage(
        (spans.COMMAND_SPAN, c.COMMAND_DURATION, c.INTERACTION_DURATION, c.COMMAND_EVENT),
        "The exception of a hybrid command that is called as a slash command is missed: the command counts as `ok`.",
    ),
    "fork commands": HookCoverage(
        _APPLICATION_COMMANDS,
        "The forks' counterpart of `app commands`. Without `_schedule_event`, application commands have no duration. "
        "Without the other, their exceptions are missed, and such commands count as `ok`.",
    ),
    "components": HookCoverage(
        (
            spans.COMPONENT_SPAN,
            spans.MODAL_SPAN,
            c.INTERACTION_DURATION,
            c.INTERACTIONS_ACTIVE,
            c.COMPONENT_EVENT,
            c.MODAL_EVENT,
        ),
        "Depending on the target, clicks, modals or dynamic items count as unhandled. In a fork, they have no "
        "duration.",
    ),
    "prefix commands": HookCoverage(
        (spans.PREFIX_SPAN, c.COMMAND_DURATION, c.COMMAND_EVENT),
        "Without `invoke`, prefix commands are not observed. Without `dispatch_error`, their exceptions are missed.",
    ),
    "HTTP interactions": HookCoverage(
        (c.RESPONSE_TIME, c.UNACKNOWLEDGED, c.LATE),
        "An interaction that Discord posts to the bot's web server, and that the response's body answers, counts as "
        "unacknowledged. Answers by Discord's callback are still seen.",
    ),
    "REST calls": HookCoverage(
        (
            c.REST_DURATION,
            spans.REST_SPAN,
            c.HTTP_DURATION,
            c.RATELIMIT_WAIT,
            c.RATELIMITS,
            c.REST_ERRORS,
            c.RESPONSE_TIME,
            c.UNACKNOWLEDGED,
            c.LATE,
        ),
        "Depending on the target, calls of the bot or of webhooks are not observed. Without the hook on webhooks, no "
        "acknowledgement is seen either.",
    ),
    "REST attempts": HookCoverage(
        (c.HTTP_DURATION, c.RATELIMITS, c.RATELIMIT_WAIT, c.CLOCK_OFFSET, c.RESPONSE_TIME),
        "Single attempts and 429s are not counted; whole calls are. Discord's clock is not known, so response times "
        "are measured from an interaction's arrival.",
    ),
    "REST waits": HookCoverage(
        (c.RATELIMIT_WAIT,), "Waits for a bucket are missing from the waits of the bot's calls."
    ),
}
"""By the hook's name, :attr:`.patches.Patch.hook`."""
