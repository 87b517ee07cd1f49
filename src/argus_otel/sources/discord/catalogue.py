"""Every signal of the Discord source, with unit, buckets and attributes. Nothing else spells their names."""

from __future__ import annotations

from typing import TypeVar

from argus_otel.telemetry import Catalogue, Event, Metric, Severity
from argus_otel.telemetry.definitions import InstrumentKind

from .attributes import (
    CACHE_NAME,
    CHANGE,
    CLOSE_CODE,
    COMMAND_NAME,
    COMMAND_TYPE,
    COMPONENT_NAME,
    CONTEXT,
    ERROR_CODE,
    ERROR_TYPE,
    EVENT_NAME,
    EVENT_TYPE,
    EXTENSION_NAME,
    GUILD_ID,
    GUILD_SIZE,
    INSTALL_TYPE,
    INTEGRATION_TYPE,
    INTENT_NAME,
    INTERACTION_TYPE,
    LATE_REASON,
    METHOD,
    OUTCOME,
    RATELIMIT_SCOPE,
    SERVER,
    SESSION_TYPE,
    SHARD_ID,
    SPAN_ATTRIBUTES,
    STATUS,
    TASK_NAME,
    TEMPLATE,
)
from .spans import IDS, INTERACTION_ENDING, SPANS

COUNTER, UP_DOWN_COUNTER, GAUGE, HISTOGRAM = InstrumentKind

# -- buckets, in seconds

# A handler that awaits a view ends when the view does: discord.py's default is 180 s, an interaction lives 15 min.
_WORK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0, 900.0)
# Discord's deadline is 3 s: fine buckets below it, and one that ends there.
_ACKNOWLEDGEMENT = (0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 5.0, 10.0)
# As OpenTelemetry's semantic conventions advise for http.client.request.duration.
_HTTP = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_CALL = (*_HTTP, 30.0, 60.0, 300.0)
# Round trips to the gateway: some 40 ms usually, seconds if the event loop is blocked.
_ROUND_TRIP = (0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_WAIT = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)

# -- gateway

GATEWAY_EVENTS = Metric(
    "discord.gateway.events", COUNTER, "{event}", "Events received from the gateway, by type.", (EVENT_TYPE,)
)
SHARD_EVENTS = Metric(
    "discord.shard.events", COUNTER, "{event}", "Events received from the gateway, by shard.", (SHARD_ID,)
)
LATENCY = Metric(
    "discord.gateway.latency",
    GAUGE,
    "s",
    "Time between the last heartbeat and its acknowledgement; absent before the first.",
    (SHARD_ID,),
)
SHARD_UP = Metric(
    "discord.shard.up", GAUGE, "{shard}", "1 while the shard's gateway session is up, else 0.", (SHARD_ID,)
)
SHARD_COUNT = Metric(
    "discord.shard.count",
    GAUGE,
    "{shard}",
    "How many shards the bot is split into, over all its processes: the number that it tells Discord.",
)
SESSIONS = Metric(
    "discord.gateway.sessions",
    COUNTER,
    "{session}",
    "Gateway sessions that began (identify) or resumed (resume).",
    (SHARD_ID, SESSION_TYPE),
)
SESSION_LIMIT = Metric(
    "discord.gateway.session.limit",
    GAUGE,
    "{session}",
    "Sessions that the bot may begin in 24 hours, over all its processes, as Discord has answered last. Absent if the "
    "bot has not asked: discord.py asks for an `AutoShardedClient` without `shard_count`.",
)
SESSIONS_REMAINING = Metric(
    "discord.gateway.session.remaining",
    GAUGE,
    "{session}",
    "Sessions that the bot may still begin until that day ends, as Discord has answered last, without those that this "
    "process has begun since. Absent once the day has ended.",
)
DISCONNECTS = Metric(
    "discord.gateway.disconnects",
    COUNTER,
    "{disconnect}",
    "Gateway connections that ended, by close code.",
    (SHARD_ID, CLOSE_CODE),
)
HEARTBEAT = Metric(
    "discord.gateway.heartbeat.duration",
    HISTOGRAM,
    "s",
    "Time between each heartbeat and its acknowledgement, over all shards.",
    (),
    _ROUND_TRIP,
)
GATEWAY_WAIT = Metric(
    "discord.gateway.ratelimit.wait",
    HISTOGRAM,
    "s",
    "How long a message to the gateway waited for the send limit; only messages that waited.",
    (),
    _WAIT,
)
SHARD_RATELIMITED = Metric(
    "discord.shard.ratelimited",
    GAUGE,
    "{shard}",
    "1 while the shard has used up its limit of messages to the gateway, else 0.",
    (SHARD_ID,),
)
CLOCK_OFFSET = Metric(
    "discord.clock.offset",
    GAUGE,
    "s",
    "How far this machine's clock is ahead of Discord's, negative if it is behind; absent while Discord's clock is not "
    "known to a second.",
)

# -- interactions and commands

INTERACTION_DURATION = Metric(
    "discord.interaction.duration",
    HISTOGRAM,
    "s",
    "From the interaction's arrival to the end of its handler.",
    (INTERACTION_TYPE, COMMAND_NAME, COMPONENT_NAME, OUTCOME, ERROR_TYPE),
    _WORK,
)
RESPONSE_TIME = Metric(
    "discord.interaction.response.time",
    HISTOGRAM,
    "s",
    "From Discord's creation of the interaction until the bot sends its first acknowledgement, by Discord's clock; "
    "Discord gives up after 3 s.",
    (INTERACTION_TYPE, COMMAND_NAME),
    _ACKNOWLEDGEMENT,
)
UNACKNOWLEDGED = Metric(
    "discord.interaction.unacknowledged",
    COUNTER,
    "{interaction}",
    "Interactions that were not acknowledged within Discord's 3 s: the user saw them fail.",
    (INTERACTION_TYPE, COMMAND_NAME),
)
LATE = Metric(
    "discord.interaction.late",
    COUNTER,
    "{interaction}",
    "Interactions whose acknowledgement was late, missing or refused, each once, by the reason.",
    (LATE_REASON, INTERACTION_TYPE),
)
INTERACTION_ORIGINS = Metric(
    "discord.interaction.origins",
    COUNTER,
    "{interaction}",
    "Interactions that arrived, by the install that they belong to and the place where the user was.",
    (INTEGRATION_TYPE, CONTEXT),
)
INTERACTIONS_ACTIVE = Metric(
    "discord.interaction.active",
    UP_DOWN_COUNTER,
    "{interaction}",
    "Interactions whose handler runs now.",
    (INTERACTION_TYPE,),
)
COMMAND_DURATION = Metric(
    "discord.command.duration",
    HISTOGRAM,
    "s",
    "From a command's arrival to its end. Each command counts once, however it was called.",
    (COMMAND_NAME, COMMAND_TYPE, OUTCOME, ERROR_TYPE),
    _WORK,
)
COMPONENTS_UNHANDLED = Metric(
    "discord.component.unhandled",
    COUNTER,
    "{interaction}",
    "Clicks and modals that no view, dynamic item or listener of this bot handled: the user saw them fail.",
)
VIEWS_ACTIVE = Metric(
    "discord.view.active", GAUGE, "{view}", "Views and modals that discord.py waits for, persistent ones included."
)
VIEW_TIMEOUTS = Metric("discord.view.timeouts", COUNTER, "{view}", "Views and modals that timed out.")

# -- other work

LISTENER_DURATION = Metric(
    "discord.listener.duration",
    HISTOGRAM,
    "s",
    "One run of one listener, from its first line to its end. Its wait for the event loop before that is loop lag.",
    (EVENT_NAME, ERROR_TYPE),
    _WORK,
)
TASK_DURATION = Metric(
    "discord.task.duration",
    HISTOGRAM,
    "s",
    "One iteration of a `discord.ext.tasks` loop, without the sleep between two.",
    (TASK_NAME, ERROR_TYPE),
    _WORK,
)
TASKS_RUNNING = Metric(
    "discord.task.running",
    UP_DOWN_COUNTER,
    "{task}",
    "`discord.ext.tasks` loops that are started and have not ended; 0 for one that has.",
    (TASK_NAME,),
)
EXTENSION_LOADING = Metric(
    "discord.extension.load.duration",
    HISTOGRAM,
    "s",
    "Loading one extension, its setup function included.",
    (EXTENSION_NAME, ERROR_TYPE),
    _WORK,
)

# -- REST

HTTP_DURATION = Metric(
    "http.client.request.duration",
    HISTOGRAM,
    "s",
    "One attempt of a REST call, from request to the whole response.",
    (METHOD, TEMPLATE, STATUS, SERVER, ERROR_TYPE),
    _HTTP,
)
REST_DURATION = Metric(
    "discord.rest.duration",
    HISTOGRAM,
    "s",
    "A whole REST call, with every wait and retry.",
    (METHOD, TEMPLATE, ERROR_TYPE),
    _CALL,
)
RATELIMIT_WAIT = Metric(
    "discord.rest.ratelimit.wait",
    HISTOGRAM,
    "s",
    "How long a REST call waited for rate limits, before, between and after its attempts; only calls that waited.",
    (TEMPLATE,),
    _WAIT,
)
REST_ERRORS = Metric(
    "discord.rest.errors",
    COUNTER,
    "{call}",
    "REST calls that Discord refused with a code of its own, after every retry.",
    (TEMPLATE, ERROR_CODE),
)
RATELIMITS = Metric(
    "discord.rest.ratelimits",
    COUNTER,
    "{response}",
    "Responses with status 429, by whose limit was hit.",
    (TEMPLATE, RATELIMIT_SCOPE),
)

# -- state

GUILDS = Metric(
    "discord.guild.count", UP_DOWN_COUNTER, "{guild}", "Guilds that the bot is in, on the shards of this process."
)
GUILDS_UNAVAILABLE = Metric(
    "discord.guild.unavailable", UP_DOWN_COUNTER, "{guild}", "Guilds that are unavailable now, of those counted."
)
GUILD_CHANGES = Metric("discord.guild.changes", COUNTER, "{guild}", "Guilds that the bot joined or left.", (CHANGE,))
GUILD_MEMBERS = Metric(
    "discord.guild.members",
    UP_DOWN_COUNTER,
    "{user}",
    "Members of the bot's guilds. One who is in two guilds counts twice. Without the members intent, a guild's number "
    "is the one that Discord sent when the session began or the bot joined.",
)
GUILD_SIZES = Metric(
    "discord.guild.sizes",
    UP_DOWN_COUNTER,
    "{guild}",
    "Guilds by their number of members, without those whose number Discord has not sent.",
    (GUILD_SIZE,),
)
INSTALLS = Metric(
    "discord.application.installs",
    GAUGE,
    "{install}",
    "Installations of the application, as Discord estimates them. Every process reports the whole application's, as of "
    "its log-in or of the bot's last call of `application_info()`.",
    (INSTALL_TYPE,),
)
PRIVILEGED_INTENTS = Metric(
    "discord.intent.privileged",
    GAUGE,
    "{client}",
    "Clients of this process that ask for the privileged intent.",
    (INTENT_NAME,),
)
CACHE_OBJECTS = Metric(
    "discord.cache.objects",
    UP_DOWN_COUNTER,
    "{object}",
    "Objects in discord.py's caches. The caches of guilds are counted for 2 ms at each collection: a bot with so many "
    "guilds that this takes several collections reports its last complete count.",
    (CACHE_NAME,),
)
CACHE_MEMORY = Metric(
    "discord.cache.memory",
    UP_DOWN_COUNTER,
    "By",
    "Estimated memory of discord.py's caches: the number of objects, times the mean size of up to 20 of them that are "
    "measured once a minute.",
    (CACHE_NAME,),
)
COMMANDS = Metric(
    "discord.command.registered",
    UP_DOWN_COUNTER,
    "{command}",
    "The bot's commands, groups and subcommands included. A hybrid command is both `slash` and `prefix`.",
    (COMMAND_TYPE,),
)
EXTENSIONS = Metric("discord.extension.count", UP_DOWN_COUNTER, "{extension}", "Extensions that are loaded.")
LEAKED_COGS = Metric(
    "discord.extension.leaked",
    UP_DOWN_COUNTER,
    "{cog}",
    "Cogs of an extension that were removed when it was reloaded or unloaded, and are still in memory after Python's "
    "garbage collector has searched all objects since.",
    (EXTENSION_NAME,),
)

# -- voice

VOICE_CONNECTIONS = Metric(
    "discord.voice.connections",
    UP_DOWN_COUNTER,
    "{connection}",
    "Voice connections that are up: the handshake is complete, and they are not closed. Not while one reconnects. "
    "Those of other libraries, such as Lavalink clients, count while the library says that they are connected, or else "
    "as long as discord.py knows them.",
)
VOICE_LATENCY = Metric(
    "discord.voice.latency",
    GAUGE,
    "s",
    "Time between the last voice heartbeat and its acknowledgement, on the connection where it is longest; absent "
    "before the first.",
)
VOICE_PACKETS = Metric(
    "discord.voice.packets", COUNTER, "{packet}", "Voice packets handed to the network, without those that it refused."
)
VOICE_LATE = Metric(
    "discord.voice.packets.late",
    COUNTER,
    "{packet}",
    "Voice packets that discord.py's player sent more than 40 ms after their time: listeners hear a gap.",
)
VOICE_CONNECTING = Metric(
    "discord.voice.connect.duration",
    HISTOGRAM,
    "s",
    "From the bot's request to join a voice channel until it can speak there, or has failed. discord.py's own "
    "reconnections are not counted.",
    (ERROR_TYPE,),
    _WAIT,
)
VOICE_DISCONNECTS = Metric(
    "discord.voice.disconnects",
    COUNTER,
    "{disconnect}",
    "Voice connections that ended, by close code: 1000 if the bot left, 4014 if it was moved or removed.",
    (CLOSE_CODE,),
)

# -- events

SESSION_EVENT = Event(
    "discord.gateway.session", "A gateway session began or resumed", (SHARD_ID.name, SESSION_TYPE.name)
)
DISCONNECT_EVENT = Event("discord.gateway.disconnect", "A gateway connection ended", (SHARD_ID.name, CLOSE_CODE.name))
VOICE_DISCONNECT_EVENT = Event("discord.voice.disconnect", "A voice connection ended", (GUILD_ID.name, CLOSE_CODE.name))

_GUILD = (GUILD_ID.name, "discord.guild.name", "discord.guild.member_count", SHARD_ID.name)

GUILD_JOIN_EVENT = Event("discord.guild.join", "The bot joined a guild", _GUILD)
GUILD_LEAVE_EVENT = Event("discord.guild.leave", "The bot left a guild", _GUILD)

_WORK_EVENT = ("argus.history.id", "argus.history.duration", *IDS, COMMAND_NAME.name, *INTERACTION_ENDING)

# In history only, if ARGUS_HISTORY is set. Joins and leaves are in history too.
COMMAND_EVENT = Event(
    "discord.command",
    "In history only: a slash, user, message or prefix command has run",
    (*_WORK_EVENT, COMMAND_TYPE.name),
)
COMPONENT_EVENT = Event(
    "discord.component",
    "In history only: a button or select menu was used; `discord.command.name` is its name",
    _WORK_EVENT,
)
MODAL_EVENT = Event(
    "discord.modal", "In history only: a modal was submitted; `discord.command.name` is its name", _WORK_EVENT
)
AUTOCOMPLETE_EVENT = Event(
    "discord.autocomplete", "In history only: choices for a command's option were requested", _WORK_EVENT
)
EXTENSION_EVENT = Event(
    "discord.extension.load_failed",
    "An extension could not be loaded",
    (EXTENSION_NAME.name, ERROR_TYPE.name),
    severity=Severity.WARN,
)

T = TypeVar("T")


def _all(kind: type[T]) -> tuple[T, ...]:
    """Return the definitions above of one class, in their order."""
    return tuple(value for value in globals().values() if isinstance(value, kind))


CATALOGUE = Catalogue("discord", _all(Metric), SPANS, _all(Event), SPAN_ATTRIBUTES)
