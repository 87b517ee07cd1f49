"""The attributes of the Discord source's metrics, spans and events, with their values and cardinality limits."""

from __future__ import annotations

from argus_otel.telemetry import Attribute, SpanAttribute

from .rest.templates import template_of

# -- of metrics, spans and events

EVENT_TYPE = Attribute(
    "discord.event.type",
    "The gateway event's type, as Discord sends it.",
    cardinality_limit=200,
    examples=("INTERACTION_CREATE",),
)
SHARD_ID = Attribute(
    "discord.shard.id", "The shard; a client without shards is shard 0.", cardinality_limit=1000, examples=(0, 17)
)
SESSION_TYPE = Attribute("discord.session.type", "Whether the session began or resumed.", values=("identify", "resume"))
CLOSE_CODE = Attribute(
    "discord.close.code",
    "The connection's close code; 1006 if it ended without one.",
    cardinality_limit=64,
    examples=(1006, 4004),
)
INTERACTION_TYPE = Attribute(
    "discord.interaction.type",
    "The interaction's type, by discord.py's names.",
    values=("application_command", "component", "autocomplete", "modal_submit"),
)
COMMAND_NAME = Attribute(
    "discord.command.name",
    "The command's qualified name, such as `play song`.",
    cardinality_limit=500,
    examples=("play song",),
)
COMMAND_TYPE = Attribute(
    "discord.command.type",
    "How the command was called. A hybrid command is `slash` or `prefix`.",
    values=("slash", "user", "message", "prefix"),
)
COMPONENT_NAME = Attribute(
    "discord.component.name",
    "The view's class and the callback, such as `PlayerView.skip`, or the modal's class.",
    cardinality_limit=500,
    examples=("PlayerView.skip", "FeedbackModal"),
)
OUTCOME = Attribute(
    "discord.outcome",
    "`rejected` is caused by the user (a check, a cooldown, bad input), `refused` by Discord (a permission is missing, "
    "a message is gone), `error` by the bot.",
    values=("ok", "rejected", "refused", "error"),
)
ERROR_TYPE = Attribute(
    "error.type",
    "The original exception's class, not discord.py's wrapper; absent on success.",
    cardinality_limit=200,
    examples=("KeyError",),
)
ERROR_CODE = Attribute(
    "discord.error.code",
    "The code in the JSON body with which Discord refused a call, such as 50013 (Missing Permissions).",
    cardinality_limit=100,
    examples=(50013,),
)
LATE_REASON = Attribute(
    "discord.interaction.late.reason",
    "Why the user saw the interaction fail, or why Discord refused its acknowledgement: `arrived_late` and "
    "`blocked_loop` took at least half of Discord's 3 s before the handler could answer; `slow_handler` answered too "
    "late by itself; `unanswered` ended without an answer; `unknown_interaction` was refused in time, with code 10062; "
    "`already_acknowledged` was refused with code 40060; `callback_failed` is every other failure of the call.",
    values=(
        "arrived_late",
        "blocked_loop",
        "slow_handler",
        "unanswered",
        "unknown_interaction",
        "already_acknowledged",
        "callback_failed",
    ),
)
INTEGRATION_TYPE = Attribute(
    "discord.integration.type",
    "The install that the interaction belongs to: the guild's, the user's, or both.",
    values=("guild", "user", "both"),
)
CONTEXT = Attribute(
    "discord.context",
    "The place of the interaction: a guild, the bot's direct messages, or any other private channel.",
    values=("guild", "bot_dm", "private_channel"),
)
METHOD = Attribute(
    "http.request.method", "The HTTP method.", values=("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
)
TEMPLATE = Attribute(
    "url.template",
    "The route, such as `/channels/{channel_id}/messages`.",
    cardinality_limit=300,
    normalise=template_of,
    examples=("/channels/{channel_id}/messages",),
)
STATUS = Attribute("http.response.status_code", "The HTTP status.", cardinality_limit=64, examples=(200, 429))
SERVER = Attribute("server.address", "The host of Discord's API.", cardinality_limit=16, examples=("discord.com",))
RATELIMIT_SCOPE = Attribute(
    "discord.ratelimit.scope", "Whose limit was hit.", values=("user", "shared", "global", "cloudflare")
)
EVENT_NAME = Attribute(
    "discord.event.name",
    "The event that the listener handles, by discord.py's name without `on_`.",
    cardinality_limit=200,
    examples=("member_join",),
)
TASK_NAME = Attribute(
    "discord.task.name",
    "The function that a `discord.ext.tasks` loop repeats, as `Cog.cleanup` or `cleanup`.",
    cardinality_limit=200,
    examples=("Cog.cleanup",),
)
CHANGE = Attribute("discord.change", "Whether the bot joined or left the guild.", values=("join", "leave"))
GUILD_SIZE = Attribute(
    "discord.guild.size",
    "A class of guilds, by their number of members.",
    values=("1-9", "10-99", "100-999", "1000-9999", "10000-99999", "100000+"),
)
INSTALL_TYPE = Attribute(
    "discord.install.type", "What the application is installed to.", values=("guild_install", "user_install")
)
INTENT_NAME = Attribute(
    "discord.intent.name",
    "The privileged intent, by discord.py's name.",
    values=("members", "presences", "message_content"),
)
CACHE_NAME = Attribute(
    "discord.cache.name",
    "One of discord.py's caches.",
    values=(
        "users",
        "members",
        "messages",
        "channels",
        "threads",
        "roles",
        "voice_states",
        "emojis",
        "stickers",
        "private_channels",
    ),
)
EXTENSION_NAME = Attribute(
    "discord.extension.name",
    "The extension's module, such as `cogs.music`.",
    cardinality_limit=200,
    examples=("cogs.music",),
)

# -- of spans and events only

_AN_ID = ("1102233445566778899",)

GUILD_ID = SpanAttribute("discord.guild.id", "The guild's id; absent in direct messages.", _AN_ID)
CHANNEL_ID = SpanAttribute("discord.channel.id", "The channel's id.", _AN_ID)
USER_ID = SpanAttribute("discord.user.id", "The id of the user who caused it.", _AN_ID)
MESSAGE_ID = SpanAttribute("discord.message.id", "The id of the command's message.", _AN_ID)
INTERACTION_ID = SpanAttribute("discord.interaction.id", "The interaction's id.", _AN_ID)

SPAN_ATTRIBUTES = (
    *(GUILD_ID, CHANNEL_ID, USER_ID, MESSAGE_ID, INTERACTION_ID),
    SpanAttribute("discord.guild.name", "The guild's name.", ("Jazz lovers",)),
    SpanAttribute("discord.guild.member_count", "The number of the guild's members, if Discord has sent it.", (250,)),
    SpanAttribute(
        "http.request.resend_count", "The number of attempts after the first; absent if there were none.", (1,)
    ),
    SpanAttribute(
        "discord.rest.ratelimit.wait", "How long the call waited for rate limits, in seconds; absent for 0.", (0.5,)
    ),
)
