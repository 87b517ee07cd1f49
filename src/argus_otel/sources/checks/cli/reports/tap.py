"""A report in TAP 14: https://testanything.org/tap-version-14-specification.html."""

from __future__ import annotations

import json

from argus_otel.sources.checks.definition import Check
from argus_otel.sources.checks.outcomes import Run

from .report import Report, printable


def print_tap(report: Report) -> None:
    """Print the document. A warning is a good test whose diagnosis tells it."""
    lines = ["TAP version 14", f"1..{len(report.runs)}"]
    for number, (check, run) in enumerate(report.runs, 1):
        lines.append(f"{'ok' if run.outcome.good else 'not ok'} {number} - {_escaped(check.name)}")
        lines.extend(_diagnosis(check, run))
    print("\n".join(lines))


def _diagnosis(check: Check, run: Run) -> list[str]:
    failure = run.failure
    facts: dict[str, object] = {
        "outcome": run.outcome.value,
        "type": check.executor.type,
        "duration_ms": round(run.last.duration * 1000, 3),
    }
    if failure is not None:
        facts["error_type"] = failure.error_type.value
        facts["message"] = printable(failure.detail)
    # A text of JSON is one of YAML.
    return ["  ---", *(f"  {key}: {json.dumps(value)}" for key, value in facts.items()), "  ..."]


def _escaped(text: str) -> str:
    return printable(text).replace("\\", "\\\\").replace("#", "\\#")
