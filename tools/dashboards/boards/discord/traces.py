"""Traces and errors: what failed, what was slow, and one trace with its logs; from ClickHouse."""

from __future__ import annotations

from ... import variables
from ...board import Board, Row
from ...panels import Column, logs, stat, table, timeseries, traces
from ...queries import chosen, clickhouse, given
from ...style import BAD, FAULTS, NANOSECONDS, SHARE, WARNING, board_link, coloured, steps

_PROCESS = " and ".join(
    [chosen("ServiceName", "service"), chosen("ResourceAttributes['discord.cluster.id']", "cluster")]
)
_GUILD = f"({given('guild')} = '' or GuildId = toUInt64OrZero({given('guild')}))"
_SPANS = f"$__timeFilter(Timestamp) and {_PROCESS}"
# Only roots know their shard and guild: a REST call belongs to whatever called it.
_SHARD = chosen("SpanAttributes['discord.shard.id']", "shard")
_ROOTS = (
    f"{_SPANS} and ParentSpanId = '' and {_SHARD} and {_GUILD}"
    f" and ({given('name')} = '' or positionCaseInsensitive(SpanName, {given('name')}) > 0)"
)
_FAILED = "StatusCode = 'Error'"
_LOGS = f"$__timeFilter(Timestamp) and {_PROCESS}"

_TRACE = board_link("Show this trace", "argus-traces", "service", "cluster", "trace=${__value.raw:percentencode}")
_GUILD_LINK = board_link("This guild's story", "argus-guilds", "guild=${__value.raw:percentencode}")

# The trace that is asked for, or else the slowest one that failed, or else the slowest.
_WANTED = f"""
with (
    select if({given("trace")} != '', {given("trace")}, (
        select TraceId from otel_traces where {_ROOTS} order by {_FAILED} desc, Duration desc limit 1
    ))
) as wanted
"""


def _listed(attributes: str) -> str:
    """Return a map as Grafana's traces panel wants it."""
    return f"arrayMap(key -> map('key', key, 'value', {attributes}[key]), mapKeys({attributes}))"


_TRACE_COLUMNS = {
    "began": Column("Began"),
    "root": Column("What"),
    "took": Column("Duration", unit=NANOSECONDS, bar=True),
    "outcome": Column("Outcome"),
    "error": Column("Error"),
    "guild": Column("Guild", links=[_GUILD_LINK]),
    "shard": Column("Shard"),
    "trace": Column("Trace", links=[_TRACE]),
}

BOARD = Board(
    uid="argus-traces",
    title="Discord bot: traces and errors",
    description="What failed and why, what was slow and where the time went, and one trace with all its logs.",
    since="now-6h",
    refresh="1m",
    variables=[
        *variables.clickhouse(
            service="select distinct ServiceName from otel_traces where $__timeFilter(Timestamp)",
            cluster="select distinct ResourceAttributes['discord.cluster.id'] from otel_traces "
            "where $__timeFilter(Timestamp) and ResourceAttributes['discord.cluster.id'] != ''",
            shard="select distinct SpanAttributes['discord.shard.id'] from otel_traces "
            "where $__timeFilter(Timestamp) and SpanAttributes['discord.shard.id'] != ''",
        ),
        variables.textbox("name", "Name has", "A part of a root span's name, such as the command's; empty for all."),
        variables.textbox("guild", "Guild", "A guild's id; empty for all."),
        variables.textbox("trace", "Trace", "A trace's id; empty for the slowest of those that failed."),
    ],
    rows=[
        Row(
            "What went wrong",
            [
                stat(
                    "Traces kept",
                    """How many traces the Collector kept in this time: each that failed, each slow one, and a share of
                    the rest (TRACES_SHARE). With none at all, look at the exporters on "argus-otel itself", and at the
                    Collector's log.""",
                    clickhouse(f"select count() as traces from otel_traces where {_ROOTS}"),
                    graph=False,
                    width=6,
                ),
                stat(
                    "Failed",
                    """How many of them failed by the bot's own fault; each that fails is kept. The tables below say
                    with what, and where.""",
                    clickhouse(f"select countIf({_FAILED}) as failed from otel_traces where {_ROOTS}"),
                    graph=False,
                    width=6,
                    thresholds=FAULTS,
                ),
                stat(
                    "Slower than 1 s",
                    """How many of them took longer than a second; of interactions and commands, each that does is kept
                    (TRACES_SLOW_MS). "Where the time went" says in what.""",
                    clickhouse(f"select countIf(Duration >= 1e9) as slow from otel_traces where {_ROOTS}"),
                    graph=False,
                    width=6,
                    thresholds=FAULTS,
                ),
                stat(
                    "Errors in logs",
                    """Log records of level ERROR and above, whether or not they belong to a trace. The lines
                    themselves are at the bottom.""",
                    clickhouse(f"select countIf(SeverityNumber >= 17) as errors from otel_logs where {_LOGS}"),
                    graph=False,
                    width=6,
                    thresholds=FAULTS,
                ),
                timeseries(
                    "Failures by error",
                    """Traces that failed, by the class of the exception that the bot raised. A class that begins with
                    a deploy is that deploy's; one that comes in bursts is most likely another service's.""",
                    clickhouse(
                        f"select $__timeInterval(Timestamp) as time, SpanAttributes['error.type'] as error, "
                        f"count() as failures from otel_traces where {_ROOTS} and {_FAILED} "
                        "group by time, error order by time",
                        "timeseries",
                    ),
                    stacked=True,
                    bars=True,
                    width=24,
                    calcs=["sum"],
                    no_value="Nothing failed",
                ),
                table(
                    "Errors",
                    """What failed with what, the most frequent first. Click on the latest trace to see one of them
                    with its logs.""",
                    clickhouse(
                        "select SpanName as root, SpanAttributes['error.type'] as error, count() as failures, "
                        "uniqExact(GuildId) as guilds, max(Timestamp) as latest, "
                        "argMax(TraceId, Timestamp) as trace "
                        f"from otel_traces where {_ROOTS} and {_FAILED} "
                        "group by root, error order by failures desc, root, error limit 50"
                    ),
                    columns={
                        "root": Column("What"),
                        "error": Column("Error"),
                        "failures": Column("Failures", bar=True),
                        "guilds": Column("Guilds"),
                        "latest": Column("Latest"),
                        "trace": Column("Latest trace", links=[_TRACE]),
                    },
                    width=12,
                    height=9,
                    no_value="Nothing failed",
                ),
                table(
                    "Exceptions",
                    """Exceptions with their latest message, whether somebody caught them or not. "In" is the span that
                    they were raised in, or for log records the place in the program. Click on the trace for the
                    stack.""",
                    clickhouse(
                        f"""
select exception, place, argMax(message, at) as message, count() as times, argMax(trace, at) as trace
from (
    select LogAttributes['exception.type'] as exception, LogAttributes['argus.exception.fingerprint'] as place,
        LogAttributes['exception.message'] as message, Timestamp as at, TraceId as trace
    from otel_logs
    where {_LOGS} and exception != ''
    union all
    select event.2['exception.type'], SpanName, event.2['exception.message'], Timestamp, TraceId
    from (select *, arrayJoin(arrayZip(Events.Name, Events.Attributes)) as event from otel_traces where {_SPANS})
    where event.1 = 'exception'
)
group by exception, place order by times desc limit 50"""
                    ),
                    columns={
                        "exception": Column("Exception"),
                        "message": Column("Latest message"),
                        "place": Column("In"),
                        "times": Column("Times", bar=True),
                        "trace": Column("Latest trace", links=[_TRACE]),
                    },
                    width=12,
                    height=9,
                    no_value="No exceptions",
                ),
            ],
        ),
        Row(
            "What was slow",
            [
                table(
                    "Slowest traces",
                    """The slowest of those that were kept. Click on a trace to see it below. An interaction may well
                    take long where it was acknowledged in time: that it was is on "Interactions and commands".""",
                    clickhouse(
                        "select Timestamp as began, SpanName as root, Duration as took, "
                        "SpanAttributes['discord.outcome'] as outcome, SpanAttributes['error.type'] as error, "
                        "SpanAttributes['discord.guild.id'] as guild, SpanAttributes['discord.shard.id'] as shard, "
                        "TraceId as trace "
                        f"from otel_traces where {_ROOTS} order by Duration desc limit 50"
                    ),
                    columns=_TRACE_COLUMNS,
                    height=10,
                ),
                table(
                    "Where the time went",
                    """What the chosen traces spent their time in: calls of REST, blocks of the bot's own
                    (argus_otel.timed), other instrumentations' spans. Much in one of them with few calls: make it
                    faster. Many calls in each trace: make fewer.""",
                    clickhouse(
                        "select SpanName as span, count() as calls, uniqExact(TraceId) as traces, "
                        "calls / traces as each, sum(Duration) as took, quantile(0.95)(Duration) as p95, "
                        f"countIf({_FAILED}) / calls as failed "
                        f"from otel_traces where {_SPANS} and ParentSpanId != '' "
                        f"and TraceId in (select TraceId from otel_traces where {_ROOTS}) "
                        "group by span order by took desc limit 50"
                    ),
                    columns={
                        "span": Column("Span"),
                        "took": Column("Time in all", unit=NANOSECONDS, bar=True),
                        "calls": Column("Calls"),
                        "each": Column("In each trace"),
                        "p95": Column("p95", unit=NANOSECONDS),
                        "failed": Column("Failed", unit=SHARE, thresholds=steps((0.01, WARNING), (0.1, BAD))),
                    },
                    width=14,
                    height=9,
                ),
                timeseries(
                    "Traces kept, by what they are",
                    """Of what traces there are when: the ten most frequent names. Since most ordinary ones are not
                    kept, rates are on "Interactions and commands" and not here.""",
                    clickhouse(
                        "select $__timeInterval(Timestamp) as time, SpanName as root, count() as traces "
                        f"from otel_traces where {_ROOTS} and SpanName in (select SpanName from otel_traces "
                        f"where {_ROOTS} group by SpanName order by count() desc, SpanName limit 10) "
                        "group by time, root order by time",
                        "timeseries",
                    ),
                    stacked=True,
                    bars=True,
                    width=10,
                    height=9,
                    calcs=["sum"],
                ),
            ],
        ),
        Row(
            "One trace: that of the field Trace, or the slowest one that failed",
            [
                traces(
                    "Waterfall",
                    """All spans of the trace. Gaps are time in the bot's own code or in waits: long ones want a block
                    of argus_otel.timed around what may be in them. A trace that is not found has not been kept, or is
                    older than otel_traces is.""",
                    clickhouse(
                        f"""{_WANTED}
select
    TraceId as traceID,
    SpanId as spanID,
    ParentSpanId as parentSpanID,
    ServiceName as serviceName,
    SpanName as operationName,
    toUnixTimestamp64Nano(Timestamp) / 1e6 as startTime,
    Duration / 1e6 as duration,
    if({_FAILED}, 2, 0) as statusCode,
    StatusMessage as statusMessage,
    {_listed("SpanAttributes")} as tags,
    {_listed("ResourceAttributes")} as serviceTags
from otel_traces
where TraceId = wanted and {_PROCESS}
order by Timestamp
limit 1000""",
                        "traces",
                    ),
                    height=11,
                ),
                table(
                    "What it is linked to",
                    """Traces that this one was caused by, or that it caused: the command that sent the view of a
                    click, the handler that started a loop. Click to go there.""",
                    clickhouse(
                        f"""{_WANTED}
select began, relation, root, took, trace
from (
    select linked.relation as relation, Timestamp as began, SpanName as root, Duration as took, TraceId as trace
    from otel_traces
    join (
        select arrayJoin(Links.TraceId) as trace, 'caused by' as relation from otel_traces where TraceId = wanted
        union distinct
        select TraceId as trace, 'caused' as relation from otel_traces where has(Links.TraceId, wanted)
    ) as linked on linked.trace = TraceId
    where ParentSpanId = ''
    union all
    select 'itself', Timestamp, SpanName, Duration, TraceId
    from otel_traces
    where TraceId = wanted and ParentSpanId = ''
)
order by began
limit 100"""
                    ),
                    columns={
                        "relation": Column("Is"),
                        "began": Column("Began"),
                        "root": Column("What"),
                        "took": Column("Duration", unit=NANOSECONDS),
                        "trace": Column("Trace", links=[_TRACE]),
                    },
                    width=10,
                ),
                logs(
                    "Its logs and exceptions",
                    """What was logged while the trace's spans were open, and the exceptions of its work, with their
                    stacks.""",
                    clickhouse(
                        f"""{_WANTED}
select timestamp, body, level, labels, traceID
from (
    select
        Timestamp as timestamp,
        trim(concat(Body, '\\n', LogAttributes['exception.stacktrace'])) as body,
        SeverityText as level,
        LogAttributes as labels,
        TraceId as traceID
    from otel_logs
    where TraceId = wanted and {_PROCESS}
    union all
    select
        event.1,
        arrayStringConcat([event.3['exception.message'], event.3['exception.stacktrace']], '\\n'),
        'ERROR',
        SpanAttributes,
        TraceId
    from otel_traces array join arrayZip(Events.Timestamp, Events.Name, Events.Attributes) as event
    where TraceId = wanted and {_PROCESS} and event.2 = 'exception'
)
order by timestamp
limit 1000""",
                        "logs",
                    ),
                    width=14,
                    height=8,
                    no_value="Nothing was logged in it",
                ),
            ],
        ),
        Row(
            "Logs and events",
            [
                timeseries(
                    "Log records by level",
                    """What reached the Collector. A sudden step in INFO is a chatty logger; in WARNING, most likely
                    discord.py about rate limits or a slow event loop.""",
                    clickhouse(
                        "select $__timeInterval(Timestamp) as time, SeverityText as level, count() as records "
                        f"from otel_logs where {_LOGS} group by time, level order by time",
                        "timeseries",
                    ),
                    stacked=True,
                    bars=True,
                    width=10,
                    height=10,
                    calcs=["sum"],
                    overrides=[coloured("ERROR", BAD), coloured("CRITICAL", "dark-red"), coloured("WARN", WARNING)],
                ),
                logs(
                    "Warnings and errors",
                    """Lines of level WARNING and above, the newest first. One that has a trace leads there: open it
                    and click on traceID.""",
                    clickhouse(
                        "select Timestamp as timestamp, Body as body, SeverityText as level, "
                        "mapConcat(LogAttributes, map('logger', ScopeName)) as labels, TraceId as traceID "
                        f"from otel_logs where {_LOGS} and SeverityNumber >= 13 order by Timestamp desc limit 500",
                        "logs",
                    ),
                    width=14,
                    no_value="No warnings",
                ),
                table(
                    "Events",
                    """What happened to the bot itself: gateway sessions and disconnects, guilds that came and went,
                    extensions that failed to load, an event loop that stood still (with the stack of what held
                    it).""",
                    clickhouse(
                        "select Timestamp as time, LogAttributes['event.name'] as event, SeverityText as level, "
                        "LogAttributes['discord.shard.id'] as shard, LogAttributes['discord.guild.id'] as guild, "
                        "toString(cast(arrayFilter(pair -> pair.1 not in "
                        "('event.name', 'discord.shard.id', 'discord.guild.id'), "
                        "arrayZip(mapKeys(LogAttributes), mapValues(LogAttributes))), 'Map(String, String)')) "
                        "as attributes "
                        f"from otel_logs where {_LOGS} and LogAttributes['event.name'] != '' and {_GUILD} "
                        "order by Timestamp desc limit 200"
                    ),
                    columns={
                        "time": Column("When", width=180),
                        "event": Column("Event", width=220),
                        "level": Column("Level", width=80),
                        "shard": Column("Shard", width=70),
                        "guild": Column("Guild", links=[_GUILD_LINK], width=180),
                        "attributes": Column("More"),
                    },
                    height=10,
                ),
            ],
        ),
    ],
)
