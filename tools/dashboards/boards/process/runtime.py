"""Runtime: does the event loop run on time, what is logged, and which resources does the process use."""

from __future__ import annotations

from ... import variables
from ...board import Board, Row
from ...panels import heatmap, stat, timeseries
from ...queries import (
    counted,
    increase,
    now,
    of,
    percentiles,
    prom,
    quantile,
    rate,
    total,
)
from ...style import (
    BAD,
    BYTES,
    FINE,
    NUMBER,
    SECONDS,
    SHARE,
    WARNING,
    steps,
)
from .logged import BLOCKED, LOGGED
from .needs import NEEDS

_PROCESS = "job, instance"
_PROCESS_NAME = "{{job}} {{instance}}"
_LAG = "asyncio_loop_lag_seconds"

_LOOP = Row(
    "Does the event loop run on time?",
    [
        stat(
            "Processes",
            """Processes that send metrics, over all chosen services. Fewer than you have started: "Instance" at the top
            of the dashboard lists them, and the log of a missing one tells why it ended.""",
            prom(f"count({of('process_uptime_seconds')})", "processes"),
            unit=NUMBER,
            thresholds=FINE,
        ),
        stat(
            "Loop lag, p99",
            """How late event loops run due callbacks, in the worst of 100 cases. Everything in the process waits for
            that long. Above 0.1 s, look below for what blocks the loop; if nothing does, the process has too much to
            do: see its processor.""",
            prom(quantile(0.99, _LAG), "p99"),
            unit=SECONDS,
            thresholds=steps((0.1, WARNING), (1, BAD)),
        ),
        stat(
            "Loop blocked",
            """How often in the time range an event loop stood still for longer than
            ARGUS_PROCESS_LOOP_BLOCKED_AFTER. Once is too often: the events below have the stack, whose last line is the
            code that blocked.""",
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
            "Processor",
            """Share of one processor that the busiest process uses. 100 % is the most that Python code of one process
            can use; near it, the loop lags. Then do less, or run more processes.""",
            prom(f"max({rate('process_cpu_time_seconds_total', by=_PROCESS)})", "of a processor"),
            unit=SHARE,
            thresholds=steps((0.7, WARNING), (0.9, BAD)),
        ),
        stat(
            "Memory in all",
            """Physical memory of all chosen processes together. "Memory" below shows each one's course.""",
            prom(total("process_memory_usage_bytes"), "memory"),
            unit=BYTES,
            thresholds=FINE,
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
            """The same for each process. One that stands out has the most work, or the slowest machine.""",
            prom(quantile(0.99, _LAG, by=_PROCESS), _PROCESS_NAME),
            unit=SECONDS,
            width=8,
        ),
        heatmap(
            "Loop lag, distribution",
            """How often the loop was how late. Single marks far up, at even distances: something that runs on a
            schedule blocks the loop. Look for a job with that period.""",
            prom(rate(f"{_LAG}_bucket", by="le"), "{{le}}", form="heatmap"),
            width=8,
        ),
        timeseries(
            "Loop blocked, by process",
            """When event loops stood still for longer than
            ARGUS_PROCESS_LOOP_BLOCKED_AFTER. Nothing is answered meanwhile, and peers that expect heartbeats
            disconnect. The events to the right show the code.""",
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

BOARD = Board(
    uid="argus-runtime",
    title="Process: runtime",
    description="Does the event loop run on time, what is logged, and which resources does each process use.",
    variables=[*variables.prometheus(), *variables.clickhouse()],
    rows=[_LOOP, LOGGED, NEEDS],
)
