"""``argus-otel training stop``: stops a run of this host, or of another one by its agent."""

from __future__ import annotations

import argparse
import sys
import time

from argus_otel.settings.parsers import seconds

from .local import ControlError, control_directory, named
from .remote import add_remote, ask

_COMMAND = "training stop"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run_id", metavar="RUN", help="the id of a run, or its first letters")
    parser.add_argument(
        "--now",
        action="store_true",
        help="end its process group by SIGTERM, in place of asking it: for a run that hangs, or goes on too long",
    )
    parser.add_argument(
        "--grace",
        metavar="SECONDS",
        type=seconds,
        default=30.0,
        help="with --now: how long after SIGTERM it is ended by SIGKILL (30)",
    )
    add_remote(parser)


def run(arguments: argparse.Namespace) -> int:
    """Stop the run; return the exit code."""
    if arguments.store is not None:
        given = {"now": "true", "grace": f"{arguments.grace:g}"} if arguments.now else {}
        return ask(arguments, _COMMAND, "stop", given)
    from argus_otel.sources.training.control.stopping import stop
    from argus_otel.terminal.store_options import waiting

    try:
        directory = control_directory()
        known = named(directory, arguments.run_id)
    except ControlError as error:
        print(f"argus-otel {_COMMAND}: {error}", file=sys.stderr)
        return 1
    began = time.monotonic()
    with waiting(f"stopping {known.id[:8]} {known.name}"):
        answer = stop(directory, known, now=arguments.now, grace=arguments.grace, asked_by=asking())
    took = time.monotonic() - began
    if answer.result == "refused":
        print(f"argus-otel {_COMMAND}: {known.id[:8]} {known.name} is not stopped: {answer.reason}", file=sys.stderr)
        return 1
    step = "" if answer.step is None else f" at step {answer.step:,}"
    print(f"{known.id[:8]} {known.name}, {answer.result}{step} after {took:.1f} s: {answer.reason}")
    return 0


def asking() -> str:
    """Return who asks: the user of this process, and the host."""
    import getpass
    import os

    from argus_otel.sources.training.control.directory import host_name

    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in a container
        name = str(os.getuid()) if hasattr(os, "getuid") else "user"
    return f"{name}@{host_name()}"
