"""Runtime: does the event loop turn, what do loops, listeners and logs do, and what does the process need."""

from __future__ import annotations

from .. import variables
from ..board import Board, Row
from ..panels import Column, heatmap, stat, state_timeline, table, timeseries
from ..queries import (
    counted,
    increase,
    now,
    of,
    or_zero,
    per,
    percentiles,
    prom,
    quantile,
    quantile_in_range,
    rate,
    total,
)
from ..style import (
    BAD,
    BYTES,
    FINE,
    GOOD,
    NUMBER,
    SECONDS,
    SHARE,
    WARNING,
    steps,
    values,
)
from .logged import BLOCKED, LOGGED
from .needs import NEEDS

_PROCESS = "job, instance"
_PROCESS_NAME = "{{job}} {{instance}}"
_LAG = "asyncio_loop_lag_seconds"
_TASK = "discord_task_duration_seconds"
_LISTENER = "discord_listener_duration_seconds"
_EXTENSION = "discord_extension_load_duration_seconds"
_FAILED = 'error_type!=""'
_SYSTEM = "needs argus-otel[system]"

_LOOP = Row(
    "Does the event loop turn?",
    [
        stat(
            "Loop lag, p99",
            """How late event loops run what is due, in the worst of 100 cases. Handlers, heartbeats and
            acknowledgements all wait for that long. Above 0.1 s, look below for what blocks the loop; if nothing does,
            the process has too much to do: see its processor.""",
            prom(quantile(0.99, _LAG), "p99"),
            unit=SECONDS,
            thresholds=steps((0.1, WARNING), (1, BAD)),
        ),
        stat(
            "Loop blocked",
            """How often in the time range an event loop stood still for longer than ARGUS_PROCESS_LOOP_BLOCKED_AFTER.
            Once is too often: the events below have the stack, whose last line is the code that blocked.""",
            now(counted("asyncio_loop_blockings_total"), "times"),
            unit=NUMBER,
            decimals=0,
            thresholds=steps((1, WARNING), (10, BAD)),
        ),
        stat(
            "asyncio tasks in all",
            """Tasks that have not ended, over all processes. A number that grows for hours and never falls is tasks
            that are made and never end, which costs memory: look for create_task without an end in what was released
            last.""",
            prom(total("asyncio_tasks"), "tasks"),
            unit=NUMBER,
            thresholds=FINE,
        ),
        stat(
            "Loops that have ended",
            """discord.ext.tasks loops that were started and run no more. Those with a count end by themselves; any
            other ended by an exception, and nobody starts it again: "Loops, one by one" tells which and with what.""",
            prom(f"count({of('discord_task_running')} == 0) or 0 * count({of('discord_task_running')})", "ended"),
            unit=NUMBER,
            thresholds=steps((1, WARNING)),
            no_value="no loops",
        ),
        stat(
            "Processor",
            """Share of the machine's processors that the busiest process uses. A Python process can use one of them:
            with four, 25 % is all there is, and the loop lags. Then use more processes (clusters of shards).""",
            prom(f"max({of('process_cpu_utilization')})", "of all processors"),
            unit=SHARE,
            thresholds=FINE,
            no_value=_SYSTEM,
        ),
        stat(
            "Memory in all",
            """Physical memory of all chosen processes together. "Memory" below shows each one's course.""",
            prom(total("process_memory_usage_bytes"), "memory"),
            unit=BYTES,
            thresholds=FINE,
            no_value=_SYSTEM,
        ),
        timeseries(
            "Loop lag",
            """How late a timer ran, four times a second. p50 near 0 and p99 high: now and then something blocks. Both
            high: the process has more to do than it can.""",
            *percentiles(_LAG),
            unit=SECONDS,
            width=8,
        ),
        timeseries(
            "Loop lag, p99 by process",
            """The same for each process. One that stands out has the busiest guilds, or the machine with the least to
            give.""",
            prom(quantile(0.99, _LAG, by=_PROCESS), _PROCESS_NAME),
            unit=SECONDS,
            width=8,
        ),
        heatmap(
            "Loop lag, all of it",
            """How often the loop was how late. Single marks far up, at even distances: something that runs on a
            schedule blocks the loop. Look for its period among the loops below.""",
            prom(rate(f"{_LAG}_bucket", by="le"), "{{le}}", form="heatmap"),
            width=8,
        ),
        timeseries(
            "Loop blocked, by process",
            """When event loops stood still for longer than ARGUS_PROCESS_LOOP_BLOCKED_AFTER. Discord hears no heartbeat
            meanwhile, and hangs up after some 40 s. The events to the right tell in what code.""",
            prom(increase("asyncio_loop_blockings_total", by=_PROCESS), _PROCESS_NAME),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            width=8,
        ),
        BLOCKED,
    ],
)

_LOOPS = Row(
    "Do the loops of discord.ext.tasks run?",
    [
        state_timeline(
            "Loops, running and ended",
            """When each loop was started and had not ended. One that turns red without a deploy has raised something,
            and stays ended: give it an error handler that restarts it, or catch what it raises.""",
            prom(f"min by (job, discord_task_name) ({of('discord_task_running')})", "{{job}} {{discord_task_name}}"),
            mappings=values({"0": ("ended", BAD), "1": ("running", GOOD)}),
            width=12,
            height=8,
            no_value="no loops",
        ),
        timeseries(
            "Iterations that failed",
            """Iterations that raised something, by loop and by what. discord.py tries again after network errors, and
            ends the loop after any other.""",
            prom(
                increase(f"{_TASK}_count", _FAILED, by="discord_task_name, error_type"),
                "{{discord_task_name}}: {{error_type}}",
            ),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            height=8,
            no_value="none failed",
        ),
        table(
            "Loops, one by one",
            """Each loop in the time range: whether it runs, how often it did, how long an iteration takes and how many
            failed. An iteration that takes longer than the loop's interval delays the next one.""",
            per(f"min by (job, discord_task_name) ({of('discord_task_running')})"),
            per(counted(f"{_TASK}_count", by="job, discord_task_name")),
            per(quantile_in_range(0.5, _TASK, by="job, discord_task_name")),
            per(quantile_in_range(0.95, _TASK, by="job, discord_task_name")),
            per(
                or_zero(
                    counted(f"{_TASK}_count", _FAILED, by="job, discord_task_name"),
                    counted(f"{_TASK}_count", by="job, discord_task_name"),
                )
            ),
            columns={
                "job": Column("Bot"),
                "discord_task_name": Column("Loop"),
                "Value #A": Column(
                    "Runs",
                    mappings=values({"0": ("ended", BAD), "1": ("runs", GOOD)}),
                    thresholds=steps((1, GOOD), below=BAD),
                ),
                "Value #B": Column("Iterations", unit="locale"),
                "Value #C": Column("p50", unit=SECONDS),
                "Value #D": Column("p95", unit=SECONDS, bar=True),
                "Value #E": Column("Failed", unit="locale", thresholds=steps((1, WARNING), below="text")),
            },
            sort="Failed",
            width=12,
            no_value="no loops",
        ),
        timeseries(
            "An iteration takes, p95",
            """How long iterations take. One that grows from day to day works through something that is never
            cleared.""",
            prom(quantile(0.95, _TASK, by="discord_task_name"), "{{discord_task_name}}", exemplar=True),
            unit=SECONDS,
            no_value="no loops",
        ),
    ],
)

_LISTENERS = Row(
    "What do listeners and extensions do?",
    [
        table(
            "Listeners",
            """Each event that the bots listen to, in the time range: runs, p95 from the first line to the end, and how
            many failed. Users do not see a listener fail; the log does. on_message is run for every message there is:
            keep it short.""",
            per(counted(f"{_LISTENER}_count", by="job, discord_event_name")),
            per(quantile_in_range(0.95, _LISTENER, by="job, discord_event_name")),
            per(
                or_zero(
                    counted(f"{_LISTENER}_count", _FAILED, by="job, discord_event_name"),
                    counted(f"{_LISTENER}_count", by="job, discord_event_name"),
                )
            ),
            columns={
                "job": Column("Bot"),
                "discord_event_name": Column("Event"),
                "Value #A": Column("Runs", unit="locale", bar=True),
                "Value #B": Column("p95", unit=SECONDS),
                "Value #C": Column("Failed", unit="locale", thresholds=steps((1, WARNING), below="text")),
            },
            sort="Runs",
            width=8,
            no_value="no listeners",
        ),
        timeseries(
            "Listeners that failed",
            """Runs of listeners that raised something, by event and by what. New since a release: it is that
            release's.""",
            prom(
                increase(f"{_LISTENER}_count", _FAILED, by="discord_event_name, error_type"),
                "{{discord_event_name}}: {{error_type}}",
            ),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            width=8,
            no_value="none failed",
        ),
        table(
            "Extensions",
            """Each extension, and each that could not be loaded with its error: how often it was loaded in the time
            range, and how long that took on average. One with an error has none of its commands there. What loads for
            seconds blocks the loop when it is reloaded.""",
            per(counted(f"{_EXTENSION}_count", by="job, discord_extension_name, error_type")),
            per(
                f"sum by (job, discord_extension_name, error_type) ({of(_EXTENSION + '_sum')})"
                f" / sum by (job, discord_extension_name, error_type) ({of(_EXTENSION + '_count')})"
            ),
            columns={
                "job": Column("Bot"),
                "discord_extension_name": Column("Extension"),
                "error_type": Column("Error"),
                "Value #A": Column("Loads", unit="locale"),
                "Value #B": Column("Took", unit=SECONDS),
            },
            sort="Took",
            width=8,
            no_value="none loaded",
        ),
    ],
)

BOARD = Board(
    uid="argus-runtime",
    title="Discord bot: runtime",
    description="Does the event loop turn, do the loops run, what is logged, and what does each process need.",
    variables=[*variables.prometheus(), *variables.clickhouse()],
    rows=[_LOOP, _LOOPS, _LISTENERS, LOGGED, NEEDS],
)
