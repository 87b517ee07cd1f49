"""``argus-otel graphs findings``: what rules have found, the latest first, or by the nodes that caused it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .asking import add_graph, asked, run_graphs_query

if TYPE_CHECKING:
    from argus_otel.sources.graphs.history.queries import History

_HIDDEN = ("cause_step", "confidence", "number", "step", "path")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_graph(parser, limit=20)
    parser.add_argument("--rule", metavar="ID", default="", help="only of this rule: `argus-otel graphs rules`")
    parser.add_argument("--severity", choices=("info", "warn", "error"), default="warn", help="at least (%(default)s)")
    parser.add_argument("--by-cause", action="store_true", help="a row for each node that caused some, and what it did")


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    return run_graphs_query("findings", _query, arguments, hidden=_HIDDEN)


def _query(history: History, arguments: argparse.Namespace) -> object:
    query = history.causes if arguments.by_cause else history.findings
    return query(rule=arguments.rule, severity=arguments.severity, limit=arguments.limit, **asked(arguments))
