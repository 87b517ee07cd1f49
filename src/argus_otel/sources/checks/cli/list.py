"""``argus-otel checks list``: lists the checks of a file."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field

from argus_otel.sources.checks.definition import Check
from argus_otel.terminal import records

from . import given_file
from .options import add_file, pair


@dataclass(frozen=True, slots=True)
class _Row:
    check: str
    type: str
    host: str
    service: str
    interval: float = field(metadata={"unit": "s"})
    parents: str
    labels: str
    enabled: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_file(parser)
    parser.add_argument("--service", metavar="NAME", help="only checks of this service")
    parser.add_argument("--type", metavar="TYPE", help="only checks of this type, such as http")
    parser.add_argument(
        "--label",
        metavar="KEY=VALUE",
        type=pair,
        action="append",
        default=[],
        help="only checks with this label; may be given several times, and then all must be there",
    )
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table", help="the format (%(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Print the checks; return 0, or 1 if none is chosen."""
    executors = given_file.executors()
    if arguments.type is not None:
        given_file.known_type(arguments.type, executors)
    file = given_file.opened(arguments.file, executors, secrets_required=False)
    rows = [_row(check) for check in file.checks if _is_chosen(check, arguments)]
    if rows or arguments.format != "table":
        records.show(rows, arguments.format)
    else:
        print("No matching checks.")
    for name in file.unread:
        print(f"{name} cannot be shown: it depends on a secret that is not there", file=sys.stderr)
    return 0 if rows else 1


def _is_chosen(check: Check, arguments: argparse.Namespace) -> bool:
    return (
        arguments.service in (None, check.service)
        and arguments.type in (None, check.executor.type)
        and all(check.labels.get(key) == value for key, value in arguments.label)
    )


def _row(check: Check) -> _Row:
    labels = ", ".join(f"{key}={value}" for key, value in check.labels.items())
    return _Row(
        check.name,
        check.executor.type,
        check.host,
        check.service,
        check.interval / 1000,
        ", ".join(check.parents),
        labels,
        "yes" if check.enabled else "no",
    )
