"""``argus-otel checks rules``: prints Prometheus rules for objectives."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

import yaml

from argus_otel.sources.checks.burn_rates import SHIPPED, groups
from argus_otel.sources.checks.objectives import window_text

from . import given_file

RULES = "prometheus/rules/checks-slo.yaml"
_RUNBOOK = "docs/runbooks/checks.md"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "file",
        metavar="FILE",
        type=Path,
        nargs="?",
        help=f"a file of checks: print the rules for the windows of its objectives other than {window_text(SHIPPED)}",
    )
    parser.add_argument(
        "--runbook", metavar="URL", default=_RUNBOOK, help="the page that says what to do; alerts name a section of it"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the rules; return 0, or 1 if no check of the file has an objective."""
    if arguments.file is None:
        command = "argus-otel checks rules"
        _print(f"`{command} > {RULES}` writes this file.", [SHIPPED], arguments.runbook)
        return 0
    file = given_file.opened(arguments.file, given_file.executors(), secrets_required=False)
    windows = {check.objective.window for check in file.checks if check.objective is not None and check.enabled}
    if not windows:
        print(f"argus-otel checks rules: no check of {arguments.file} has an objective (slo:)", file=sys.stderr)
        return 1
    if SHIPPED in windows:
        print(
            f"argus-otel checks rules: {RULES} has the rules for objectives over {window_text(SHIPPED)}",
            file=sys.stderr,
        )
    _print(
        f"Written by `argus-otel checks rules {arguments.file}`; run it again when an objective has another window.",
        windows - {SHIPPED},
        arguments.runbook,
    )
    return 0


class _Dumper(yaml.SafeDumper):
    """Writes a text of several lines as lines."""

    def represent_str(self, data: str) -> yaml.ScalarNode:
        """Return the node of a text."""
        style = "|" if "\n" in data else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style)  # pyright: ignore[reportUnknownMemberType]


_Dumper.add_representer(str, _Dumper.represent_str)


def _print(heading: str, windows: Iterable[float], runbook: str) -> None:
    print("# Error budgets of the objectives of service checks (slo:), and alerts on how fast they are used up.")
    print(f"#\n# {heading}")
    found = {"groups": groups(windows, runbook)}
    print(yaml.dump(found, Dumper=_Dumper, sort_keys=False, width=200, allow_unicode=True), end="")
