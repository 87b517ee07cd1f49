"""Every name that the process source emits, with unit, buckets and attributes. Nothing else spells them."""

from __future__ import annotations

from argus_otel.telemetry import Attribute, Catalogue, Detail, Event, Kind, Metric, Severity

# -- attributes

LOGGER = Attribute("log.logger", "The logger's name.", cap=100, examples=("discord.gateway",))
SEVERITY = Attribute(
    "log.severity",
    "The record's level, or the next lower of these; `_OTHER` below all of them.",
    values=("debug", "info", "warning", "error", "critical"),
)

# -- buckets, in seconds

# A loop in good health is late by a millisecond or two; a gateway connection is lost after some ten seconds.
_LAG = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

# -- logs

LOG_RECORDS = Metric(
    "log.records",
    Kind.COUNTER,
    "{record}",
    "Log records that their logger's level and filters let through, by logger and level.",
    (LOGGER, SEVERITY),
)

# -- event loops

LOOP_LAG = Metric(
    "asyncio.loop.lag",
    Kind.HISTOGRAM,
    "s",
    "How late a timer of the event loop ran, four times a second: what everything on that loop waited.",
    (),
    _LAG,
)
TASKS = Metric("asyncio.tasks", Kind.GAUGE, "{task}", "asyncio tasks that have not ended, over all event loops.")
BLOCKINGS = Metric(
    "asyncio.loop.blockings",
    Kind.COUNTER,
    "{blocking}",
    "Times that an event loop stood still for longer than ARGUS_PROCESS_LOOP_BLOCKED_AFTER.",
)

# -- the process

UPTIME = Metric("process.uptime", Kind.GAUGE, "s", "Time since argus-otel was loaded into the process.")

# -- events

BLOCKED_EVENT = Event(
    "asyncio.loop.blocked",
    "The event loop stands still, in the code that the stack shows",
    ("asyncio.loop.blocked.duration", "code.stacktrace", "thread.name"),
    severity=Severity.WARN,
)

CATALOGUE = Catalogue(
    "process",
    metrics=(LOG_RECORDS, LOOP_LAG, TASKS, BLOCKINGS, UPTIME),
    events=(BLOCKED_EVENT,),
    details=(
        Detail(
            "asyncio.loop.blocked.duration",
            "For how long it had stood still when noticed, in seconds.",
            (1.1,),
        ),
        Detail("code.stacktrace", "The stack of the loop's thread, as in a traceback.", ('File "bot.py", line 12',)),
        Detail("thread.name", "The loop's thread.", ("MainThread",)),
    ),
)
