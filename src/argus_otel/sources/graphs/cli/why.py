"""``argus-otel graphs why``: the node that caused what is wrong with a run."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from argus_otel.detections.detect import RULES
from argus_otel.terminal import records
from argus_otel.terminal.queries import add_store_alone

from .asking import add_run, run_graphs_query

if TYPE_CHECKING:
    from argus_otel.sources.graphs.history.queries import History
    from argus_otel.sources.graphs.history.results import RecordedFinding, RunDetail

_DID = {
    "empty": "wrote {key} empty",
    "mistyped": "wrote {key} with a class that the schema does not allow",
    "misnamed": "wrote {key} under another name",
    "missing": "did not write {key}",
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
        return 0
    run = detail.run
    print(records.text_of(f"run {run.id} of {run.graph}: {run.outcome} {run.error}".rstrip()))
    for line in lines_of(detail):
        print(records.text_of(line))
    return 0


def lines_of(detail: RunDetail) -> Iterator[str]:
    """Yield the findings of a run, each with its cause and what to do; and which node failed, if no rule knows why.

    Findings whose cause is known come first. Those of the severity ``info`` are left out if there are others.
    """
    remedies = {rule.id: rule.remedy for rule in RULES}
    severe = [finding for finding in detail.findings if finding.severity != "info"]
    found = sorted(severe or detail.findings, key=lambda finding: not finding.cause_node)
    for finding in found:
        yield sentence(finding)
        if finding.cause_node:
            yield f"    cause   {cause(finding)}"
            yield f"    path    {finding.path}"
        if finding.rule in remedies:
            yield f"    remedy  {remedies[finding.rule]}"
    failed = [node for node in detail.nodes if node.outcome == "error"]
    if not any(finding.cause_node for finding in found):
        for node in failed:
            yield f"{node.node} (step {node.step}) raised {node.error}: no node before it is known to have caused that"
    if not found and not failed:
        yield "No rule has found anything in this run."


def sentence(finding: RecordedFinding) -> str:
    """Return what was found where."""
    where = f" at {finding.node} (step {finding.step})" if finding.node else ""
    about = f" {finding.key}" if finding.key else ""
    return f"{finding.severity}: {finding.rule}{about}{where}"


def cause(finding: RecordedFinding) -> str:
    """Return which node caused it, what it did, and from what that follows."""
    known = _DID.get(finding.cause_kind)
    did = finding.cause_kind if known is None else known.format(key=finding.key or "the key")
    return f"{finding.cause_node} (step {finding.cause_step}) {did} ({finding.confidence})"
