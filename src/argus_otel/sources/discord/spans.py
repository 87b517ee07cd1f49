"""The spans of the Discord source, each with the event of the exception that may end it."""

from __future__ import annotations

from argus_otel.telemetry import Event, Severity, Span, SpanKind

from .attributes import (
    CHANNEL_ID,
    COMMAND_NAME,
    COMMAND_TYPE,
    COMPONENT_NAME,
    CONTEXT,
    ERROR_CODE,
    ERROR_TYPE,
    EVENT_NAME,
    GUILD_ID,
    INTEGRATION_TYPE,
    INTERACTION_ID,
    INTERACTION_TYPE,
    LATE_REASON,
    MESSAGE_ID,
    METHOD,
    OUTCOME,
    SERVER,
    SHARD_ID,
    STATUS,
    TASK_NAME,
    TEMPLATE,
    USER_ID,
)

IDS = (GUILD_ID.name, CHANNEL_ID.name, USER_ID.name, SHARD_ID.name)
_ENDING = (OUTCOME.name, ERROR_TYPE.name, ERROR_CODE.name)
INTERACTION_ENDING = (*_ENDING, LATE_REASON.name, INTEGRATION_TYPE.name, CONTEXT.name)
_INTERACTION = (INTERACTION_ID.name, INTERACTION_TYPE.name, *INTERACTION_ENDING, *IDS)

COMMAND_SPAN = Span(
    "command {discord.command.name}",
    SpanKind.SERVER,
    "An application command, from arrival to end.",
    (COMMAND_NAME.name, COMMAND_TYPE.name, *_INTERACTION),
)
COMPONENT_SPAN = Span(
    "component {discord.component.name}",
    SpanKind.SERVER,
    "A click on a button or a choice in a select menu.",
    (COMPONENT_NAME.name, *_INTERACTION),
)
MODAL_SPAN = Span(
    "modal {discord.component.name}",
    SpanKind.SERVER,
    "A modal that was submitted.",
    (COMPONENT_NAME.name, *_INTERACTION),
)
AUTOCOMPLETE_SPAN = Span(
    "autocomplete {discord.command.name}",
    SpanKind.SERVER,
    "A request for an option's choices.",
    (COMMAND_NAME.name, *_INTERACTION),
)
PREFIX_SPAN = Span(
    "command {discord.command.name} (prefix)",
    SpanKind.CONSUMER,
    "A prefix command; its exported name is `command {discord.command.name}` too.",
    (COMMAND_NAME.name, COMMAND_TYPE.name, *_ENDING, MESSAGE_ID.name, *IDS),
)
REST_SPAN = Span(
    "{http.request.method} {url.template}",
    SpanKind.CLIENT,
    "A REST call with every wait and retry.",
    (
        METHOD.name,
        TEMPLATE.name,
        STATUS.name,
        SERVER.name,
        ERROR_TYPE.name,
        ERROR_CODE.name,
        "http.request.resend_count",
        "discord.rest.ratelimit.wait",
    ),
    Event(
        "http.client.request.exception",
        "An exception ended the REST call; its caller may handle it",
        severity=Severity.WARN,
    ),
)
TASK_SPAN = Span(
    "task {discord.task.name}",
    SpanKind.INTERNAL,
    "An iteration of a `discord.ext.tasks` loop. One that was started in a handler is linked to that handler's trace.",
    (TASK_NAME.name, ERROR_TYPE.name),
)
LISTENER_SPAN = Span(
    "event {discord.event.name}",
    SpanKind.CONSUMER,
    "A run of a listener. Dispatched from within other work, it is part of that work's trace.",
    (EVENT_NAME.name, ERROR_TYPE.name, *IDS),
)
VIEW_TIMEOUT_SPAN = Span(
    "timeout {discord.component.name}",
    SpanKind.INTERNAL,
    "The `on_timeout` of a view or modal, linked to the trace that sent it.",
    (COMPONENT_NAME.name, ERROR_TYPE.name),
)
VOICE_CONNECT_SPAN = Span(
    "voice connect",
    SpanKind.CLIENT,
    "Joining a voice channel.",
    (GUILD_ID.name, CHANNEL_ID.name, ERROR_TYPE.name),
    Event(
        "discord.voice.exception", "An exception ended the joining; its caller may handle it", severity=Severity.WARN
    ),
)

SPANS = (
    COMMAND_SPAN,
    COMPONENT_SPAN,
    MODAL_SPAN,
    AUTOCOMPLETE_SPAN,
    PREFIX_SPAN,
    REST_SPAN,
    TASK_SPAN,
    LISTENER_SPAN,
    VIEW_TIMEOUT_SPAN,
    VOICE_CONNECT_SPAN,
)
