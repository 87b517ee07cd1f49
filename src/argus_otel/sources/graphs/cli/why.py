"""``argus-otel graphs why``: the node that caused what is wrong with a run."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from argus_otel.detections.detect import RULES
from argus_otel.terminal import records

from .asking import add_run, add_store_alone, run_graphs_query

if TYPE_CHECKING:
    from argus_otel.sources.graphs.history.queries import History
    from argus_otel.sources.graphs.history.results import Finding, RunDetail

_DID = {
    "empty": "wrote it empty",
    "mistyped": "wrote it with another class than the schema allows",
    "misnamed": "wrote it under another name",
    "missing": "did not write it",
    "swallowed": "went on after a tool had failed",
    "own": "is at fault itself",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser)
    add_store_alone(parser, "text", "json")


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    return run_graphs_query("why", _query, arguments, show=_show)


def _query(history: History, arguments: argparse.Namespace) -> RunDetail:
    return history.run(arguments.run_id)


def _show(detail: RunDetail, form: str) -> int:
    if form == "json":
        records.print_json(detail.findings)
    elif detail.findings:
        print_findings(detail)
    else:
        print("No rule has found anything in this run.")
    return 0


def print_findings(detail: RunDetail) -> None:
    """Print findings, each with its cause and what to do."""
    remedies = {rule.id: rule.remedy for rule in RULES}
    for finding in detail.findings:
        print(records.text_of(sentence(finding)))
        if finding.cause_node:
            print(records.text_of(f"    cause   {cause(finding)}"))
            print(records.text_of(f"    path    {finding.path}"))
        if finding.rule in remedies:
            print(f"    remedy  {remedies[finding.rule]}")


def sentence(finding: Finding) -> str:
    """Return what was found where."""
    where = f" at {finding.node} (step {finding.step})" if finding.node else ""
    about = f" {finding.key}" if finding.key else ""
    return f"{finding.severity}: {finding.rule}{about}{where}"


def cause(finding: Finding) -> str:
    """Return which node caused it, what it did, and how sure that is."""
    did = _DID.get(finding.cause_kind, finding.cause_kind)
    return f"{finding.cause_node} (step {finding.cause_step}) {did}: {finding.confidence}"
