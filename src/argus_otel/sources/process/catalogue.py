"""The signals of the process source. No other file spells their names, units, boundaries and attributes."""

from __future__ import annotations

from argus_otel.telemetry import Attribute, Catalogue, Event, InstrumentKind, Metric, Severity, SpanAttribute

# -- attributes

LOGGER = Attribute("log.logger", "The logger's name.", cardinality_limit=100, examples=("discord.gateway",))
SEVERITY = Attribute(
    "log.severity",
    "The record's level, or the next lower of these; `_OTHER` below all of them.",
    values=("debug", "info", "warning", "error", "critical"),
)

CPU_MODE = Attribute("cpu.mode", "The process's own work, or the system's on its behalf.", values=("user", "system"))
GENERATION = Attribute("cpython.gc.generation", "The garbage collector's generation.", values=(0, 1, 2))

# -- boundaries, in seconds

# A healthy loop is late by a millisecond or two. A gateway connection is lost after about ten seconds.
_LAG = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

# -- logs

LOG_RECORDS = Metric(
    "log.records",
    InstrumentKind.COUNTER,
    "{record}",
    "Log records that pass their logger's level and filters, by logger and level.",
    (LOGGER, SEVERITY),
)

# -- event loops

LOOP_LAG = Metric(
    "asyncio.loop.lag",
    InstrumentKind.HISTOGRAM,
    "s",
    "How late a timer of the event loop ran, four times a second: everything on that loop waited as long.",
    (),
    _LAG,
)
TASKS = Metric(
    "asyncio.tasks", InstrumentKind.GAUGE, "{task}", "asyncio tasks that have not ended, over all event loops."
)
BLOCKINGS = Metric(
    "asyncio.loop.blockings",
    InstrumentKind.COUNTER,
    "{blocking}",
    "Times that an event loop was blocked for longer than ARGUS_PROCESS_LOOP_BLOCKED_AFTER.",
)

# -- the process

UPTIME = Metric("process.uptime", InstrumentKind.GAUGE, "s", "Time since argus-otel was loaded into the process.")
CPU_TIME = Metric("process.cpu.time", InstrumentKind.COUNTER, "s", "Processor time that the process used.", (CPU_MODE,))
MEMORY = Metric(
    "process.memory.usage",
    InstrumentKind.UP_DOWN_COUNTER,
    "By",
    "Physical memory in use; on Linux, macOS and Windows.",
)
THREADS = Metric(
    "process.thread.count",
    InstrumentKind.UP_DOWN_COUNTER,
    "{thread}",
    "Threads, including those that Python does not know; on Linux, macOS and Windows.",
)
FILE_DESCRIPTORS = Metric(
    "process.unix.file_descriptor.count",
    InstrumentKind.UP_DOWN_COUNTER,
    "{file_descriptor}",
    "Open file descriptors: files, sockets, pipes; on Linux and macOS.",
)
HANDLES = Metric(
    "process.windows.handle.count", InstrumentKind.UP_DOWN_COUNTER, "{handle}", "Open handles; on Windows."
)

# -- Python's garbage collector

GC_COLLECTIONS = Metric(
    "cpython.gc.collections",
    InstrumentKind.COUNTER,
    "{collection}",
    "Runs of the garbage collector, by generation.",
    (GENERATION,),
)
GC_COLLECTED = Metric(
    "cpython.gc.collected_objects",
    InstrumentKind.COUNTER,
    "{object}",
    "Objects that it collected, by generation.",
    (GENERATION,),
)
GC_UNCOLLECTABLE = Metric(
    "cpython.gc.uncollectable_objects",
    InstrumentKind.COUNTER,
    "{object}",
    "Objects that it could not collect, by generation.",
    (GENERATION,),
)

# -- events

BLOCKED_EVENT = Event(
    "asyncio.loop.blocked",
    "The event loop stands still, in the code that the stack shows",
    ("asyncio.loop.blocked.duration", "code.stacktrace", "thread.name"),
    severity=Severity.WARN,
)

CATALOGUE = Catalogue(
    "process",
    metrics=(
        LOG_RECORDS,
        LOOP_LAG,
        TASKS,
        BLOCKINGS,
        UPTIME,
        CPU_TIME,
        MEMORY,
        THREADS,
        FILE_DESCRIPTORS,
        HANDLES,
        GC_COLLECTIONS,
        GC_COLLECTED,
        GC_UNCOLLECTABLE,
    ),
    events=(BLOCKED_EVENT,),
    span_attributes=(
        SpanAttribute(
            "asyncio.loop.blocked.duration",
            "How long it had been blocked when that was noticed, in seconds.",
            (1.1,),
        ),
        SpanAttribute(
            "code.stacktrace", "The stack of the loop's thread, as in a traceback.", ('File "bot.py", line 12',)
        ),
        SpanAttribute("thread.name", "The loop's thread.", ("MainThread",)),
    ),
)
