"""Inserts spooled events into an embedded store, in a subprocess: ``python -m argus_otel.history.record.ingest``.

The engine takes some 200 MB of memory, and opens a directory in one process at a time. So the observed process never
loads it: it writes to its spool, and starts this program now and then, which inserts the spooled events and ends.
Between two runs the store is free for queries.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import cast

from argus_otel.history.models import installed_schema
from argus_otel.history.store.address import Address, parse
from argus_otel.history.store.errors import StoreError
from argus_otel.telemetry import Telemetry

from .delivery import DirectDelivery
from .exporters.store import StoreExporter
from .spool import Spool, SpoolError
from .stats import Stats

DONE, FAILED = 0, 1


@dataclass(frozen=True, slots=True)
class IngestResult:
    """The result that the subprocess reports to its parent, as JSON on stdout.

    Attributes
    ----------
    rows:
        How many rows are in the store now, including those that were there before.
    dropped:
        How many rows are lost, by reason.
    problem:
        Why other rows are still spooled; empty if none are.
    """

    rows: int = 0
    dropped: dict[str, int] = field(default_factory=dict[str, int])
    problem: str = ""


def ingest(address: Address, directory: Path) -> IngestResult:
    """Insert all rows of a spool into a store, the oldest first.

    Segments that another process writes or delivers are left to it. An embedded store is migrated if necessary; a
    server has to have its tables.

    Raises
    ------
    SpoolError
        The directory cannot be used.
    """
    spool = Spool(directory, 0)
    spool.check()
    if spool.empty:
        return IngestResult()
    telemetry = Telemetry()
    stats = Stats(telemetry, "history")
    exporter = StoreExporter(address, installed_schema())
    try:
        DirectDelivery(exporter, spool, stats, telemetry.guard).tick()
    finally:
        exporter.close()
    facts = stats.describe()
    dropped = {reason: int(number) for reason, number in cast("dict[str, float]", facts["dropped"]).items()}
    return IngestResult(exporter.exported, dropped, stats.last_error)


def main(arguments: list[str] | None = None) -> int:
    """Ingest, print the result as one line of JSON, and return whether nothing is left to do."""
    parser = argparse.ArgumentParser(prog="python -m argus_otel.history.record.ingest", description=ingest.__doc__)
    parser.add_argument("--store", required=True, help="chdb:DIRECTORY")
    parser.add_argument("--spool", required=True, type=Path, help="the directory of spooled events")
    given = parser.parse_args(arguments)
    if hasattr(os, "nice"):
        with suppress(OSError):
            os.nice(10)  # the observed process has priority
    try:
        result = ingest(parse(given.store, "--store"), given.spool)
    except (StoreError, SpoolError) as error:
        result = IngestResult(problem=str(error))
    sys.stdout.write(json.dumps(asdict(result)) + "\n")
    return FAILED if result.problem else DONE


if __name__ == "__main__":
    sys.exit(main())
