"""Compares the agent's metrics with the services' ledger.

What a check has to make of the deeds of its service is worked out here anew, and none of the agent's code is used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from argus_otel.demo.row import Row, rows
from argus_otel.scrape.series import Metrics
from argus_otel.sources.checks import attributes, catalogue
from argus_otel.telemetry import Metric

from .behaviours import ANSWERED_LATE
from .cast import CAST, CONFIRM, GOOD, Part

_SLOWER_THAN = 0.25
"""A boundary of the histogram of durations, in seconds, below the time that a slow service takes."""

Deeds = Mapping[str, Sequence[str]]
"""The deeds of each service, in their order."""


def compare(deeds: Deeds, metrics: Metrics, rewritten: int) -> list[Row]:
    """Return every number that either side has, in a fixed order.

    Parameters
    ----------
    metrics:
        One scrape of an agent that has run the demo's checks only.
    rewritten:
        How often the file of checks was written anew while the agent ran.
    """
    return [
        *_attempts(deeds, metrics),
        *_runs(deeds, metrics),
        *_retries(deeds, metrics),
        *_slow(deeds, metrics),
        *_changes(deeds, metrics),
        *_statuses(deeds, metrics),
        *_agent(metrics, rewritten),
    ]


def _attempts(deeds: Deeds, metrics: Metrics) -> Iterator[Row]:
    theirs = Counter({name: len(each) for name, each in deeds.items()})
    ours: Counter[str] = Counter()
    for metric in (catalogue.RUNS, catalogue.RETRIES):
        ours.update({name: round(number) for (name,), number in metrics.by(metric, attributes.NAME).items()})
    yield from rows("connections", theirs, ours)


def _runs(deeds: Deeds, metrics: Metrics) -> Iterator[Row]:
    theirs = Counter(f"{part.name}: {verdict}" for part in CAST for verdict in _verdicts(part, deeds))
    ours: Counter[str] = Counter()
    grouped = metrics.by(catalogue.RUNS, attributes.NAME, attributes.OUTCOME, attributes.ERROR_TYPE)
    for (name, outcome, error), number in grouped.items():
        ours[f"{name}: {GOOD if outcome in ('ok', 'warn') else error or outcome}"] += round(number)
    yield from rows("runs", theirs, ours)


def _retries(deeds: Deeds, metrics: Metrics) -> Iterator[Row]:
    theirs = Counter({part.name: len(deeds.get(part.name, ())) - len(_verdicts(part, deeds)) for part in CAST})
    yield from rows("retries", theirs, _counted(metrics.by(catalogue.RETRIES, attributes.NAME)))


def _slow(deeds: Deeds, metrics: Metrics) -> Iterator[Row]:
    theirs = Counter({name: each.count(ANSWERED_LATE) for name, each in deeds.items() if ANSWERED_LATE in each})
    ours: Counter[str] = Counter()
    for (name,), buckets in metrics.spread(catalogue.DURATION, attributes.NAME).items():
        if name in theirs:  # of the others, a busy machine may make some slow
            ours[name] = round(sum(count for edge, count in buckets.counts.items() if edge > _SLOWER_THAN))
    yield from rows("runs slower than 250 ms", theirs, ours)


def _changes(deeds: Deeds, metrics: Metrics) -> Iterator[Row]:
    theirs = Counter(f"{part.name} {status}" for part in _foretold() for status in _history(part, deeds))
    yield from rows("changes of status", theirs, _by_status(metrics, catalogue.TRANSITIONS))


def _statuses(deeds: Deeds, metrics: Metrics) -> Iterator[Row]:
    theirs = Counter(f"{part.name} {(_history(part, deeds) or ['unknown'])[-1]}" for part in _foretold())
    yield from rows("status now", theirs, _by_status(metrics, catalogue.STATE))


def _foretold() -> list[Part]:
    """Return those whose statuses follow from the ledger."""
    return [part for part in CAST if not part.measured]


def _by_status(metrics: Metrics, metric: Metric) -> Counter[str]:
    names = {part.name for part in _foretold()}
    grouped = metrics.by(metric, attributes.NAME, attributes.STATE)
    return _counted({group: number for group, number in grouped.items() if group[0] in names})


def _agent(metrics: Metrics, rewritten: int) -> Iterator[Row]:
    configured = round(metrics.total(catalogue.CONFIGURED) or 0)
    yield Row("agent", "checks", len(CAST), configured)
    read = metrics.by(catalogue.RELOADS, attributes.RELOAD_OUTCOME).get(("ok",), 0.0)
    yield Row("agent", "file read again", rewritten, round(read))


def _verdicts(part: Part, deeds: Deeds) -> list[str]:
    """Return the verdict on each run: that on its last attempt."""
    found: list[str] = []
    attempts = 0
    for deed in deeds.get(part.name, ()):
        verdict = part.verdicts.get(deed, deed)
        attempts += 1
        if verdict == GOOD or attempts > part.retries:
            found.append(verdict)
            attempts = 0
    return found


def _history(part: Part, deeds: Deeds) -> list[str]:
    """Return the statuses that the runs confirm, in their order."""
    statuses: list[str] = []
    alike, before = 0, None
    for verdict in _verdicts(part, deeds):
        status = part.status if verdict == GOOD else "down"
        alike = alike + 1 if status == before else 1
        before = status
        if alike >= CONFIRM and statuses[-1:] != [status]:
            statuses.append(status)
    return statuses


def _counted(groups: Mapping[tuple[str, ...], float]) -> Counter[str]:
    return Counter({" ".join(group): round(number) for group, number in groups.items()})
