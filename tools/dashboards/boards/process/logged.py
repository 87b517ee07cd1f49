"""The parts of the runtime dashboard about log records, and about the code that blocked the event loop."""

from __future__ import annotations

from ...board import Row
from ...panels import Column, logs, table, timeseries
from ...queries import chosen, clickhouse, counted, per, prom, rate
from ...style import BAD, NEUTRAL, PER_SECOND, WARNING, coloured

# The instance is left out: that of a direct scrape is an address, which log records do not have.
_RECORDS = " and ".join(["$__timeFilter(Timestamp)", chosen("ServiceName", "job")])
_EVENT = "LogAttributes['event.name']"

BLOCKED = logs(
    "What blocked it",
    """Events asyncio.loop.blocked from ClickHouse, each with the stack of the loop's thread at that moment: its last
    line blocked. Move that call into asyncio.to_thread, or use a library that awaits. Shows all instances of the
    chosen services. Empty if logs do not go to ClickHouse; the program's own log has a warning, too.""",
    clickhouse(
        f"""
select Timestamp as timestamp,
    concat('stood still for ', LogAttributes['asyncio.loop.blocked.duration'], ' s\\n',
        LogAttributes['code.stacktrace']) as body,
    'warning' as level,
    map('service', ServiceName, 'instance', ResourceAttributes['service.instance.id'],
        'thread', LogAttributes['thread.name']) as labels,
    TraceId as traceID
from otel_logs
where {_RECORDS} and {_EVENT} = 'asyncio.loop.blocked'
order by Timestamp desc
limit 50
""",
        "logs",
    ),
    width=16,
    height=8,
    no_value="never blocked",
)

LOGGED = Row(
    "What do they log?",
    [
        timeseries(
            "Log records, by level",
            """Log records of all loggers, each second. Warnings and errors that begin at one moment have one cause;
            the table names the logger, and the records are below.""",
            prom(rate("log_records_total", by="log_severity"), "{{log_severity}}"),
            unit=PER_SECOND,
            stacked=True,
            width=12,
            overrides=[
                coloured("debug", "text"),
                coloured("info", NEUTRAL),
                coloured("warning", WARNING),
                coloured("error", BAD),
                coloured("critical", "dark-red"),
            ],
            no_value="nothing logged",
        ),
        table(
            "Exceptions",
            """Exceptions that ended a command, a task or other work, or that were logged as errors, by
            class and place in the program. The records below have the stacks: search them for the fingerprint.""",
            per(counted("argus_exceptions_total", by="job, argus_exception_fingerprint") + " > 0"),
            columns={
                "job": Column("Service"),
                "argus_exception_fingerprint": Column("Exception"),
                "Value": Column("Times", unit="locale", bar=True),
            },
            sort="Times",
            width=24,
            no_value="none was raised",
        ),
        table(
            "Loggers that complain",
            """Log records of level warning and above in the time range, by logger. A logger is named after the module
            that logs, as a rule; "Warnings and errors" below shows the records.""",
            per(
                counted(
                    "log_records_total", 'log_severity=~"warning|error|critical"', by="job, log_logger, log_severity"
                )
                + " > 0"
            ),
            columns={
                "job": Column("Service"),
                "log_logger": Column("Logger"),
                "log_severity": Column("Level"),
                "Value": Column("Records", unit="locale", bar=True),
            },
            sort="Records",
            width=12,
            no_value="none complains",
        ),
        logs(
            "Warnings and errors",
            """The latest log records of level warning and above, from ClickHouse; one that was written within a trace
            leads to it. Shows all instances of the chosen services. Empty if logs do not go to ClickHouse.""",
            clickhouse(
                f"""
select Timestamp as timestamp,
    arrayStringConcat(arrayFilter(text -> text != '',
        [concat('[', ScopeName, '] ', Body), LogAttributes['exception.stacktrace']]), '\\n') as body,
    multiIf(SeverityNumber >= 21, 'critical', SeverityNumber >= 17, 'error', 'warning') as level,
    map('service', ServiceName, 'logger', ScopeName, 'instance', ResourceAttributes['service.instance.id']) as labels,
    TraceId as traceID
from otel_logs
where {_RECORDS} and SeverityNumber >= 13 and ({_EVENT} = '' or endsWith({_EVENT}, '.exception'))
order by Timestamp desc
limit 200
""",
                "logs",
            ),
            no_value="none",
        ),
    ],
)
