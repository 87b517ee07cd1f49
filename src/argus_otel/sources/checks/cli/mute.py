"""``argus-otel checks mute``: lets checks go on measuring without alerts, for some time."""

from __future__ import annotations

import argparse
import time
from datetime import datetime, timezone

from argus_otel.sources.checks.mutes import Mute, MuteError, change_mutes

from . import given_file
from .options import add_state, seconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("name", metavar="NAME", help="a check's name, or a pattern such as 'db-*'")
    parser.add_argument(
        "--for", dest="duration", metavar="DURATION", type=seconds, required=True, help="for how long, such as 2h"
    )
    parser.add_argument("--reason", metavar="TEXT", default="", help="why, for people")
    add_state(parser)


def run(arguments: argparse.Namespace) -> int:
    """Set the mute; return 0."""
    now = int(time.time() * 1000)
    until = now + round(arguments.duration * 1000)

    def change(mutes: dict[str, Mute]) -> None:
        mutes[arguments.name] = Mute(until, arguments.reason)

    try:
        change_mutes(arguments.state, change, now)
    except MuteError as error:
        given_file.refuse(str(error))
    print(f"{arguments.name} is muted until {datetime.fromtimestamp(until / 1000, timezone.utc):%Y-%m-%d %H:%M:%S} UTC")
    return 0
