"""A report as one JSON document."""

from __future__ import annotations

import json
from collections.abc import Mapping

from argus_otel.sources.checks.definition import Check
from argus_otel.sources.checks.outcomes import Attempt, Run

from .report import Report


def print_json(report: Report) -> None:
    """Print the document. Durations are in seconds, ``started`` in milliseconds since 1970."""
    checks = [_check(check, run) for check, run in report.runs]
    print(json.dumps({"location": report.location, "checks": checks}, indent=2))


def _check(check: Check, run: Run) -> Mapping[str, object]:
    return {
        "name": check.name,
        "type": check.executor.type,
        "service": check.service,
        "labels": dict(check.labels),
        "outcome": run.outcome.value,
        "started": run.started,
        "disturbed": run.disturbed,
        **_attempt(run.last),
        "attempts": [{"outcome": attempt.outcome.value, **_attempt(attempt)} for attempt in run.attempts],
    }


def _attempt(attempt: Attempt) -> Mapping[str, object]:
    failure = attempt.failure
    return {
        "duration": attempt.duration,
        "phases": attempt.phases,
        "error_type": failure.error_type.value if failure else None,
        "detail": failure.detail if failure else None,
        "condition": failure.condition or None if failure else None,
    }
