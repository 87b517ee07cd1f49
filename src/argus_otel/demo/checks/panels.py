"""What the demo shows while it runs: a line for each service, and the checks by their status."""

from __future__ import annotations

from collections import Counter

from argus_otel.panels import Cell, Column, Content, Fact, Facts, Panel, Table, Tone, View, counts, number, seconds
from argus_otel.scrape.series import Metrics
from argus_otel.sources.checks import attributes, catalogue

from .cast import CAST

_TONES = {"up": Tone.GOOD, "degraded": Tone.CAUTION, "down": Tone.BAD, "unknown": Tone.MUTED}

_COLUMNS = (
    Column("service", number=False),
    Column("what it does", number=False, needs=100),
    Column("status", number=False),
    Column("runs"),
    Column("last"),
    Column("failed", number=False),
)


def statuses(metrics: Metrics) -> dict[str, str]:
    """Return the status of each check, by its name."""
    states = metrics.by(catalogue.STATE, attributes.NAME, attributes.STATE)
    return {name: status for (name, status), holds in states.items() if holds}


def summary(metrics: Metrics) -> str:
    """Return in a few words how many runs there were, and what the checks' statuses are."""
    found = Counter(statuses(metrics).values())
    told = ", ".join(f"{found[status]} {status}" for status in _TONES if found[status])
    return f"{number(metrics.total(catalogue.RUNS) or 0.0)} runs; {told or 'no checks'}"


def _services(view: View) -> Content:
    found = statuses(view.whole)
    runs = view.whole.by(catalogue.RUNS, attributes.NAME)
    durations = view.whole.by(catalogue.LAST_DURATION, attributes.NAME)
    failures: dict[str, dict[str, float]] = {}
    for (name, outcome, error), times in view.whole.by(
        catalogue.RUNS, attributes.NAME, attributes.OUTCOME, attributes.ERROR_TYPE
    ).items():
        if outcome == "failed":
            failures.setdefault(name, {})[error] = times
    lines: list[tuple[Cell, ...]] = []
    for part in CAST:
        status = found.get(part.name, "unknown")
        lines.append(
            (
                Cell(part.name),
                Cell(part.story, Tone.MUTED),
                Cell(status, _TONES[status]),
                Cell(number(runs.get((part.name,)))),
                Cell(seconds(durations.get((part.name,)))),
                Cell(counts(failures.get(part.name, {}))),
            )
        )
    number_of = Counter(found.values())
    facts = [Fact(status, Cell(str(number_of[status]), tone)) for status, tone in _TONES.items() if number_of[status]]
    return (Table(_COLUMNS, lines), Facts(facts))


PANELS = (
    Panel(
        "checks",
        (catalogue.STATE, catalogue.RUNS, catalogue.LAST_DURATION),
        _services,
        lines=len(CAST) + 3,
        summary=lambda view: summary(view.whole),
    ),
)
"""See :mod:`argus_otel.panels`."""
