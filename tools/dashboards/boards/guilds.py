"""Guild analytics: who uses the bot, for what, and who stopped; from the history in ClickHouse."""

from __future__ import annotations

from .. import variables
from ..board import Board, Row
from ..panels import Column, bar_chart, stat, table, timeseries
from ..queries import chosen, clickhouse
from ..style import BAD, FAULTS, GOOD, NEUTRAL, SECONDS, SHARE, WARNING, board_link, coloured, steps

_CHOSEN = " and ".join([chosen("service", "service"), chosen("cluster", "cluster"), chosen("toString(shard)", "shard")])
# Rollups, since they outlive the raw rows: days for most, hours where the hour matters.
_DAYS = f"day >= toDate($__fromTime, 'UTC') and day <= toDate($__toTime, 'UTC') and {_CHOSEN}"
_HOURS = f"$__timeFilter(hour) and {_CHOSEN}"
_SO_FAR = f"day <= toDate($__toTime, 'UTC') and {_CHOSEN}"

_USE = "event not in ('discord.guild.join', 'discord.guild.leave')"
_COMMAND = "event = 'discord.command'"
_JOIN, _LEAVE = "event = 'discord.guild.join'", "event = 'discord.guild.leave'"
_ERRORS, _REJECTED = "sumIf(count, outcome = 'error')", "sumIf(count, outcome = 'rejected')"
# What a bot records itself may have two hundred names.
_KIND = "if(startsWith(event, 'discord.'), substring(event, 9), 'its own events')"
_PERIOD = "toDateTime(toStartOfInterval(day, interval 1 ${period}), 'UTC')"
_P95 = "quantilesTDigestIfMerge(0.5, 0.9, 0.95, 0.99)(durations)[3]"

# What a guild was called when the bot came to it last; where history does not know, its id has to do.
_NAMES = f"""
select guild_id, argMax(attributes['discord.guild.name'], time) as name
from history
where {_JOIN} and {_CHOSEN}
group by guild_id
"""

_MOST_USED = (
    f"select command from history_daily where {_DAYS} and {_COMMAND} "
    "group by command order by sum(count) desc, command limit 10"
)

# The guild that is asked for, or else the one that used the bot most.
_GUILD = f"""if(${{guild:singlequote}} != '', toUInt64OrZero(${{guild:singlequote}}), (
    select guild_id from history_daily where {_DAYS} and {_USE} and guild_id > 0
    group by guild_id order by sum(count) desc, guild_id limit 1
))"""

_AGES = (0, 1, 2, 3, 4, 6, 8, 12)


def _returned(age: int) -> str:
    """Return the share of a cohort's guilds that used the bot so many weeks on; null where that is still to come."""
    to_come = f"dateDiff('week', cohort, toDate($__toTime, 'UTC')) < {age}"
    return f"if({to_come}, null, uniqExactIf(guild_id, age = {age}) / guilds) as `{age}`"


_STORY = board_link("This guild's story", "argus-guilds", "service", "cluster", "shard", "guild=${__data.fields.guild}")
_TRACES = board_link("Its traces", "argus-traces", "guild=${__data.fields.guild}")
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
            service="select distinct service from history_daily",
            cluster="select distinct cluster from history_daily where cluster != ''",
            shard="select distinct toString(shard) from history_daily where shard >= 0",
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
                        f"from history_daily where {_SO_FAR} and day >= toDate($__toTime, 'UTC') - 30 "
                        f"and {_USE} and guild_id > 0"
                    ),
                    width=9,
                    graph=False,
                ),
                stat(
                    "Came and went",
                    """Guilds that the bot joined and left in this time. More leaves than joins for weeks: look at
                    retention, and at what the guilds that left did last.""",
                    clickhouse(
                        f"select sumIf(count, {_JOIN}) as joined, sumIf(count, {_LEAVE}) as left "
                        f"from history_daily where {_DAYS}"
                    ),
                    width=6,
                    graph=False,
                ),
                stat(
                    "Commands",
                    """Commands that were run in this time, in guilds and in direct messages.""",
                    clickhouse(f"select sumIf(count, {_COMMAND}) as commands from history_daily where {_DAYS}"),
                    width=3,
                    graph=False,
                ),
                stat(
                    "Failed",
                    """Share of the commands that failed by the bot's own fault. Above 1 %, "Failing commands" says
                    which.""",
                    clickhouse(
                        f"select sumIf(count, {_COMMAND} and outcome = 'error') / sumIf(count, {_COMMAND}) as failed "
                        f"from history_daily where {_DAYS}"
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
                    clickhouse(f"select uniqIfMerge(users) as users from history_daily where {_DAYS} and {_USE}"),
                    width=3,
                    graph=False,
                ),
                timeseries(
                    "Uses",
                    """What was done with the bot, by what it was. A day without any: the bot was down, or its history
                    was ("The distro itself" has what was dropped).""",
                    clickhouse(
                        f"select {_PERIOD} as time, {_KIND} as kind, sum(count) as uses "
                        f"from history_daily where {_DAYS} and {_USE} group by time, kind order by time",
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
    select {_PERIOD} as time, guild_id, day, min({_PERIOD}) over (partition by guild_id) as began
    from history_daily
    where {_SO_FAR} and {_USE} and guild_id > 0
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
                        f"select {_PERIOD} as time, sumIf(count, {_JOIN}) as joined, "
                        f"-toInt64(sumIf(count, {_LEAVE})) as left "
                        f"from history_daily where {_DAYS} and ({_JOIN} or {_LEAVE}) group by time order by time",
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
        select toDateTime(day, 'UTC') as time, if({_JOIN}, 1, -1) * toInt64(sum(count)) as change
        from history_daily where {_SO_FAR} and ({_JOIN} or {_LEAVE}) group by time, event
        union all
        select toDateTime(seen, 'UTC') as time, toInt64(count()) as change
        from (
            select min(day) as seen, minIf(first, {_JOIN}) as joined, min(first) as earliest,
                countIf({_JOIN}) as joins
            from history_daily where {_SO_FAR} and guild_id > 0 group by guild_id
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
    from history_daily where {_DAYS} and {_JOIN} group by guild_id
) as joins
left join (
    select distinct guild_id, toMonday(day) as week from history_daily where {_DAYS} and {_USE} and guild_id > 0
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
        sumIf(count, {_COMMAND}) as commands,
        uniqIfMerge(users) as users,
        sumIf(count, {_COMMAND} and outcome = 'error') / greatest(commands, 1) as failed,
        max(last) as latest
    from history_daily where {_DAYS} and {_USE} and guild_id > 0
    group by guild_id order by uses desc, guild_id limit 100
) as used
left join ({_NAMES}) as names using (guild_id)
order by uses desc, guild"""
                    ),
                    columns={
                        "guild": Column("Guild", links=[_STORY, _TRACES], width=180),
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
        maxIf(last, {_USE}) as latest,
        sumIf(count, {_USE}) as uses,
        dateDiff('day', latest, $__toTime) as days,
        maxIf(last, {_JOIN}) as joined,
        maxIf(last, {_LEAVE}) as left
    from history_daily where {_DAYS} and guild_id > 0
    group by guild_id
    having uses > 0 and days >= toUInt32OrZero(${{quiet:singlequote}}) and (left <= joined or left < latest)
    order by uses desc, guild_id limit 100
) as seen
left join ({_NAMES}) as names using (guild_id)
order by uses desc, guild"""
                    ),
                    columns={
                        "guild": Column("Guild", links=[_STORY, _TRACES], width=180),
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
                        f"from history_hourly where {_HOURS} and {_USE} group by `hour of the day` "
                        "order by `hour of the day`"
                    ),
                    x="hour of the day",
                ),
                bar_chart(
                    "Busiest days",
                    """Uses by the day of the week, in UTC.""",
                    clickhouse(
                        "select dateName('weekday', day) as `day of the week`, sum(count) as uses "
                        f"from history_daily where {_DAYS} and {_USE} group by `day of the week`, toDayOfWeek(day) "
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
    {_REJECTED} / uses as rejected, {_ERRORS} / uses as failed, {_P95} as p95
from history_daily
where {_DAYS} and {_COMMAND}
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
from history_daily
where {_DAYS} and {_COMMAND} and outcome = 'error'
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
                    renamed one's old name how it is given up. `argus-otel history adoption` tells who moved from one
                    to the other.""",
                    clickhouse(
                        f"""
select {_PERIOD} as time, command, uniqExactIf(guild_id, guild_id > 0) as guilds
from history_daily
where {_DAYS} and {_COMMAND} and command in ({_MOST_USED})
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
select {_PERIOD} as time, command, {_P95} as p95
from history_daily
where {_DAYS} and {_COMMAND} and command in ({_MOST_USED})
group by time, command
order by time""",
                        "timeseries",
                    ),
                    unit=SECONDS,
                    calcs=["mean", "max"],
                ),
            ],
        ),
        Row(
            "One guild's story: that of the field Guild, or the one that uses the bot most",
            [
                table(
                    "In short",
                    """When the bot came, when the guild first and last used it, and how that went. Click on it for its
                    traces.""",
                    clickhouse(
                        f"""
with {_GUILD} as wanted
select
    toString(wanted) as guild,
    (select argMax(attributes['discord.guild.name'], time) from history where {_JOIN} and guild_id = wanted) as called,
    if(countIf({_JOIN}) = 0, null, minIf(first, {_JOIN})) as joined,
    if(countIf({_LEAVE}) = 0, null, maxIf(last, {_LEAVE})) as left,
    min(first) as earliest,
    max(last) as latest,
    sumIf(count, {_USE}) as uses,
    uniqIfMerge(users) as users,
    {_REJECTED} as rejected,
    {_ERRORS} as failed
from history_daily
where guild_id = wanted and {_SO_FAR}
having uses > 0 or joined is not null or left is not null"""
                    ),
                    columns={
                        "guild": Column("Guild", links=[_TRACES], width=180),
                        "called": Column("Name"),
                        "joined": Column("Joined"),
                        "left": Column("Left"),
                        "earliest": Column("First seen"),
                        "latest": Column("Last seen"),
                        "uses": Column("Uses"),
                        "users": Column("Users"),
                        "rejected": Column("Rejected"),
                        "failed": Column("Failed", thresholds=FAULTS),
                    },
                    height=4,
                    no_value="History knows no such guild",
                ),
                timeseries(
                    "What it did",
                    """Its uses by command and component, the ten most frequent by name. An end without a leave: it went
                    quiet.""",
                    clickhouse(
                        f"""
with {_GUILD} as wanted
select
    {_PERIOD} as time,
    if(command in (
        select command from history_daily where guild_id = wanted and {_DAYS} and command != ''
        group by command order by sum(count) desc, command limit 10
    ), command, 'others') as what,
    sum(count) as uses
from history_daily
where guild_id = wanted and {_DAYS} and {_USE}
group by time, what
order by time""",
                        "timeseries",
                    ),
                    stacked=True,
                    bars=True,
                    height=11,
                    calcs=["sum"],
                ),
                table(
                    "What happened last",
                    """The latest 200 things, as long as raw history is kept (400 days, unless set otherwise). Of a
                    guild that left, read it upwards from the leave.""",
                    clickhouse(
                        f"""
with {_GUILD} as wanted
select
    time, event, command, outcome, error, if(duration > 0, duration, null) as took, user,
    toString(attributes) as more
from history
where guild_id = wanted and $__timeFilter(time) and {_CHOSEN}
order by time desc
limit 200"""
                    ),
                    columns={
                        "time": Column("When", width=180),
                        "event": Column("What"),
                        "command": Column("Command"),
                        "outcome": Column("Outcome"),
                        "error": Column("Error"),
                        "took": Column("Duration", unit=SECONDS),
                        "user": Column("User"),
                        "more": Column("More"),
                    },
                    height=11,
                    width=12,
                ),
            ],
        ),
    ],
)
