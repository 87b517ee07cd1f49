"""Task loops and listeners: which loops run, what listeners and extensions do, and what fails."""

from __future__ import annotations

from ...board import Board, Row
from ...panels import Column, stat, state_timeline, table, timeseries
from ...queries import counted, increase, now, of, or_zero, per, prom, quantile, quantile_in_range, total
from ...style import BAD, GOOD, NUMBER, SECONDS, WARNING, steps, values
from .common import bots

_TASK = "discord_task_duration_seconds"
_LISTENER = "discord_listener_duration_seconds"
_EXTENSION = "discord_extension_load_duration_seconds"
_FAILED = 'error_type!=""'

_SUMMARY = Row(
    "Does anything fail in the background?",
    [
        stat(
            "Loops that have ended",
            """discord.ext.tasks loops that were started and run no more. Those with a count end by themselves; any
            other ended by an exception, and is not started again: "Loops, one by one" lists it.""",
            prom(f"count({of('discord_task_running')} == 0) or 0 * count({of('discord_task_running')})", "ended"),
            unit=NUMBER,
            thresholds=steps((1, WARNING)),
            no_value="no loops",
            width=8,
        ),
        stat(
            "Iterations that failed in all",
            """Iterations of all loops that raised something, in the time range. "Iterations that failed" shows the
            loops and times.""",
            now(counted(f"{_TASK}_count", _FAILED), "failed"),
            unit=NUMBER,
            decimals=0,
            thresholds=steps((1, WARNING)),
            no_value="0",
            width=8,
        ),
        stat(
            "Listeners that failed in all",
            """Runs of all listeners that raised something, in the time range. "Listeners that failed" has their
            events and errors.""",
            now(counted(f"{_LISTENER}_count", _FAILED), "failed"),
            unit=NUMBER,
            decimals=0,
            thresholds=steps((1, WARNING)),
            no_value="0",
            width=8,
        ),
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
        timeseries(
            "Cogs left behind by a reload",
            """Cogs of extensions that were reloaded or unloaded, and are still in memory. Each keeps all that it refers
            to. Something of the extension holds them: cancel its tasks in cog_unload, stop its views, and remove it
            from registries and callbacks of other modules.""",
            prom(
                total("discord_extension_leaked", by="job, discord_extension_name"),
                "{{job}}: {{discord_extension_name}}",
            ),
            unit=NUMBER,
            width=24,
            no_value="none",
        ),
    ],
)

BOARD = Board(
    uid="argus-tasks",
    title="Discord bot: task loops and listeners",
    description="Do the loops of discord.ext.tasks run, do listeners fail, and were all extensions loaded.",
    variables=bots(),
    rows=[_SUMMARY, _LOOPS, _LISTENERS],
)
