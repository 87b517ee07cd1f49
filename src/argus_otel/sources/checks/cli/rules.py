"""``argus-otel checks rules``: prints Prometheus rules for the objectives of a file."""

from __future__ import annotations

import argparse
import sys

import yaml

from argus_otel.sources.checks.burn_rates import groups

from . import given_file
from .options import add_file

_RUNBOOK = "docs/runbooks/checks.md"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_file(parser)
    parser.add_argument(
        "--runbook", metavar="URL", default=_RUNBOOK, help="the page that says what to do; alerts name a section of it"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the rules; return 0, or 1 if no check has an objective."""
    file = given_file.opened(arguments.file, given_file.executors(), secrets_required=False)
    found = groups(file.checks, arguments.runbook)
    if not found:
        print(f"argus-otel checks rules: no check of {arguments.file} has an objective (slo:)", file=sys.stderr)
        return 1
    print(f"# Written by `argus-otel checks rules {arguments.file}`; run it again when an objective changes.")
    print(yaml.safe_dump({"groups": found}, sort_keys=False, width=120, allow_unicode=True), end="")
    return 0
