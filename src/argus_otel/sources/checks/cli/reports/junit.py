"""A report in the XML that JUnit's Ant task began, and that CI servers read.

Its elements are those of https://github.com/testmoapp/junitxml, in the order that Jenkins' schema asks for.
"""

from __future__ import annotations

from datetime import datetime, timezone
from xml.etree import ElementTree

from argus_otel.sources.checks.definition import Check
from argus_otel.sources.checks.outcomes import Outcome, Run

from .report import Report, printable, why


def print_junit(report: Report) -> None:
    """Print the document: a check is a test case, and its service the class. A warning is output of a good case."""
    started = min((run.started for _, run in report.runs), default=0) / 1000
    counts = {
        "tests": str(len(report.runs)),
        "failures": str(report.count(Outcome.FAILED)),
        "errors": str(report.count(Outcome.UNKNOWN)),
        "time": f"{sum(run.last.duration for _, run in report.runs):.3f}",
    }
    root = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        {
            "name": "argus-otel checks",
            "hostname": printable(report.location),
            "timestamp": f"{datetime.fromtimestamp(started, timezone.utc):%Y-%m-%dT%H:%M:%S}",
            "skipped": "0",
            **counts,
        },
    )
    for check, run in report.runs:
        _add(suite, check, run)
    ElementTree.indent(root)
    print(f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}')


def _add(suite: ElementTree.Element, check: Check, run: Run) -> None:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        {
            "name": check.name,
            "classname": printable(check.service) or check.executor.type,
            "time": f"{run.last.duration:.3f}",
        },
    )
    failure = run.failure
    if failure is None:
        return
    if run.outcome is Outcome.WARN:
        ElementTree.SubElement(case, "system-out").text = f"warning: {why(run)}"
        return
    element = "failure" if run.outcome is Outcome.FAILED else "error"
    told = ElementTree.SubElement(case, element, {"type": failure.error_type.value, "message": why(run)})
    told.text = printable(failure.condition or failure.detail)
