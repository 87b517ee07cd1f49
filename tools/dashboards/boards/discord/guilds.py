"""Guild analytics: who uses the bot, for what, and who stopped; from the history in ClickHouse."""

from __future__ import annotations

from ... import variables
from ...board import Board, Row
from ...panels import Column, bar_chart, stat, table, timeseries
from ...queries import clickhouse, given
from ...style import BAD, GOOD, NEUTRAL, SECONDS, SHARE, WARNING, board_link, coloured, steps
from .guild_story import STORY, TRACES
from .history import CHOSEN, COMMAND, DAYS, ERRORS, HOURS, JOIN, LEAVE, PERIOD, REJECTED, SO_FAR, USE

# What a bot records itself may have two hundred names.
_KIND = "if(startsWith(event, 'discord.'), substring(event, 9), 'its own events')"
# The middle of the bucket that has the use of that rank; each bucket is 2 % wider than the one before.
_P95 = (
    "pow(1.02, mapKeys(sumMap(durations))[arrayFirstIndex(seen -> seen >= 0.95 * sum(timed), "
    "arrayMap(number -> arraySum(arraySlice(mapValues(sumMap(durations)), 1, number)), "
    "arrayEnumerate(mapKeys(sumMap(durations)))))] - 0.5)"
)

# What a guild was called when the bot came to it last; where history does not know, its id has to do.
_NAMES = f"""
select guild_id, argMax(attributes['discord.guild.name'], time) as name
from discord_events
where {JOIN} and {CHOSEN}
group by guild_id
"""

_MOST_USED = (
    f"select command from discord_daily where {DAYS} and {COMMAND} "
    "group by command order by sum(count) desc, command limit 10"
)

_AGES = (0, 1, 2, 3, 4, 6, 8, 12)


def _returned(age: int) -> str:
    """Return the share of a cohort's guilds that used the bot so many weeks on; null where that is still to come."""
    to_come = f"dateDiff('week', cohort, toDate($__toTime, 'UTC')) < {age}"
    return f"if({to_come}, null, uniqExactIf(guild_id, age = {age}) / guilds) as `{age}`"


_STORY = board_link(
    "This guild's story", "argus-guilds", "service", "cluster", "shard", "guild=${__data.fields.guild:percentencode}"
)
_COMMAND_TRACES = board_link("Its traces", "argus-traces", "name=${__value.raw:percentencode}")

_FAILING = steps((0.01, WARNING), (0.05, BAD))

BOARD = Board(
    uid="argus-guilds",
    title="Discord bot: guild analytics",
    description="Who uses the bot, for what, how that goes, who came, who went quiet and who left; over months.",
    since="now-60d",
    refresh="",
    variables=[
        *variables.clickhouse(
            service="select distinct service from discord_daily",
            cluster="select distinct cluster from discord_daily where cluster != ''",
            shard="select distinct toString(shard) from discord_daily where shard >= 0",
        ),
        variables.choice(
            "period", "By", "What graphs count by.", {"day": "day", "week": "week", "month": "month"}, "day"
        ),
        variables.textbox("quiet", "Quiet for", "Days without use after which a guild is quiet.", "14"),
        variables.textbox("guild", "Guild", "A guild's id, for its story; empty for the one that uses the bot most."),
    ],
    rows=[
        Row(
            "How much, and for how many",
            [
                stat(
                    "Active guilds",
                    """Guilds that used the bot at all in the last day, week and month of the time range. Day over
                    month is how often those that use it come back: falling, with a steady month, means that it is used
                    less often, not by fewer.""",
                    clickhouse(
                        "select uniqExactIf(guild_id, last > $__toTime - interval 1 day) as `in a day`, "
                        "uniqExactIf(guild_id, last > $__toTime - interval 7 day) as `in a week`, "
                        "uniqExactIf(guild_id, last > $__toTime - interval 30 day) as `in a month` "
                        f"from discord_daily where {SO_FAR} and day >= toDate($__toTime, 'UTC') - 30 "
                        f"and {USE} and guild_id > 0"
                    ),
                    width=9,
                    graph=False,
                ),
                stat(
                    "Came and went",
                    """Guilds that the bot joined and left in this time. More leaves than joins for weeks: look at
                    retention, and at what the guilds that left did last.""",
                    clickhouse(
                        f"select sumIf(count, {JOIN}) as joined, sumIf(count, {LEAVE}) as left "
                        f"from discord_daily where {DAYS}"
                    ),
                    width=6,
                    graph=False,
                ),
                stat(
                    "Commands",
                    """Commands that were run in this time, in guilds and in direct messages.""",
                    clickhouse(f"select sumIf(count, {COMMAND}) as commands from discord_daily where {DAYS}"),
                    width=3,
                    graph=False,
                ),
                stat(
                    "Failed",
                    """Share of the commands that failed by the bot's own fault. Above 1 %, "Failing commands" says
                    which.""",
                    clickhouse(
                        f"select sumIf(count, {COMMAND} and outcome = 'error') / sumIf(count, {COMMAND}) as failed "
                        f"from discord_daily where {DAYS}"
                    ),
                    unit=SHARE,
                    width=3,
                    graph=False,
                    thresholds=_FAILING,
                    decimals=1,
                ),
                stat(
                    "Users",
                    """Different users, within some 2 %; nothing where ARGUS_HISTORY_USERS is off, which is the
                    default.""",
                    clickhouse(f"select uniqIfMerge(users) as users from discord_daily where {DAYS} and {USE}"),
                    width=3,
                    graph=False,
                ),
                timeseries(
                    "Uses",
                    """What was done with the bot, by what it was. A day without any: the bot was down, or its history
                    was ("argus-otel itself" has what was dropped).""",
                    clickhouse(
                        f"select {PERIOD} as time, {_KIND} as kind, sum(count) as uses "
                        f"from discord_daily where {DAYS} and {USE} group by time, kind order by time",
                        "timeseries",
                    ),
                    stacked=True,
                    bars=True,
                    calcs=["sum", "mean"],
                ),
                timeseries(
                    "Active guilds",
                    """Guilds that used the bot, and how many of them for the first time ever. New ones without a
                    growing total: as many stop as begin.""",
                    clickhouse(
                        f"""
select time, uniqExact(guild_id) as active, uniqExactIf(guild_id, time = began) as `for the first time`
from (
    select {PERIOD} as time, guild_id, day, min({PERIOD}) over (partition by guild_id) as began
    from discord_daily
    where {SO_FAR} and {USE} and guild_id > 0
)
where day >= toDate($__fromTime, 'UTC')
group by time
order by time""",
                        "timeseries",
                    ),
                    overrides=[coloured("active", NEUTRAL), coloured("for the first time", GOOD)],
                    calcs=["mean", "lastNotNull"],
                ),
            ],
        ),
        Row(
            "Growth",
            [
                timeseries(
                    "Guilds that came and left",
                    """Joins upwards, leaves downwards. Many joins at once are a listing or a mention somewhere; many
                    leaves at once follow a bad release or an outage: compare with "Interactions and commands" of that
                    day.""",
                    clickhouse(
                        f"select {PERIOD} as time, sumIf(count, {JOIN}) as joined, "
                        f"-toInt64(sumIf(count, {LEAVE})) as left "
                        f"from discord_daily where {DAYS} and ({JOIN} or {LEAVE}) group by time order by time",
                        "timeseries",
                    ),
                    bars=True,
                    minimum=None,
                    overrides=[coloured("joined", GOOD), coloured("left", BAD)],
                    calcs=["sum"],
                ),
                timeseries(
                    "Guilds",
                    """How many guilds there are, as far as history tells: one that was there before it counts from the
                    first thing that it did.""",
                    clickhouse(
                        f"""
select time, guilds
from (
    select time, sum(sum(change)) over (order by time) as guilds
    from (
        select toDateTime(day, 'UTC') as time, if({JOIN}, 1, -1) * toInt64(sum(count)) as change
        from discord_daily where {SO_FAR} and ({JOIN} or {LEAVE}) group by time, event
        union all
        select toDateTime(seen, 'UTC') as time, toInt64(count()) as change
        from (
            select min(day) as seen, minIf(first, {JOIN}) as joined, min(first) as earliest,
                countIf({JOIN}) as joins
            from discord_daily where {SO_FAR} and guild_id > 0 group by guild_id
            having joins = 0 or joined > earliest
        )
        group by time
    )
    group by time
)
where time >= toDateTime(toDate($__fromTime, 'UTC'), 'UTC')
order by time""",
                        "timeseries",
                    ),
                    calcs=["lastNotNull"],
                ),
                table(
                    "Retention",
                    """Of the guilds that joined in a week, the share that used the bot again so many weeks later. The
                    first step is how many ever try it: a small one asks for a better welcome. A steady decline after
                    it asks for reasons to come back. Empty cells are still to come.""",
                    clickhouse(
                        f"""
select
    toString(cohort) as joined, uniqExact(guild_id) as guilds,
    {", ".join(map(_returned, _AGES))}
from (
    select guild_id, toMonday(min(day)) as cohort
    from discord_daily where {DAYS} and {JOIN} group by guild_id
) as joins
left join (
    select distinct guild_id, toMonday(day) as week from discord_daily where {DAYS} and {USE} and guild_id > 0
) as uses using (guild_id)
array join [if(week >= cohort, dateDiff('week', cohort, week), -1)] as age
group by cohort
order by cohort desc
limit 20"""
                    ),
                    columns={
                        "joined": Column("Joined in the week of"),
                        "guilds": Column("Guilds"),
                        **{
                            str(age): Column(
                                f"{age} weeks later" if age else "The same week",
                                unit=SHARE,
                                thresholds=steps((0.2, WARNING), (0.5, GOOD), below=BAD),
                            )
                            for age in _AGES
                        },
                    },
                    height=9,
                    no_value="No guild joined in this time",
                ),
            ],
        ),
        Row(
            "Guilds",
            [
                table(
                    "Guilds that use it most",
                    """Who would miss the bot. A guild with a large share of errors is worth a look at its story before
                    it leaves. A name is that of the last join; the id stands for one that history has not seen
                    join.""",
                    clickhouse(
                        f"""
select toString(used.guild_id) as guild, if(name = '', guild, name) as called, uses, commands, users, failed, latest
from (
    select
        guild_id,
        sum(count) as uses,
        sumIf(count, {COMMAND}) as commands,
        uniqIfMerge(users) as users,
        sumIf(count, {COMMAND} and outcome = 'error') / greatest(commands, 1) as failed,
        max(last) as latest
    from discord_daily where {DAYS} and {USE} and guild_id > 0
    group by guild_id order by uses desc, guild_id limit 100
) as used
left join ({_NAMES}) as names using (guild_id)
order by uses desc, guild"""
                    ),
                    columns={
                        "guild": Column("Guild", links=[_STORY, TRACES], width=180),
                        "called": Column("Name"),
                        "uses": Column("Uses", bar=True),
                        "commands": Column("Commands"),
                        "users": Column("Users"),
                        "failed": Column("Failed", unit=SHARE, thresholds=_FAILING),
                        "latest": Column("Latest"),
                    },
                    width=12,
                    height=11,
                ),
                table(
                    "Guilds that went quiet",
                    """Guilds that used the bot in this time, have not done so for the days of the field "Quiet for",
                    and are still there: those that used it most first. What did they do last? Something may have
                    failed, or a command that they used was renamed.""",
                    clickhouse(
                        f"""
select toString(seen.guild_id) as guild, if(name = '', guild, name) as called, uses, days, latest
from (
    select
        guild_id,
        maxIf(last, {USE}) as latest,
        sumIf(count, {USE}) as uses,
        dateDiff('day', latest, $__toTime) as days,
        maxIf(last, {JOIN}) as joined,
        maxIf(last, {LEAVE}) as left
    from discord_daily where {DAYS} and guild_id > 0
    group by guild_id
    having uses > 0 and days >= toUInt32OrZero({given("quiet")}) and (left <= joined or left < latest)
    order by uses desc, guild_id limit 100
) as seen
left join ({_NAMES}) as names using (guild_id)
order by uses desc, guild"""
                    ),
                    columns={
                        "guild": Column("Guild", links=[_STORY, TRACES], width=180),
                        "called": Column("Name"),
                        "uses": Column("Uses", bar=True),
                        "days": Column("Days ago"),
                        "latest": Column("Latest"),
                    },
                    width=12,
                    height=11,
                    no_value="No guild went quiet",
                ),
                bar_chart(
                    "Busiest hours",
                    """Uses by the hour of the day, in UTC. Deploy and restart in the trough.""",
                    clickhouse(
                        "select leftPad(toString(toHour(hour, 'UTC')), 2, '0') as `hour of the day`, "
                        "sum(count) as uses "
                        f"from discord_hourly where {HOURS} and {USE} group by `hour of the day` "
                        "order by `hour of the day`"
                    ),
                    x="hour of the day",
                ),
                bar_chart(
                    "Busiest days",
                    """Uses by the day of the week, in UTC.""",
                    clickhouse(
                        "select dateName('weekday', day) as `day of the week`, sum(count) as uses "
                        f"from discord_daily where {DAYS} and {USE} group by `day of the week`, toDayOfWeek(day) "
                        "order by toDayOfWeek(day)"
                    ),
                    x="day of the week",
                ),
            ],
        ),
        Row(
            "Commands",
            [
                table(
                    "Commands",
                    """What the bot is used for. Few guilds for much use: somebody's favourite. Many rejections: its
                    checks, cooldowns or options are not what users expect.""",
                    clickhouse(
                        f"""
select
    command, type, sum(count) as uses, uniqExactIf(guild_id, guild_id > 0) as guilds, uniqIfMerge(users) as users,
    {REJECTED} / uses as rejected, {ERRORS} / uses as failed, {_P95} as p95
from discord_daily
where {DAYS} and {COMMAND}
group by command, type
order by uses desc, command, type
limit 100"""
                    ),
                    columns={
                        "command": Column("Command", links=[_COMMAND_TRACES]),
                        "type": Column("Type"),
                        "uses": Column("Uses", bar=True),
                        "guilds": Column("Guilds"),
                        "users": Column("Users"),
                        "rejected": Column("Rejected", unit=SHARE),
                        "failed": Column("Failed", unit=SHARE, thresholds=_FAILING),
                        "p95": Column("p95", unit=SECONDS),
                    },
                    width=14,
                    height=11,
                ),
                table(
                    "Failing commands",
                    """Commands that failed by the bot's fault, and with what. What fails in many guilds is the
                    command's fault; in one, most likely that guild's permissions.""",
                    clickhouse(
                        f"""
select command, error, sum(count) as failures, uniqExact(guild_id) as guilds, max(last) as latest
from discord_daily
where {DAYS} and {COMMAND} and outcome = 'error'
group by command, error
order by failures desc, command, error
limit 100"""
                    ),
                    columns={
                        "command": Column("Command", links=[_COMMAND_TRACES]),
                        "error": Column("Error"),
                        "failures": Column("Failures", bar=True),
                        "guilds": Column("Guilds"),
                        "latest": Column("Latest"),
                    },
                    width=10,
                    height=11,
                    no_value="No command failed",
                ),
                timeseries(
                    "Guilds that use a command",
                    """How the ten most used commands spread: a new command's line shows how it is taken up, and a
                    renamed one's old name how it is given up. `argus-otel discord adoption` tells who moved from one
                    to the other.""",
                    clickhouse(
                        f"""
select {PERIOD} as time, command, uniqExactIf(guild_id, guild_id > 0) as guilds
from discord_daily
where {DAYS} and {COMMAND} and command in ({_MOST_USED})
group by time, command
order by time""",
                        "timeseries",
                    ),
                    calcs=["mean", "lastNotNull"],
                ),
                timeseries(
                    "How long commands take (p95)",
                    """The time that 95 % of a command's runs stay below, for the ten most used ones. A step at a
                    deploy is that deploy's; a slow rise is data that grows.""",
                    clickhouse(
                        f"""
select {PERIOD} as time, command, {_P95} as p95
from discord_daily
where {DAYS} and {COMMAND} and command in ({_MOST_USED})
group by time, command
order by time""",
                        "timeseries",
                    ),
                    unit=SECONDS,
                    calcs=["mean", "max"],
                ),
            ],
        ),
        STORY,
    ],
)
