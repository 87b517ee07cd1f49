"""Fleet overview: is it up, how big is it, is it healthy, across all processes."""

from __future__ import annotations

from ...board import Board, Row
from ...panels import Column, stat, table, timeseries
from ...queries import SELECTED, counted, increase, now, of, per, prom, quantile, rate, share, total
from ...style import (
    BAD,
    BYTES,
    FINE,
    GOOD,
    NEUTRAL,
    NUMBER,
    PER_SECOND,
    SECONDS,
    SHARE,
    WARNING,
    board_link,
    coloured,
    steps,
)
from . import objective
from .common import SHARDS_EXPECTED, bots, of_outcomes, shards, shards_up

_CHOICE = ("job", "cluster", "instance")
_COMMANDS = "discord_command_duration_seconds_count"
_INTERACTIONS = "discord_interaction_duration_seconds_count"
_OF_PROCESS = "job, instance"

_UP = Row(
    "Is it up?",
    [
        stat(
            "Processes up",
            """Processes of the chosen bots that Prometheus hears of. Fewer than you started: the missing one is down,
            or Prometheus does not reach its endpoint, or it does not reach the Collector.""",
            prom(f"count({of('process_uptime_seconds')})", "processes"),
            unit=NUMBER,
            thresholds=FINE,
        ),
        stat(
            "Shards up",
            """Share of the gateway sessions that are up. Below 100 % for longer than a deploy takes: "Gateway and
            shards" lists the shards, and their close codes.""",
            prom(f"{shards_up()} / {shards()}", "up"),
            unit=SHARE,
            thresholds=steps((0.9, WARNING), (1, GOOD), below=BAD),
            links=[board_link("Gateway and shards", "argus-gateway", *_CHOICE)],
        ),
        stat(
            "Shards down",
            """How many gateway sessions are not up now: the guilds on them get no answer. discord.py reconnects by
            itself; where it does not within a few minutes, the process's log says why, and a restart most likely
            helps.""",
            prom(f"{shards()} - {shards_up()}", "down"),
            unit=NUMBER,
            thresholds=steps((1, BAD)),
            links=[board_link("Gateway and shards", "argus-gateway", *_CHOICE)],
        ),
        stat(
            "Shards expected",
            """The number of shards that the chosen bots are split into, as they tell Discord, over all their processes.
            "One by one" lists fewer: a process is missing, and the guilds of its shards see the bot offline.""",
            prom(SHARDS_EXPECTED, "expected"),
            unit=NUMBER,
            thresholds=FINE,
        ),
        stat(
            "Youngest process",
            """For how long the process that started last has been up. It falls to 0 at each restart: an
            unplanned one was a crash, and the end of that process's log has its cause.""",
            prom(f"min({of('process_uptime_seconds')})", "up for"),
            unit=SECONDS,
            thresholds=steps((300, GOOD), below=WARNING),
        ),
        stat(
            "Guilds",
            """Guilds that the bots are in, over all processes. A sudden fall that "Guilds joined and left" does not
            explain is a process that has ended, or a shard that has not received its guilds yet.""",
            prom(total("discord_guild_count"), "guilds"),
            unit=NUMBER,
            thresholds=FINE,
        ),
        stat(
            "Guilds unavailable",
            """Guilds that Discord cannot serve now. A few come and go. Many at once are an outage of Discord's: look at
            discordstatus.com, and do not restart, which costs identifies and does not help.""",
            prom(total("discord_guild_unavailable"), "unavailable"),
            unit=NUMBER,
            thresholds=steps((1, WARNING)),
        ),
    ],
)

_HEALTHY = Row(
    "Is it healthy?",
    [
        stat(
            "Acknowledged within 3 s",
            """Share of the interactions in the time range that were acknowledged before Discord gave them up. What is
            missing to 100 % saw "The application did not respond". "Interactions and commands" shows which
            commands.""",
            now(f"1 - {objective.missed_in_range()}", "in time"),
            unit=SHARE,
            decimals=2,
            thresholds=steps((0.99, WARNING), (0.999, GOOD), below=BAD),
            links=[board_link("Interactions and commands", "argus-interactions", *_CHOICE)],
            no_value="no interactions",
        ),
        stat(
            "Commands that failed",
            """Share of the commands in the time range that ended in an error of the bot's; what a check or a cooldown
            turned down is none. "Failing commands" on "Interactions and commands" names them and leads to their
            traces.""",
            now(
                share(
                    counted(_COMMANDS, 'discord_outcome="error"'),
                    counted(_COMMANDS, 'discord_outcome!~"rejected|refused"'),
                ),
                "failed",
            ),
            unit=SHARE,
            decimals=2,
            thresholds=steps((0.01, WARNING), (0.05, BAD)),
            links=[board_link("Interactions and commands", "argus-interactions", *_CHOICE)],
            no_value="no commands",
        ),
        stat(
            "Loop lag, p99",
            """How late the event loops of the bots run what is due, in the worst of 100 cases. Everything waits for
            that long: above 0.1 s users feel it, and above a few seconds Discord hangs up. "Runtime" shows what
            blocks.""",
            prom(quantile(0.99, "asyncio_loop_lag_seconds"), "p99"),
            unit=SECONDS,
            thresholds=steps((0.1, WARNING), (1, BAD)),
            links=[board_link("Runtime", "argus-runtime", "job", "instance")],
        ),
        stat(
            "Gateway latency",
            """The longest that any shard's last heartbeat took to be acknowledged. Above 1 s: the bot's network or its
            event loop is slow (see "Loop lag"), or Discord is. It is the time that each event is late by at the
            least.""",
            prom(f"max({of('discord_gateway_latency_seconds')})", "the slowest shard"),
            unit=SECONDS,
            thresholds=steps((0.5, WARNING), (1, BAD)),
            links=[board_link("Gateway and shards", "argus-gateway", *_CHOICE)],
        ),
        stat(
            "Rate limited",
            """Responses of Discord with status 429 in the time range. Some are ordinary. Where they keep coming, "REST
            and rate limits" shows the route and the limit; at 10,000 invalid requests in 10 minutes Discord bans
            the address.""",
            now(counted("discord_rest_ratelimits_total"), "429s"),
            unit=NUMBER,
            thresholds=steps((100, WARNING), (1000, BAD)),
            links=[board_link("REST and rate limits", "argus-rest", *_CHOICE)],
            no_value="0",
        ),
        stat(
            "Errors logged",
            """Log records of level error and critical in the time range, over all loggers. "Runtime" lists the
            loggers, and shows the records where ClickHouse has them.""",
            now(counted("log_records_total", 'log_severity=~"error|critical"'), "errors"),
            unit=NUMBER,
            thresholds=steps((1, WARNING)),
            links=[board_link("Runtime", "argus-runtime", "job", "instance")],
            no_value="0",
        ),
        timeseries(
            "Interactions, by outcome",
            """Interactions whose handler ended, each second. "rejected" is the users' doing (a check, a cooldown, bad
            input), "error" the bot's. All of it falling to nothing at a busy hour is an outage, whatever else looks
            well.""",
            prom(rate(_INTERACTIONS, by="discord_outcome"), "{{discord_outcome}}"),
            unit=PER_SECOND,
            stacked=True,
            overrides=of_outcomes(),
            no_value="no interactions",
        ),
        timeseries(
            "Gateway events, by process",
            """Events that each process gets from Discord, each second. Where one falls to nothing while others go on,
            its shards hear nothing, even if they look up: restart it, and look at its log before.""",
            prom(rate("discord_gateway_events_total", by=_OF_PROCESS), "{{job}} {{instance}}"),
            unit=PER_SECOND,
        ),
    ],
)

_WITH_CLUSTER = (
    f"max by (job, instance, discord_cluster_id, discord_library_name, discord_library_version)"
    f" (argus_process_info{{{SELECTED}}})"
    f" * on (job, instance) group_left () {total('process_uptime_seconds', by=_OF_PROCESS)}"
)

_PROCESSES = Row(
    "Processes",
    [
        table(
            "One by one",
            """Each process as it is now; a click on an instance leads to its runtime. Look for the one that differs
            from the others: fewer guilds, no events, more lag, more memory.""",
            per(_WITH_CLUSTER),
            per(total("discord_guild_count", by=_OF_PROCESS)),
            per(f"count by (job, instance) ({of('discord_shard_up')})"),
            per(total("discord_shard_up", by=_OF_PROCESS)),
            per(rate("discord_gateway_events_total", by=_OF_PROCESS)),
            per(rate(_INTERACTIONS, by=_OF_PROCESS)),
            per(quantile(0.99, "asyncio_loop_lag_seconds", by=_OF_PROCESS)),
            per(total("process_memory_usage_bytes", by=_OF_PROCESS)),
            columns={
                "job": Column("Bot"),
                "discord_cluster_id": Column("Cluster"),
                "instance": Column(
                    "Instance",
                    links=[
                        board_link(
                            "Its runtime",
                            "argus-runtime",
                            "job=${__data.fields.Bot:percentencode}",
                            "instance=${__value.raw:percentencode}",
                        )
                    ],
                ),
                "discord_library_name": Column("Library"),
                "discord_library_version": Column("Version"),
                "Value #A": Column("Up for", unit=SECONDS, thresholds=steps((300, "text"), below=WARNING)),
                "Value #B": Column("Guilds", unit=NUMBER),
                "Value #C": Column("Shards", unit=NUMBER),
                "Value #D": Column("Shards up", unit=NUMBER),
                "Value #E": Column("Events", unit=PER_SECOND),
                "Value #F": Column("Interactions", unit=PER_SECOND),
                "Value #G": Column(
                    "Loop lag p99", unit=SECONDS, thresholds=steps((0.1, WARNING), (1, BAD), below="text")
                ),
                "Value #H": Column("Memory", unit=BYTES),
            },
            sort="Guilds",
            height=9,
        ),
    ],
)

_REACH = Row(
    "Whom does it reach, and within which of Discord's limits?",
    [
        timeseries(
            "Members reached",
            """Members of all guilds, where one who is in two guilds counts twice, and unique users in discord.py's
            cache, which with the members intent are nearly all. From 10,000 unique users on, Discord reviews the use of
            privileged intents.""",
            prom(total("discord_guild_members", by="job"), "{{job}}: members"),
            prom(total("discord_cache_objects", 'discord_cache_name="users"', by="job"), "{{job}}: users cached"),
            unit=NUMBER,
            width=8,
        ),
        timeseries(
            "Guilds by size",
            """Guilds by their number of members. A bot in many small guilds and one in few large ones need different
            things: the large ones cause most events, and most of the memory.""",
            prom(total("discord_guild_sizes", by="discord_guild_size"), "{{discord_guild_size}} members"),
            unit=NUMBER,
            width=8,
            stacked=True,
        ),
        timeseries(
            "Installations",
            """Guilds and users that have installed the application, as Discord estimates them. They are as of the bot's
            log-in, or of its last call of application_info(). A fall of guilds is told sooner by "Guilds joined and
            left".""",
            prom(
                f"max by (job, discord_install_type) ({of('discord_application_installs')})",
                "{{job}}: {{discord_install_type}}",
            ),
            unit=NUMBER,
            width=8,
        ),
        stat(
            "Processes that use privileged intents",
            """Clients that ask for each privileged intent. From 10,000 unique users on ("Members reached"), Discord
            reviews their use; it closes with code 4014 where it has not allowed one.""",
            prom(
                f"sum by (discord_intent_name) ({of('discord_intent_privileged')})",
                "{{discord_intent_name}}",
            ),
            unit=NUMBER,
            width=12,
            graph=False,
        ),
        stat(
            "Sessions begun in 24 h",
            """Gateway sessions that the chosen bots have begun in the last 24 hours, over all their processes, and what
            Discord allows and says is left, where a bot has asked for it (else 1,000 a bot). At the limit, Discord
            resets the token. A process that counts anew to the same number as the one before adds nothing here; the
            alert IdentifyBudgetHalfSpent adds it.""",
            now(
                counted(
                    "discord_gateway_sessions_total",
                    'discord_session_type="identify"',
                    window="24h",
                    seconds="86400",
                ),
                "begun",
            ),
            now(f"min({of('discord_gateway_session_limit')})", "limit"),
            now(f"min({of('discord_gateway_session_remaining')})", "left"),
            unit=NUMBER,
            width=12,
            decimals=0,
            graph=False,
        ),
    ],
)

_SIZE = Row(
    "How big is it?",
    [
        timeseries(
            "Guilds, by bot",
            """Guilds of each bot, over all its processes. Steps down are processes that have ended or restart; a
            slope is guilds that leave. For which guilds, and why, see "Guild analytics".""",
            prom(total("discord_guild_count", by="job"), "{{job}}"),
            unit=NUMBER,
            width=8,
            minimum=None,
            links=[board_link("Guild analytics", "argus-guilds", "service=${__field.labels.job:percentencode}")],
        ),
        timeseries(
            "Guilds joined and left",
            """Guilds that the bots joined and left. Many that leave at once: a change that they did not
            like, or a permission that they would not give; compare with the time of your last release.""",
            prom(increase("discord_guild_changes_total", by="discord_change"), "{{discord_change}}"),
            unit=NUMBER,
            width=8,
            bars=True,
            calcs=("sum",),
            overrides=[coloured("join", GOOD), coloured("leave", WARNING)],
            no_value="none joined or left",
        ),
        timeseries(
            "What discord.py caches",
            """Objects that discord.py keeps in memory, over all processes. Users and members grow with guilds, and
            messages up to max_messages for each process; what grows without end asks for member_cache_flags or fewer
            intents.""",
            prom(total("discord_cache_objects", by="discord_cache_name"), "{{discord_cache_name}}"),
            unit=NUMBER,
            width=8,
        ),
        timeseries(
            "Memory of discord.py's caches",
            """Estimated memory of each cache, over all processes: its objects times their mean size. Where
            "Memory, by process" grows and this does not, the caches are not the cause.""",
            prom(total("discord_cache_memory_bytes", by="discord_cache_name"), "{{discord_cache_name}}"),
            unit=BYTES,
            stacked=True,
        ),
        timeseries(
            "Memory, by process",
            """Physical memory of each process. Growth that does not end in a plateau is a leak: caches first (to the
            left), then views that never time out ("Interactions and commands"), then asyncio tasks ("Runtime").""",
            prom(total("process_memory_usage_bytes", by=_OF_PROCESS), "{{job}} {{instance}}"),
            unit=BYTES,
        ),
        timeseries(
            "Commands and extensions there are",
            """Commands that the bots have, by how they are called, and extensions that are loaded, of the process that
            has most. A fall after a release is an extension that did not load: "Task loops and listeners"
            lists it.""",
            prom(
                f"max by (discord_command_type) ({of('discord_command_registered')})",
                "{{discord_command_type}} commands",
            ),
            prom(f"max({of('discord_extension_count')})", "extensions"),
            unit=NUMBER,
            overrides=[coloured("extensions", NEUTRAL)],
        ),
    ],
)

BOARD = Board(
    uid="argus-fleet",
    title="Discord bot: fleet overview",
    description="Is it up, how big is it, is it healthy: all processes of the chosen bots at a glance.",
    variables=bots(),
    rows=[_UP, _HEALTHY, _PROCESSES, _REACH, _SIZE],
)
