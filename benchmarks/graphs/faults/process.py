"""A process in which programs run under one watcher: ``python -m benchmarks.graphs.faults.process WATCHER FAULT …``.

It prints the verdict on each as a line of JSON. What cannot be run has a line that says why.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.graphs.recorders import recorder

from .kept import KEPT
from .known import FAULTS

ALL = {fault.name: fault for fault in (*FAULTS, *KEPT)}


def main(watcher: str, names: Sequence[str]) -> None:
    """Run the programs."""
    logging.disable(logging.ERROR)
    with tempfile.TemporaryDirectory() as directory, recorder(watcher, Path(directory)) as recording:
        for name in names:
            try:
                said = asdict(ALL[name].run(recording))
            except Exception as error:  # noqa: BLE001 - the other programs know nothing of it
                traceback.print_exc()
                said = {"failed": f"{type(error).__name__}: {error}"}
            print(json.dumps({"fault": name, **said}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
