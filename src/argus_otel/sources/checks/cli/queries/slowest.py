"""``argus-otel checks slowest``: how long checks take, and which phase of them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from . import add_checks, asked, run_checks_query

if TYPE_CHECKING:
    from argus_otel.sources.checks.history.queries import History

_MEDIANS = ("dns_p50", "connect_p50", "tls_p50", "send_p50", "first_byte_p50", "transfer_p50")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_checks(parser, limit=20)


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    return run_checks_query("slowest", _query, arguments, hidden=_MEDIANS)


def _query(history: History, arguments: argparse.Namespace) -> object:
    return history.slowest(limit=arguments.limit, **asked(arguments))
