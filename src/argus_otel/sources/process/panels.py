"""What people are shown of the process: event loops, tasks, log records, and the resources that it uses."""

from __future__ import annotations

from argus_otel.panels import Cell, Content, Fact, Facts, Panel, Tone, View, clock, number, quantile, rate, size
from argus_otel.scrape.buckets import Buckets
from argus_otel.sources.process import catalogue

# From here on a loop keeps others waiting for longer than a person notices.
_LATE = 0.1
_SERIOUS = {"warning": Tone.CAUTION, "error": Tone.BAD, "critical": Tone.BAD}


def _process(view: View) -> Content:
    facts: list[Fact] = []
    uptime, tasks = view.whole.total(catalogue.UPTIME), view.whole.total(catalogue.TASKS)
    if uptime is not None:
        facts.append(Fact("up", Cell(clock(uptime))))
    facts.extend(_lateness(view))
    if tasks is not None:
        facts.append(Fact("tasks", Cell(number(tasks))))
    blockings = view.whole.total(catalogue.BLOCKINGS)
    if blockings:
        facts.append(Fact("times blocked", Cell(number(blockings), Tone.BAD), "since the start"))
    records = view.recent.by(catalogue.LOG_RECORDS, catalogue.SEVERITY)
    ever = view.whole.by(catalogue.LOG_RECORDS, catalogue.SEVERITY)
    if ever:
        facts.append(Fact("log", Cell(rate(sum(records.values()), view.interval))))
    for severity, tone in _SERIOUS.items():
        count = ever.get((severity,))
        if count:
            facts.append(Fact(f"log {severity}", Cell(number(count), tone), "since the start"))
    resources = _resources(view)
    return (Facts(facts), Facts(resources)) if resources else (Facts(facts),)


def _lateness(view: View) -> tuple[Fact, ...]:
    lag = _lag(view)
    if not lag.count:
        return ()
    tone = Tone.BAD if (lag.quantile(0.95) or 0.0) >= _LATE else Tone.PLAIN
    trend = view.trend(lambda step: step.added.whole(catalogue.LOOP_LAG).quantile(0.95))
    return (Fact("event loop lag (p95)", Cell(quantile(lag, 0.95), tone, trend)),)


def _lag(view: View) -> Buckets:
    recent = view.recent.whole(catalogue.LOOP_LAG)
    return recent if recent.count else view.whole.whole(catalogue.LOOP_LAG)


def _memory(view: View) -> tuple[Fact, ...]:
    memory = view.whole.total(catalogue.MEMORY)
    return () if memory is None else (Fact("memory", Cell(size(memory))),)


def _resources(view: View) -> list[Fact]:
    facts = list(_memory(view))
    used = view.recent.total(catalogue.CPU_TIME)
    if used is not None and view.interval:
        trend = view.trend(lambda step: (step.added.total(catalogue.CPU_TIME) or 0.0) / step.seconds)
        facts.append(Fact("processor", Cell(f"{used / view.interval:.0%}", trend=trend), "of one processor"))
    for metric, name in _COUNTED:
        count = view.whole.total(metric)
        if count is not None:
            facts.append(Fact(name, Cell(number(count))))
    return facts


def _headline(view: View) -> tuple[Fact, ...]:
    return (*_lateness(view), *_memory(view))


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
        headline=_headline,
    ),
)
"""See :mod:`argus_otel.panels`."""
