"""Traces and errors as on ``traces``, from Tempo and Loki, for those who have no ClickHouse."""

from __future__ import annotations

from ... import variables
from ...board import Board, Row
from ...panels import Column, logs, stat, table, timeseries, traces
from ...style import BAD, FAULTS, NUMBER, PER_SECOND, SECONDS, WARNING, board_link, coloured
from ...tempo_loki import LINES, counted, loki, one_trace, over_time, search

# What Discord asks the bot to do. (A regular expression in backquotes, since TraceQL reads escapes between others.)
_CHOSEN = "resource.service.name =~ `${service:regex}` && name =~ `(?i).*${name:percentencode}.*`"
_ASKED = f"(kind = server || kind = consumer) && {_CHOSEN}"
_WANTED_LINES = f'{LINES} | trace_id="${{trace:percentencode}}"'

_TRACE = board_link("Show this trace", "argus-traces-tempo", "service", "trace=${__value.raw:percentencode}")
_SPAN_COLUMNS = {
    "time": Column("Began"),
    "name": Column("What"),
    "duration": Column("Duration", unit="ns", bar=True),
    "discord.outcome": Column("Outcome"),
    "error.type": Column("Error"),
    "discord.guild.id": Column("Guild"),
    "traceIdHidden": Column("Trace", links=[_TRACE]),
}

BOARD = Board(
    uid="argus-traces-tempo",
    title="Discord bot: traces and errors (Tempo and Loki)",
    description="What failed and why, what was slow, and one trace with its logs, without ClickHouse.",
    since="now-6h",
    refresh="1m",
    variables=[
        *variables.tempo_and_loki(),
        variables.textbox("name", "Name has", "A part of a span's name: letters, digits, - and _; empty for all."),
        variables.textbox("trace", "Trace", "A trace's id. Click on one in a table."),
    ],
    rows=[
        Row(
            "What went wrong",
            [
                stat(
                    "Traced",
                    """How many commands, components, modals and listeners Tempo has in this time. If a Collector or
                    Tempo keeps a share of them, this is that share.""",
                    counted(f"{{ {_ASKED} }} | count_over_time()"),
                    graph=False,
                    width=6,
                ),
                stat(
                    "Failed",
                    """How many of them failed by the bot's own fault. The tables below say with what.""",
                    counted(f"{{ {_ASKED} && status = error }} | count_over_time()"),
                    graph=False,
                    width=6,
                    thresholds=FAULTS,
                    no_value="0",
                ),
                stat(
                    "Slower than 1 s",
                    """How many of them took longer than a second. "The slow ones" lists them.""",
                    counted(f"{{ {_ASKED} && duration > 1s }} | count_over_time()"),
                    graph=False,
                    width=6,
                    thresholds=FAULTS,
                    no_value="0",
                ),
                stat(
                    "Errors in logs",
                    """Log records of level ERROR and above, whether or not they belong to a trace. The lines are at
                    the bottom.""",
                    loki(f"sum(count_over_time({LINES} | severity_number >= 17 [$__range]))", instant=True),
                    graph=False,
                    width=6,
                    thresholds=FAULTS,
                    no_value="0",
                ),
                timeseries(
                    "Failures by error",
                    """What failed in each step of the graph, by the class of the exception. A class that begins with a
                    deploy is that deploy's.""",
                    over_time(f"{{ {_ASKED} && status = error }} | count_over_time() by (span.error.type)"),
                    stacked=True,
                    bars=True,
                    calcs=["sum"],
                    no_value="Nothing failed",
                ),
                table(
                    "Errors by fingerprint",
                    """Exceptions by class and by the place in the program that the fingerprint names, the most
                    frequent first. A new line after a deploy is that deploy's bug.""",
                    loki(
                        "topk(50, sum by (exception_type, argus_exception_fingerprint) "
                        f'(count_over_time({LINES} | argus_exception_fingerprint != "" [$__range])))',
                        instant=True,
                    ),
                    columns={
                        "exception_type": Column("Exception"),
                        "argus_exception_fingerprint": Column("Fingerprint"),
                        "Value #A": Column("Times", bar=True),
                    },
                    sort="Times",
                    width=12,
                    no_value="No exceptions",
                ),
                table(
                    "The failed ones",
                    """The latest that failed. Click on a trace to see it below, with its log lines.""",
                    search(
                        f"{{ {_ASKED} && status = error }} "
                        "| select(span.discord.outcome, span.error.type, span.discord.guild.id)"
                    ),
                    columns=_SPAN_COLUMNS,
                    height=9,
                    no_value="Nothing failed",
                ),
            ],
        ),
        Row(
            "What was slow",
            [
                timeseries(
                    "Rates",
                    """How often each of the ten most frequent ran. Of all work, and not only of what is traced, they
                    are on "Interactions and commands".""",
                    over_time(f"{{ {_ASKED} }} | rate() by (name) | topk(10)"),
                    unit=PER_SECOND,
                    width=8,
                    height=9,
                ),
                timeseries(
                    "p95 by command",
                    """How long 95 % of the runs of a command took at most. An interaction may well take long where
                    it was acknowledged in time.""",
                    over_time(
                        f"{{ {_ASKED} && span.discord.command.name != nil }} "
                        "| quantile_over_time(duration, 0.95) by (span.discord.command.name) | topk(10)"
                    ),
                    unit=SECONDS,
                    width=8,
                    height=9,
                ),
                timeseries(
                    "p95 of the parts",
                    """The slowest parts of all traces: calls of REST, blocks of the bot's own (argus_otel.timed),
                    other instrumentations' spans.""",
                    over_time(
                        f"{{ (kind = client || kind = internal) && {_CHOSEN} }} "
                        "| quantile_over_time(duration, 0.95) by (name) | topk(10)"
                    ),
                    unit=SECONDS,
                    width=8,
                    height=9,
                ),
                table(
                    "The slow ones",
                    """The latest that took longer than a second; sort by duration for the slowest of them.""",
                    search(
                        f"{{ {_ASKED} && duration > 1s }} "
                        "| select(span.discord.outcome, span.error.type, span.discord.guild.id)"
                    ),
                    columns=_SPAN_COLUMNS,
                    sort="Duration",
                    height=9,
                    no_value="None took longer than a second",
                ),
            ],
        ),
        Row(
            "One trace: that of the field Trace",
            [
                traces(
                    "Waterfall",
                    """All spans of the trace. Gaps are time in the bot's own code or in waits: long ones want a block
                    of argus_otel.timed around what may be in them.""",
                    one_trace("trace"),
                    height=11,
                ),
                logs(
                    "Its log lines",
                    """What was logged while the trace ran, in its context, exceptions with their stacks among it.""",
                    loki(_WANTED_LINES),
                    no_value="No log lines, or no trace is chosen",
                ),
            ],
        ),
        Row(
            "Logs and events",
            [
                timeseries(
                    "Log records by level",
                    """What Loki has. A sudden step in INFO is a chatty logger; in WARN, most likely discord.py about
                    rate limits or a slow event loop.""",
                    loki(f"sum by (severity_text) (count_over_time({LINES} [$__interval]))", "{{severity_text}}"),
                    unit=NUMBER,
                    stacked=True,
                    bars=True,
                    width=10,
                    height=10,
                    calcs=["sum"],
                    overrides=[coloured("ERROR", BAD), coloured("CRITICAL", "dark-red"), coloured("WARN", WARNING)],
                ),
                logs(
                    "Warnings and errors",
                    """Lines of level WARNING and above, the newest first. trace_id is among the details of one that
                    has a trace.""",
                    loki(f"{LINES} | severity_number >= 13"),
                    width=14,
                    no_value="No warnings",
                ),
                logs(
                    "Events",
                    """What happened to the bot itself: gateway sessions and disconnects, guilds that came and went,
                    extensions that failed to load, an event loop that stood still (with the stack of what held
                    it).""",
                    loki(f'{LINES} | event_name != "" | line_format "{{{{.event_name}}}} {{{{__line__}}}}"'),
                    no_value="No events",
                ),
            ],
        ),
    ],
)
