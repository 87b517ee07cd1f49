"""``argus-otel checks once``: runs each check once, and reports."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import socket
import sys

from argus_otel.sources.checks.definition import Check
from argus_otel.sources.checks.limits import Limits
from argus_otel.sources.checks.once import run_once
from argus_otel.sources.checks.outcomes import Outcome, Run

from . import given_file, reports
from .options import add_file, seconds

_INTERRUPTED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_file(parser)
    parser.add_argument(
        "names", metavar="NAME", nargs="*", help="names or patterns such as 'db-*' (default: all that are enabled)"
    )
    parser.add_argument(
        "--format",
        choices=tuple(reports.FORMATS),
        default="table",
        help="a table, one JSON document, JUnit's XML, or TAP 14 (%(default)s)",
    )
    parser.add_argument("--location", metavar="NAME", help="where the checks run from (default: the file's, else host)")
    parser.add_argument(
        "--timeout",
        metavar="DURATION",
        type=seconds,
        help="how long each attempt may take, instead of what the file says",
    )
    parser.add_argument("--allow-commands", action="store_true", help="let checks of type command start programs")


def run(arguments: argparse.Namespace) -> int:
    """Run the checks; return 0 if all are good, 1 if one is not, 3 if there are warnings only."""
    file = given_file.opened(arguments.file, given_file.executors(allow_commands=arguments.allow_commands))
    checks = given_file.chosen(file, arguments.names)
    if not arguments.names:
        checks = _without_waiting(checks)
    if arguments.timeout:
        checks = [dataclasses.replace(check, timeout=arguments.timeout) for check in checks]
    limits = file.limits
    try:
        runs = asyncio.run(_run(checks, limits.total, limits.per_host))
    except KeyboardInterrupt:
        print("argus-otel checks once: interrupted", file=sys.stderr)
        return _INTERRUPTED
    location = arguments.location or file.location or socket.gethostname()
    reports.FORMATS[arguments.format](reports.Report(location, tuple(zip(checks, runs, strict=True))))
    return _exit_code(runs)


def _without_waiting(checks: list[Check]) -> list[Check]:
    """Leave out what cannot be judged by one run, and say so."""
    waiting = [check.name for check in checks if check.executor.waits]
    if waiting:
        told = f"{', '.join(waiting)} left out: only an agent, which takes calls, can judge a heartbeat"
        print(f"argus-otel checks once: {told}", file=sys.stderr)
    return [check for check in checks if not check.executor.waits]


def _exit_code(runs: list[Run]) -> int:
    outcomes = {run.outcome for run in runs}
    if outcomes - {Outcome.OK, Outcome.WARN}:
        return 1
    return 3 if Outcome.WARN in outcomes else 0


async def _run(checks: list[Check], total: int, per_host: int) -> list[Run]:
    progress = _Progress(len(checks))
    try:
        return await run_once(checks, Limits(total, per_host), progress.count)
    finally:
        progress.clear()


class _Progress:
    """Shows on a terminal how many checks have run."""

    def __init__(self, total: int) -> None:
        self._total, self._ended, self._failed = total, 0, 0
        self._shown = sys.stderr.isatty()

    def count(self, run: Run) -> None:
        """Count a run."""
        self._ended += 1
        self._failed += not run.outcome.good
        if self._shown:
            sys.stderr.write(f"\r\x1b[K{self._ended} of {self._total} checks, {self._failed} failed …")
            sys.stderr.flush()

    def clear(self) -> None:
        """Remove it from the terminal."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
