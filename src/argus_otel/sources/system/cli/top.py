"""The panel of ``argus-otel top`` about the process's use of the machine, in one line."""

from __future__ import annotations

from rich.text import Text

from argus_otel.sources.system.catalogue import CATALOGUE
from argus_otel.terminal.formatting import number
from argus_otel.terminal.panels import Panel, View

_METRICS = {metric.name: metric for metric in CATALOGUE.metrics}
_CPU, _MEMORY = _METRICS["process.cpu.time"], _METRICS["process.memory.usage"]
_THREADS, _FILES = _METRICS["process.thread.count"], _METRICS["process.open_file_descriptor.count"]


def _system(view: View) -> Text:
    line = Text("system", "bold")
    used = view.recent.total(_CPU)
    if used is not None and view.interval:
        line.append(f"    {used / view.interval:.0%} of a processor")
    memory = view.whole.total(_MEMORY)
    if memory is not None:
        line.append(f"   {memory / (1 << 20):,.0f} MiB of memory")
    for metric, name in ((_THREADS, "threads"), (_FILES, "open files")):
        count = view.whole.total(metric)
        if count is not None:
            line.append(f"   {number(count)} {name}")
    line.no_wrap, line.overflow = True, "ellipsis"
    return line


PANELS = (Panel("system", (_CPU, _MEMORY, _THREADS, _FILES), _system, lines=1),)
"""See :mod:`argus_otel.terminal.panels`."""
