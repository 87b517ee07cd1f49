"""Takes waiting events into an embedded store, in a process of its own: ``python -m argus_otel.history.intake``.

The engine is some 800 MB, and opens a directory in one process at a time. So the bot never loads it: it writes to its
spool, and has this started now and then, which takes in what is there and ends. Between two runs the store is free for
whoever asks it something.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import cast

from argus_otel.telemetry import Telemetry

from .address import Address, parse
from .carriers.store import StoreCarrier
from .delivery import Direct
from .errors import StoreError
from .spool import Spool, SpoolError
from .taken import Taken
from .tally import Tally

DONE, FAILED = 0, 1


def take_in(address: Address, directory: Path) -> Taken:
    """Take everything that waits in a spool's directory into a store, the oldest first.

    What another process is writing there, or taking in, is left to that. An embedded store is migrated where that has
    to be; a server has to have its tables.

    Raises
    ------
    SpoolError
        The directory cannot be used.
    """
    spool = Spool(directory, 0)
    spool.check()
    if spool.empty:
        return Taken()
    telemetry = Telemetry()
    tally = Tally(telemetry, "history")
    carrier = StoreCarrier(address)
    try:
        Direct(carrier, spool, tally, telemetry.guard).turn()
    finally:
        carrier.close()
    facts = tally.describe()
    dropped = {reason: int(number) for reason, number in cast("dict[str, float]", facts["dropped"]).items()}
    return Taken(carrier.carried, dropped, tally.last_error)


def main(arguments: list[str] | None = None) -> int:
    """Take in, tell the result as one line of JSON, and return whether nothing is left to do."""
    parser = argparse.ArgumentParser(prog="python -m argus_otel.history.intake", description=take_in.__doc__)
    parser.add_argument("--store", required=True, help="chdb:DIRECTORY")
    parser.add_argument("--spool", required=True, type=Path, help="the directory of waiting events")
    given = parser.parse_args(arguments)
    if hasattr(os, "nice"):
        with suppress(OSError):
            os.nice(10)  # the bot goes first
    try:
        taken = take_in(parse(given.store, "--store"), given.spool)
    except (StoreError, SpoolError) as error:
        taken = Taken(problem=str(error))
    sys.stdout.write(json.dumps(asdict(taken)) + "\n")
    return FAILED if taken.problem else DONE


if __name__ == "__main__":
    sys.exit(main())
