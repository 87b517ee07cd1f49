"""``argus-otel graphs baseline``: in what the last runs differ from healthy ones before them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from argus_otel.terminal import records
from argus_otel.terminal.store_options import positive

from .asking import add_graph, asked, run_graphs_query
from .tree import duration_text

if TYPE_CHECKING:
    from argus_otel.detections.cross_run import Drift
    from argus_otel.sources.graphs.history.queries import History


@dataclass(frozen=True, slots=True)
class _Row:
    rule: str
    node: str
    subject: str
    then: str
    now: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_graph(parser, required=True)
    parser.add_argument("--recent", metavar="N", type=positive, default=20, help="how many runs are looked at (20)")
    parser.add_argument(
        "--earlier", metavar="N", type=positive, default=200, help="with how many healthy ones they are compared (200)"
    )
    parser.add_argument(
        "--fail",
        action="store_true",
        help="for CI: exit with 1 if a rule of the severity warn or error has found a difference",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""

    def show(drifts: Sequence[Drift], form: str) -> int:
        code = _show(drifts, form)
        return _failed(drifts) if arguments.fail and not code else code

    return run_graphs_query("baseline", _query, arguments, show=show)


def _query(history: History, arguments: argparse.Namespace) -> list[Drift]:
    return history.baseline(recent=arguments.recent, earlier=arguments.earlier, **asked(arguments))


def _show(drifts: Sequence[Drift], form: str) -> int:
    if form != "table":
        return records.show(drifts, form)
    if not drifts:
        print("The last runs do not differ from healthy ones before them.")
        return 0
    return records.show([_row(drift) for drift in drifts], form)


def _failed(drifts: Sequence[Drift]) -> int:
    """Tell on standard error which rules make the command fail; return the exit code."""
    from argus_otel.detections.cross_run import RULES
    from argus_otel.detections.findings import Severity

    severe = {rule.id for rule in RULES if rule.severity is not Severity.INFO}
    found = list(dict.fromkeys(drift.rule for drift in drifts if drift.rule in severe))
    if found:
        print(
            f"argus-otel graphs baseline: the last runs differ: {', '.join(found)}; explained by argus-otel graphs "
            f"rules {' '.join(found)}",
            file=sys.stderr,
        )
    return int(bool(found))


def _row(drift: Drift) -> _Row:
    then, now = (_text(value, drift.unit) for value in (drift.then, drift.now))
    return _Row(drift.rule, drift.node, drift.subject, then, now)


def _text(value: float, unit: str) -> str:
    if unit == "share":
        return f"{value:.0%}"
    return duration_text(value) if unit == "s" else f"{value:,.0f}"
