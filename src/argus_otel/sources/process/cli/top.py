"""The panel of ``argus-otel top`` about the process: a line about event loops and log, and one about resources."""

from __future__ import annotations

from rich.text import Text

from argus_otel.sources.process import catalogue
from argus_otel.terminal.formatting import clock, number, quantile, rate, words
from argus_otel.terminal.panels import Panel, View

# From here on a loop keeps others waiting for longer than a person notices.
_LATE = 0.1
_SERIOUS = {"warning": "yellow", "error": "red", "critical": "bold red"}


def _process(view: View) -> Text:
    lines = [line for line in (_loops(view), _resources(view)) if line is not None]
    return Text("\n", no_wrap=True, overflow="ellipsis").join(lines)


def _loops(view: View) -> Text:
    lag = view.recent.whole(catalogue.LOOP_LAG)
    if not lag.count:
        lag = view.whole.whole(catalogue.LOOP_LAG)
    line = Text("process", "bold")
    uptime, tasks = view.whole.total(catalogue.UPTIME), view.whole.total(catalogue.TASKS)
    if uptime is not None:
        line.append(f"   up {clock(uptime)}")
    if lag.count:
        late = (lag.quantile(0.95) or 0.0) >= _LATE
        line.append("   event loop late by ").append(f"{quantile(lag, 0.95)} (p95)", "red" if late else "")
    if tasks is not None:
        line.append(f"   {number(tasks)} tasks")
    blockings = view.whole.total(catalogue.BLOCKINGS)
    if blockings:
        line.append(f"   blocked {number(blockings)} times", "red")
    records = view.recent.by(catalogue.LOG_RECORDS, catalogue.SEVERITY)
    ever = view.whole.by(catalogue.LOG_RECORDS, catalogue.SEVERITY)
    if ever:
        line.append(f"   log {rate(sum(records.values()), view.interval)}")
    for severity, style in _SERIOUS.items():
        count = ever.get((severity,))
        if count:
            line.append(", ").append(words(f"{number(count)} {severity}", style))
    return line


def _resources(view: View) -> Text | None:
    memory = view.whole.total(catalogue.MEMORY)
    if memory is None:
        return None
    line = Text(f"          {memory / (1 << 20):,.0f} MiB of memory")
    used = view.recent.total(catalogue.CPU_TIME)
    if used is not None and view.interval:
        line.append(f"   {used / view.interval:.0%} of a processor")
    for metric, name in _COUNTED:
        count = view.whole.total(metric)
        if count is not None:
            line.append(f"   {number(count)} {name}")
    return line


_COUNTED = (
    (catalogue.THREADS, "threads"),
    (catalogue.FILE_DESCRIPTORS, "open files"),
    (catalogue.HANDLES, "open handles"),
)

PANELS = (
    Panel(
        "process",
        (
            catalogue.UPTIME,
            catalogue.LOOP_LAG,
            catalogue.TASKS,
            catalogue.BLOCKINGS,
            catalogue.LOG_RECORDS,
            catalogue.MEMORY,
            catalogue.CPU_TIME,
            *(metric for metric, _ in _COUNTED),
        ),
        _process,
        lines=2,
    ),
)
"""See :mod:`argus_otel.terminal.panels`."""
