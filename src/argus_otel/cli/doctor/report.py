"""Prints findings: as text for people, as JSON for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from argus_otel.terminal.findings import Finding, Status
from argus_otel.version import __version__

# Words that differ without colours too.
_SHOWN = {
    Status.OK: ("ok  ", "32"),
    Status.INFO: ("-   ", "2"),
    Status.WARN: ("WARN", "33"),
    Status.FAIL: ("FAIL", "31"),
}


def as_json(findings: Sequence[Finding]) -> str:
    """Return one JSON document: the version of argus-otel, the number of findings by status, and the findings."""
    document = {
        "version": __version__,
        "counts": _counts(findings),
        "findings": [{**asdict(finding), "status": finding.status.value} for finding in findings],
    }
    return json.dumps(document, indent=2)


def as_text(findings: Sequence[Finding], *, colours: bool) -> str:
    """Return the findings by group, one line each, with a second line for the remedy."""
    lines = [f"argus-otel {__version__}"]
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.group, []).append(finding)
    for group, members in groups.items():
        lines += ["", _coloured(group, "1", colours)]
        width = max(len(finding.name) for finding in members)
        for finding in members:
            word, colour = _SHOWN[finding.status]
            lines.append(f"  {_coloured(word, colour, colours)}  {finding.name:<{width}}  {finding.detail}".rstrip())
            if finding.remedy:
                lines.append(f"  {'':4}  {'':<{width}}  fix: {finding.remedy}")
    counts = _counts(findings)
    lines += ["", f"{counts['ok']} ok, {counts['warn']} to look at, {counts['fail']} failed"]
    return "\n".join(lines)


def _counts(findings: Sequence[Finding]) -> dict[str, int]:
    counts = Counter(finding.status for finding in findings)
    return {status.value: counts[status] for status in Status}


def _coloured(text: str, code: str, colours: bool) -> str:
    return f"\033[{code}m{text}\033[0m" if colours else text
