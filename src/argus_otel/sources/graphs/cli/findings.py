"""``argus-otel graphs findings``: what rules have found, the latest first."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .asking import add_graph, asked, run_graphs_query

if TYPE_CHECKING:
    from argus_otel.sources.graphs.history.queries import History

_HIDDEN = ("cause_step", "confidence", "step")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_graph(parser, limit=20)
    parser.add_argument("--rule", metavar="ID", default="", help="only of this rule: `argus-otel graphs rules`")
    parser.add_argument("--severity", choices=("info", "warn", "error"), default="warn", help="at least (%(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    return run_graphs_query("findings", _query, arguments, hidden=_HIDDEN)


def _query(history: History, arguments: argparse.Namespace) -> object:
    return history.findings(rule=arguments.rule, severity=arguments.severity, limit=arguments.limit, **asked(arguments))
