"""``argus-otel graphs diff``: in what two runs differ."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from argus_otel.terminal import records
from argus_otel.terminal.queries import add_store_alone

from .asking import add_run, run_graphs_query

if TYPE_CHECKING:
    from argus_otel.sources.graphs.history.queries import History
    from argus_otel.sources.graphs.history.results import Difference


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser, "one", "RUN")
    add_run(parser, "other", "OTHER")
    add_store_alone(parser, "table", "json", "csv")


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    return run_graphs_query("diff", _query, arguments, show=_show)


def _query(history: History, arguments: argparse.Namespace) -> list[Difference]:
    return history.difference(arguments.one, arguments.other)


def _show(found: Sequence[Difference], form: str) -> int:
    if form == "table" and not found:
        print("The two runs do not differ.")
        return 0
    return records.show(found, form)
