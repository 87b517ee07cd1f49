"""What people are shown of the process's use of the machine."""

from __future__ import annotations

from argus_otel.panels import Cell, Content, Fact, Facts, Panel, View, number, size
from argus_otel.sources.system.catalogue import CATALOGUE

_METRICS = {metric.name: metric for metric in CATALOGUE.metrics}
_CPU, _MEMORY = _METRICS["process.cpu.time"], _METRICS["process.memory.usage"]
_THREADS, _FILES = _METRICS["process.thread.count"], _METRICS["process.open_file_descriptor.count"]


def _system(view: View) -> Content:
    facts: list[Fact] = []
    used = view.recent.total(_CPU)
    if used is not None and view.interval:
        trend = view.trend(lambda step: (step.added.total(_CPU) or 0.0) / step.seconds)
        facts.append(Fact("processor", Cell(f"{used / view.interval:.0%}", trend=trend), "of one processor"))
    facts.extend(_memory(view))
    for metric, name in ((_THREADS, "threads"), (_FILES, "open files")):
        count = view.whole.total(metric)
        if count is not None:
            facts.append(Fact(name, Cell(number(count))))
    return (Facts(facts),)


def _memory(view: View) -> tuple[Fact, ...]:
    memory = view.whole.total(_MEMORY)
    return () if memory is None else (Fact("memory", Cell(size(memory))),)


PANELS = (Panel("system", (_CPU, _MEMORY, _THREADS, _FILES), _system, lines=1, headline=_memory),)
"""See :mod:`argus_otel.panels`."""
