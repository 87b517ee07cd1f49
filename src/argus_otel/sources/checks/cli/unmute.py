"""``argus-otel checks unmute``: ends a mute before its time."""

from __future__ import annotations

import argparse
import time

from argus_otel.sources.checks.mutes import Mute, MuteError, change_mutes

from . import given_file
from .options import add_state


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("name", metavar="NAME", help="the name or pattern that was muted")
    add_state(parser)


def run(arguments: argparse.Namespace) -> int:
    """End the mute; return 0, or 1 if there is none."""
    muted: list[str] = []

    def change(mutes: dict[str, Mute]) -> None:
        muted.extend(mutes)
        mutes.pop(arguments.name, None)

    try:
        change_mutes(arguments.state, change, int(time.time() * 1000))
    except MuteError as error:
        given_file.refuse(str(error))
    if arguments.name in muted:
        print(f"{arguments.name} is not muted any more")
        return 0
    print(f"{arguments.name} was not muted; muted are {', '.join(muted) or 'none'}")
    return 1
