"""A run in a log of another tool, and the rows of history that it becomes."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from argus_otel.history.row import Row
from argus_otel.sources.training import attributes as a
from argus_otel.sources.training import catalogue as c
from argus_otel.sources.training.parameters import config_as_json
from argus_otel.sources.training.points import points_of
from argus_otel.telemetry import AttributeValue

NAMESPACE = uuid.UUID("6c0f1d0a-6f7e-5a55-9f3b-2f6a4f0f7b11")
"""Of the ids that are made here: what is read again gets the same ones."""

_LONGEST = 500


class LogError(Exception):
    """There is no such log, or it cannot be read. The message says why."""


@dataclass(frozen=True, slots=True)
class LoggedStep:
    """The values of one step in one phase.

    Attributes
    ----------
    time:
        In seconds since 1970.
    """

    time: float
    step: int
    phase: str
    names: tuple[str, ...]
    values: tuple[float, ...]
    attempt: int = 1


@dataclass(slots=True)
class LoggedRun:
    """A run.

    Attributes
    ----------
    began, ended:
        In seconds since 1970. The end may be known only when all steps are read; ``None`` if there is none.
    outcome:
        A value of ``argus.training.outcome``, or ``unknown``; empty if it has not ended.
    steps:
        Read while they are taken.
    """

    id: str
    name: str
    tool: str
    began: float
    steps: Iterator[LoggedStep]
    group: str = ""
    parent: str = ""
    commit: str = ""
    host: str = ""
    ended: float | None = None
    outcome: str = ""
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])


def rows_of(run: LoggedRun, service: str) -> Iterator[Row]:
    """Yield the rows of a run: its steps, its beginning and its end. A run that has begun has been read wholly."""
    resource = {"host.name": run.host} if run.host else {}
    named: dict[str, AttributeValue] = {
        a.RUN.name: run.id,
        a.ATTEMPT.name: 1,
        a.NAME.name: run.name,
        a.FRAMEWORK.name: run.tool,
    }
    more = ((a.GROUP, run.group), (a.PARENT, run.parent), (a.COMMIT, run.commit))
    named.update({attribute.name: value[:_LONGEST] for attribute, value in more if value})
    given = {a.CONFIG.name: config_as_json(run.config, str)} if run.config else {}
    last, attempt, most = run.began, 1, 0
    for step in run.steps:
        last, attempt, most = max(last, step.time), max(attempt, step.attempt), max(most, step.step + 1)
        common: dict[str, AttributeValue] = {
            a.RUN.name: run.id,
            a.ATTEMPT.name: step.attempt,
            a.RANK.name: 0,
            a.PHASE.name: step.phase,
        }
        attributes = points_of(common, step.names, step.step, step.values)
        yield _row(run, c.POINTS_ROW.name, step.time, service, resource, attributes)
    yield _row(run, c.STARTED.name, run.began, service, resource, {**named, **given})
    if run.outcome:
        ended = last if run.ended is None else run.ended
        end: dict[str, AttributeValue] = {a.ATTEMPT.name: attempt, a.STEP.name: most, a.OUTCOME.name: run.outcome}
        seconds = max(0.0, ended - run.began)
        yield _row(run, c.ENDED.name, run.began, service, resource, {**named, **end}, seconds)


def younger(rows: Iterable[Row], oldest: float, left_out: Callable[[], None]) -> Iterator[Row]:
    """Yield rows that are not older than a moment, in seconds since 1970; for each other one, call a function."""
    for row in rows:
        if row.time >= oldest * 1_000_000:
            yield row
        else:
            left_out()


def _row(
    run: LoggedRun,
    event: str,
    time: float,
    service: str,
    resource: Mapping[str, str],
    attributes: Mapping[str, AttributeValue],
    duration: float = 0.0,
) -> Row:
    at = int(time * 1_000_000)
    what = (event, at, duration, *(attributes.get(each.name) for each in (a.ATTEMPT, a.PHASE, a.STEP, a.NAMES)))
    row_id = uuid.uuid5(NAMESPACE, f"{run.id} {what}")
    return Row(at, event, str(row_id), service, resource, duration, attributes)
