"""``argus-otel checks budget``: what is left of error budgets."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from argus_otel.history.store.time_range import QueryError, parse_duration
from argus_otel.terminal.queries import add_query_options

from . import add_names, run_checks_query

if TYPE_CHECKING:
    from argus_otel.sources.checks.definition import Check, Objective
    from argus_otel.sources.checks.history.latency import LatencyObjective
    from argus_otel.sources.checks.history.queries import History

_Objectives = Mapping[str, tuple[float, timedelta]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_names(parser)
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--availability", metavar="SHARE", type=_share, help="the objective, such as 99.9%%")
    given.add_argument("--file", metavar="FILE", type=Path, help="take objectives and windows of `slo:` in this file")
    parser.add_argument(
        "--latency", action="store_true", help="with --file: the budgets of slow runs, instead of those of time"
    )
    parser.add_argument(
        "--window", metavar="AGE", default="30d", help="with --availability: the time that it is about (%(default)s)"
    )
    add_query_options(parser, since=False, service=False)


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    if arguments.latency:
        return _latency(arguments)
    try:
        objectives = _of_file(arguments) if arguments.file else _given(arguments)
    except QueryError as error:
        return _refuse(str(error), 2)
    if not objectives:
        return _refuse(f"no such check of {arguments.file} has an availability (slo:)", 1)

    def query(history: History, arguments: argparse.Namespace) -> object:
        return history.budget(objectives, until=arguments.until)

    return run_checks_query("budget", query, arguments)


def _latency(arguments: argparse.Namespace) -> int:
    if arguments.file is None:
        return _refuse("--latency needs --file, whose `slo:` have the latencies", 2)
    objectives = _latencies_of_file(arguments)
    if not objectives:
        return _refuse(f"no such check of {arguments.file} has a latency (slo:)", 1)

    def query(history: History, arguments: argparse.Namespace) -> object:
        return history.latency_budget(objectives, until=arguments.until)

    return run_checks_query("budget", query, arguments)


def _refuse(message: str, code: int) -> int:
    print(f"argus-otel checks budget: {message}", file=sys.stderr)
    return code


def _given(arguments: argparse.Namespace) -> _Objectives:
    window = parse_duration(arguments.window, "--window")
    return dict.fromkeys(arguments.names or ["*"], (arguments.availability, window))


def _of_file(arguments: argparse.Namespace) -> _Objectives:
    return {
        check.name: (objective.availability, timedelta(seconds=objective.window))
        for check, objective in _promises(arguments)
        if objective.availability is not None
    }


def _latencies_of_file(arguments: argparse.Namespace) -> Mapping[str, LatencyObjective]:
    from argus_otel.sources.checks.history.latency import LatencyObjective

    return {
        check.name: LatencyObjective(latency.under, latency.share, timedelta(seconds=objective.window), check.keep)
        for check, objective in _promises(arguments)
        if (latency := objective.latency) is not None
    }


def _promises(arguments: argparse.Namespace) -> list[tuple[Check, Objective]]:
    from argus_otel.sources.checks.cli import given_file

    file = given_file.opened(arguments.file, given_file.executors(), secrets_required=False)
    chosen = given_file.chosen(file, arguments.names)
    return [(check, check.objective) for check in chosen if check.objective is not None]


def _share(text: str) -> float:
    """Return a share such as ``99.9%``, for :mod:`argparse`."""
    found = re.fullmatch(r"(\d{1,2}(?:\.\d+)?)%", text)
    if found is None or float(found[1]) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share above 0% and below 100%, such as 99.9%")
    return float(found[1]) / 100
