"""Runs a program under ``argus-otel run``; at its end, once history has ended, writes what history has lost.

    python counting.py FILE PROGRAM [WORDS...]

The file gets one line of JSON of each process that ends by itself, forks of the program too.
"""

import atexit
import json
import os
import sys
from pathlib import Path

from argus_otel.cli import main
from argus_otel.runtime import runtime
from argus_otel.telemetry.catalogue import DROP_REASON, HISTORY_DROPPED


def write(file: Path) -> None:
    lost = {str(labels[DROP_REASON.name]): value for labels, value in runtime().telemetry.points(HISTORY_DROPPED)}
    line = json.dumps({"pid": os.getpid(), "lost": lost})
    with file.open("a") as opened:
        opened.write(line + "\n")


if __name__ == "__main__":
    atexit.register(write, Path(sys.argv[1]))  # the first, so that it is called last
    sys.exit(main(["run", *sys.argv[2:]]))
