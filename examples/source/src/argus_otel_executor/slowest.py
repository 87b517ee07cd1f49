"""``argus-otel executor slowest``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from argus_otel.history.store.query import Queries, QueryContext
from argus_otel.history.store.time_range import time_range
from argus_otel.terminal.queries import add_query_options, run_query


@dataclass(frozen=True, slots=True)
class Slowest:
    """One function; times are in seconds."""

    job: str
    runs: int
    longest: float
    mean: float


class Jobs(Queries):
    """Queries on the history of jobs."""

    def slowest(self, arguments: argparse.Namespace) -> list[Slowest]:
        """Return the functions whose jobs took longest."""
        values = {"service": arguments.service, "limit": arguments.limit}
        span = time_range(arguments.since, arguments.until)
        return self._select(Slowest, "slowest", QueryContext(__package__ or "", span, {}, values))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_query_options(parser, limit=10)


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    return run_query("executor slowest", lambda: Jobs, Jobs.slowest, arguments)
