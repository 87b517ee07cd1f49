"""``argus-otel graphs rules``: explains the rules that look for what is wrong with runs."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from functools import partial
from importlib import import_module

from argus_otel.detections import cross_run, detectors
from argus_otel.detections.rule import Explained
from argus_otel.telemetry.guard import one_line, tried
from argus_otel.terminal import records


@dataclass(frozen=True, slots=True)
class _Row:
    rule: str
    layer: str
    at_most: str
    when: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("ids", metavar="ID", nargs="*", help="explain these; list all without")
    parser.add_argument(
        "--import",
        dest="modules",
        metavar="MODULE",
        action="append",
        default=[],
        help="import a module of the program first, whose detectors are then rules too; may be repeated",
    )
    parser.add_argument(
        "--format", choices=("table", "json", "csv"), default="table", help="the format of the list (%(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """List or explain rules; return 0, or 2 if there is no such rule, or a module cannot be imported."""
    sys.path.insert(0, "")  # as `python -m` has it: a program's own modules are mostly in the current directory
    for module in arguments.modules:
        _, error = tried(partial(import_module, module))
        if error is not None:
            reason = str(error) if isinstance(error, ModuleNotFoundError) else one_line(error)
            print(f"argus-otel graphs rules: --import {module}: {reason}", file=sys.stderr)
            return 2
    known: dict[str, Explained] = {rule.id: rule for rule in (*detectors.rules(), *cross_run.RULES)}
    unknown = [each for each in arguments.ids if each not in known]
    if unknown:
        print(f"argus-otel graphs rules: there is no rule {', '.join(unknown)}", file=sys.stderr)
        return 2
    if not arguments.ids:
        rows = [_Row(rule.id, rule.layer.value, rule.severity.value, rule.when) for rule in known.values()]
        return records.show(rows, arguments.format)
    print("\n\n".join(_explained(known[each]) for each in arguments.ids))
    return 0


def _explained(rule: Explained) -> str:
    return (
        f"{rule.id} ({rule.layer.value}, {rule.severity.value} at most)\n"
        f"  when      {rule.when}\n"
        f"  meaning   {rule.meaning}\n"
        f"  remedy    {rule.remedy}"
    )
