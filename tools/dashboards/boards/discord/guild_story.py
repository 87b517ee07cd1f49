"""The row of the guilds' dashboard about one guild: its story, from when the bot came to what happened last."""

from __future__ import annotations

from ...board import Row
from ...panels import Column, table, timeseries
from ...queries import clickhouse, given
from ...style import FAULTS, SECONDS, board_link
from .history import CHOSEN, DAYS, ERRORS, JOIN, LEAVE, PERIOD, REJECTED, SO_FAR, USE

# The guild that is asked for, or else the one that used the bot most.
_GUILD = f"""if({given("guild")} != '', toUInt64OrZero({given("guild")}), (
    select guild_id from discord_daily where {DAYS} and {USE} and guild_id > 0
    group by guild_id order by sum(count) desc, guild_id limit 1
))"""

TRACES = board_link("Its traces", "argus-traces", "guild=${__data.fields.guild:percentencode}")

STORY = Row(
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
    (
        select argMax(attributes['discord.guild.name'], time) from discord_events where {JOIN} and guild_id = wanted
    ) as called,
    if(countIf({JOIN}) = 0, null, minIf(first, {JOIN})) as joined,
    if(countIf({LEAVE}) = 0, null, maxIf(last, {LEAVE})) as left,
    min(first) as earliest,
    max(last) as latest,
    sumIf(count, {USE}) as uses,
    uniqIfMerge(users) as users,
    {REJECTED} as rejected,
    {ERRORS} as failed
from discord_daily
where guild_id = wanted and {SO_FAR}
having uses > 0 or joined is not null or left is not null"""
            ),
            columns={
                "guild": Column("Guild", links=[TRACES], width=180),
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
    {PERIOD} as time,
    if(command in (
        select command from discord_daily where guild_id = wanted and {DAYS} and command != ''
        group by command order by sum(count) desc, command limit 10
    ), command, 'others') as what,
    sum(count) as uses
from discord_daily
where guild_id = wanted and {DAYS} and {USE}
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
            """The latest 200 things, as long as events are kept (400 days, unless set otherwise). Of a
                    guild that left, read it upwards from the leave.""",
            clickhouse(
                f"""
with {_GUILD} as wanted
select
    time, event, command, outcome, error, if(duration > 0, duration, null) as took, user,
    toString(attributes) as more
from discord_events
where guild_id = wanted and $__timeFilter(time) and {CHOSEN}
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
)
