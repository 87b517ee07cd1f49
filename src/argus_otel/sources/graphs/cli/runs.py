"""``argus-otel graphs runs``: runs, the latest first."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from argus_otel.sources.graphs.outcomes import Outcome
from argus_otel.terminal import records

from .asking import add_graph, asked, run_graphs_query

if TYPE_CHECKING:
    from argus_otel.sources.graphs.history.queries import History
    from argus_otel.sources.graphs.history.results import Run


@dataclass(frozen=True, slots=True)
class _Row:
    """What fits on a terminal; JSON and CSV have everything."""

    id: str = field(metadata={"unit": "short id"})
    begin: datetime
    graph: str
    outcome: str
    duration: float = field(metadata={"unit": "s"})
    steps: int
    models: int
    tools: int
    tokens: int | None
    findings: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_graph(parser, limit=20)
    outcomes = tuple(each.value for each in Outcome)
    parser.add_argument("--outcome", choices=outcomes, default="", help="only runs that ended so")
    parser.add_argument("--thread", metavar="ID", default="", help="only runs of this thread")
    parser.add_argument("--found", action="store_true", help="only runs in which a rule found something")


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    return run_graphs_query("runs", _query, arguments, show=_show)


def _query(history: History, arguments: argparse.Namespace) -> list[Run]:
    return history.runs(
        outcome=arguments.outcome,
        thread=arguments.thread,
        found=arguments.found,
        limit=arguments.limit,
        **asked(arguments),
    )


def _show(runs: Sequence[Run], form: str) -> int:
    return records.show([_row(each) for each in runs] if form == "table" else runs, form)


def _row(run: Run) -> _Row:
    error = run.error.rpartition(".")[2]
    return _Row(
        run.id,
        run.begin,
        run.graph,
        f"{run.outcome} {error}".rstrip(),
        run.duration,
        run.steps,
        run.inference_calls,
        run.tool_calls,
        run.tokens,
        run.findings,
    )
