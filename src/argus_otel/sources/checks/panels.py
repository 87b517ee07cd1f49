"""What people are shown of checks: which are not up and why, and whether the agent keeps its times."""

from __future__ import annotations

from collections import Counter, defaultdict

from argus_otel.panels import (
    NO_BUCKETS,
    Cell,
    Column,
    Content,
    Fact,
    Facts,
    Panel,
    Table,
    Tone,
    View,
    counts,
    note_rest,
    number,
    quantile,
    rate,
    seconds,
)
from argus_otel.scrape.series import Metrics

from . import attributes as a
from . import catalogue as c

_TONES = {"down": Tone.BAD, "degraded": Tone.CAUTION, "unknown": Tone.MUTED, "up": Tone.GOOD}
"""The statuses in the order in which checks are shown."""

_LATE = 0.05
"""A run that begins later after its slot than this, in seconds, was held up."""

_USUAL = 60
_SPACIOUS = 100


def _statuses(metrics: Metrics) -> dict[tuple[str, str], str]:
    """Return the status of each check, by its name and type."""
    states = metrics.by(c.STATE, a.NAME, a.TYPE, a.STATE)
    return {(name, type_): status for (name, type_, status), holds in states.items() if holds}


def _errors(metrics: Metrics) -> dict[str, dict[str, float]]:
    found: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for (name, error), runs in metrics.by(c.RUNS, a.NAME, a.ERROR_TYPE).items():
        if error:
            found[name][error] = runs
    return found


def _checks(view: View) -> Content:
    """Draw the checks, those that are not up first."""
    statuses = _statuses(view.whole)
    order = sorted(statuses, key=lambda check: (list(_TONES).index(statuses[check]), check))
    muted = {name for (name,), reasons in view.whole.by(c.MUTED, a.NAME).items() if reasons}
    durations = view.whole.by(c.LAST_DURATION, a.NAME)
    runs, errors = view.recent.by(c.RUNS, a.NAME), _errors(view.recent)
    rows = [
        (
            Cell(name),
            Cell(type_, Tone.MUTED),
            Cell(
                statuses[name, type_] + (" (muted)" if name in muted else ""),
                Tone.MUTED if name in muted else _TONES[statuses[name, type_]],
            ),
            Cell(seconds(durations.get((name,)))),
            Cell(rate(runs.get((name,), 0.0), view.interval)),
            Cell(counts(errors.get(name, {}))),
        )
        for name, type_ in order[: view.rows]
    ]
    headings = (
        Column("check", number=False),
        Column("type", number=False, needs=_USUAL),
        Column("status", number=False),
        Column("last"),
        Column("runs", needs=_SPACIOUS),
        Column("failures", number=False, at_most=28, needs=_USUAL),
    )
    return (Table(headings, rows, note_rest(len(order), view.rows, "there are no checks")),)


def _summary(view: View) -> str:
    found = Counter(_statuses(view.whole).values())
    return ", ".join(f"{found[status]} {status}" for status in _TONES if found[status])


def _headline(view: View) -> tuple[Fact, ...]:
    found = Counter(_statuses(view.whole).values())
    down = found["down"]
    return (
        Fact("checks down", Cell(number(down), Tone.BAD if down else Tone.GOOD), f"of {number(sum(found.values()))}"),
    )


def _agent(view: View) -> Content:
    late = view.recent.spread(c.LATENESS).get((), NO_BUCKETS)
    skipped = view.recent.by(c.SKIPPED, a.SKIP_REASON)
    left_out = {reason: slots for (reason,), slots in skipped.items() if slots}
    disturbed = view.recent.total(c.DISTURBED) or 0.0
    p99 = late.quantile(0.99) if late.count else None
    return (
        Facts(
            (
                Fact("runs", Cell(rate(view.recent.total(c.RUNS) or 0.0, view.interval))),
                Fact("running now", Cell(number(view.whole.total(c.RUNNING)))),
                Fact(
                    "late, p99",
                    Cell(quantile(late, 0.99), Tone.CAUTION if p99 is not None and p99 > _LATE else Tone.PLAIN),
                ),
                Fact("left out", Cell(counts(left_out) or "0", Tone.CAUTION if left_out else Tone.PLAIN)),
                Fact("disturbed", Cell(number(disturbed), Tone.CAUTION if disturbed else Tone.PLAIN)),
            )
        ),
    )


PANELS = (
    Panel("checks", (c.STATE, c.MUTED, c.LAST_DURATION, c.RUNS), _checks, 2, grows=True, summary=_summary,
          headline=_headline),
    Panel("agent of checks", (c.LATENESS, c.SKIPPED, c.DISTURBED, c.RUNS, c.RUNNING), _agent, 2,
          summary=lambda view: view.period),
)  # fmt: skip
"""See :mod:`argus_otel.panels`."""
