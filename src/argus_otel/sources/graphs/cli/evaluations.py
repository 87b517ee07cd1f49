"""``argus-otel graphs evaluations``: what was said of nodes, the latest first, or by the nodes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from argus_otel.terminal import records

from .asking import add_graph, asked, run_graphs_query

if TYPE_CHECKING:
    from argus_otel.sources.graphs.history.queries import History
    from argus_otel.sources.graphs.history.results import EvaluationSummary, RecordedEvaluation

_HIDDEN = ("explanation", "number", "step")


@dataclass(frozen=True, slots=True)
class _Row:
    graph: str
    node: str
    name: str
    evaluations: int
    failed: int
    mean: float | None
    labels: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_graph(parser, limit=20)
    parser.add_argument("--name", metavar="NAME", default="", help="only of this name, such as helpfulness")
    parser.add_argument("--by-node", action="store_true", help="a row for each node and name; kept for years")


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    if arguments.by_node:
        return run_graphs_query("evaluations", _scores, arguments, show=_show_scores)
    return run_graphs_query("evaluations", _evaluations, arguments, hidden=_HIDDEN)


def _evaluations(history: History, arguments: argparse.Namespace) -> list[RecordedEvaluation]:
    return history.evaluations(name=arguments.name, limit=arguments.limit, **asked(arguments))


def _scores(history: History, arguments: argparse.Namespace) -> list[EvaluationSummary]:
    return history.scores(name=arguments.name, **asked(arguments))


def _show_scores(scores: Sequence[EvaluationSummary], form: str) -> int:
    return records.show(scores if form == "json" else [_row(each) for each in scores], form)


def _row(scores: EvaluationSummary) -> _Row:
    labels = ", ".join(f"{label} {count}" for label, count in sorted(scores.labels.items()))
    return _Row(scores.graph, scores.node, scores.name, scores.evaluations, scores.failed, scores.mean, labels)
