"""Compares what argus-otel has with what the training program has counted: its metrics, and the points of history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from argus_otel.demo.row import Row, rows
from argus_otel.scrape.series import Metrics
from argus_otel.sources.training import attributes as a
from argus_otel.sources.training import catalogue as c

from .stored import Stored

_KIND = (a.FRAMEWORK, a.MODEL)

Counts = Mapping[str, Mapping[str, int]]
"""What the program has counted: by the subject, and by the thing."""


class Logged(NamedTuple):
    """A value that the program has logged, by its own words."""

    run: str
    phase: str
    step: int
    at: float


def compare(counts: Counts, stops: int, metrics: Metrics) -> list[Row]:
    """Return every number that the program, or who stopped its runs, or the metrics have, in a fixed order.

    Parameters
    ----------
    counts:
        The ledger of the program.
    stops:
        How often a run was stopped from elsewhere.
    metrics:
        One scrape of the program.
    """
    return [*_compared(counts, stops, metrics)]


def _compared(counts: Counts, stops: int, metrics: Metrics) -> Iterator[Row]:
    ended = metrics.by(c.RUNS, *_KIND, a.OUTCOME)
    yield from rows(
        "runs", _theirs(counts, "runs"), _rounded({f"{f}/{m}: {how}": n for (f, m, how), n in ended.items()})
    )
    yield from rows("steps", _theirs(counts, "steps"), _by(metrics.by(c.STEPS, *_KIND)))
    for subject, metric in (("validations", c.VALIDATION_DURATION), ("checkpoints", c.CHECKPOINT_DURATION)):
        recorded = {"/".join(kind): buckets.count for kind, buckets in metrics.spread(metric, *_KIND).items()}
        yield from rows(subject, _theirs(counts, subject), _rounded(recorded))
    subject = "values that are not finite"
    wrong = metrics.by(c.VALUES_NONFINITE, a.METRIC, a.NONFINITE)
    ours = {f"{name}, {kind}": number for (name, kind), number in wrong.items()}
    yield from rows(subject, _theirs(counts, subject), _rounded(ours))
    asked = metrics.by(c.COMMANDS, a.COMMAND, a.RESULT)
    ours = {f"{kind}, {result}": number for (kind, result), number in asked.items()}
    yield from rows("commands", Counter({"stop, accepted": stops}), _rounded(ours))


def compare_artifacts(counts: Counts, stored: Stored) -> list[Row]:
    """Return the artifacts that the program has named beside those of history, each by the name of its file."""
    return list(rows("artifacts", _theirs(counts, "artifacts"), stored.artifacts))


def compare_stored(logged: Sequence[Logged], killing: tuple[float, float], killed: str, stored: Stored) -> list[Row]:
    """Return what the program has logged beside the points of history.

    Parameters
    ----------
    logged:
        The values, in the program's own words.
    killing, killed:
        Before and after the first process was killed, in seconds since 1970, and its run. What it logged in the second
        before that, and until it had ended, was in memory alone, and is left out on both sides.
    """
    began, ended = killing
    young = {(each.phase, each.step) for each in logged if began - 1.0 < each.at <= ended}
    old = [each for each in logged if not began - 1.0 < each.at <= ended]
    kept = Counter((each.run, each.phase, each.step) for each in stored.points)
    wanted = Counter((each.run, each.phase, each.step) for each in old)
    known = {each.run for each in logged}
    for place in young:  # stored before the kill, perhaps, and by the next process again
        each = (killed, *place)
        kept[each] = min(kept[each], wanted[each])
    of_loops = Counter({each: number for each, number in kept.items() if each[0] in known})
    return [
        *rows("stored values", _by_phase(wanted), _by_phase(wanted & of_loops)),
        Row("stored values", "that were not logged, or twice", 0, sum((of_loops - wanted).values())),
        Row("stored events", "the run that was killed is found", 1, stored.events[c.LOST.name]),
        Row("stored events", "it goes on", 1, stored.events[c.RESUMED.name]),
    ]


def _by_phase(values: Mapping[tuple[str, str, int], int]) -> Counter[str]:
    found: Counter[str] = Counter()
    for (_, phase, _), number in values.items():
        found[f"loss, {phase}"] += number
    return found


def _theirs(counts: Counts, subject: str) -> Counter[str]:
    return Counter(counts.get(subject, {}))


def _by(groups: Mapping[tuple[str, ...], float]) -> Counter[str]:
    return _rounded({"/".join(group): number for group, number in groups.items()})


def _rounded(numbers: Mapping[str, float]) -> Counter[str]:
    return Counter({name: round(number) for name, number in numbers.items()})
