"""``argus-otel training rerun``: starts the program of a run again, as its next attempt; elsewhere a recipe, too."""

from __future__ import annotations

import argparse
import sys

from .local import ControlError, control_directory, named
from .remote import add_recipe, add_remote, ask

_COMMAND = "training rerun"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "run_id", metavar="RUN", nargs="?", default="", help="the id of a run that has ended, or its first letters"
    )
    add_recipe(parser)
    add_remote(parser)


def run(arguments: argparse.Namespace) -> int:
    """Start it; return the exit code."""
    if bool(arguments.run_id) is bool(arguments.recipe) or (arguments.argument and not arguments.recipe):
        print(f"argus-otel {_COMMAND}: give RUN, or --recipe NAME with its --argument", file=sys.stderr)
        return 2
    if arguments.store is not None:
        return ask(arguments, _COMMAND, "rerun", dict(arguments.argument))
    if arguments.recipe:
        print(f"argus-otel {_COMMAND}: recipes are an agent's: ask it with --store and --host", file=sys.stderr)
        return 2
    from argus_otel.sources.training.control.rerunning import rerun
    from argus_otel.terminal.store_options import waiting

    try:
        known = named(control_directory(), arguments.run_id)
    except ControlError as error:
        print(f"argus-otel {_COMMAND}: {error}", file=sys.stderr)
        return 1
    with waiting(f"starting {known.id[:8]} {known.name}"):
        answer = rerun(known)
    if answer.result == "refused":
        print(f"argus-otel {_COMMAND}: {known.id[:8]} {known.name}: {answer.reason}", file=sys.stderr)
        return 1
    print(f"{known.id[:8]} {known.name}, {answer.result}: {answer.reason}")
    return 0
