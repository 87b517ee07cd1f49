"""``argus-otel training import``: brings logs of TensorBoard or MLflow into history."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from argus_otel.history.store.errors import StoreError
from argus_otel.terminal.store_options import LoadProgress, add_store, chosen_store, failed, waiting

if TYPE_CHECKING:
    from argus_otel.sources.training.imports.logged import LoggedRun
    from argus_otel.terminal.inserting import Target

_COMMAND = "training import"
_KEPT = timedelta(days=89)
"""Of a run whose ids are gone, younger rows are imported: see the retention of ``training_rows``."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("tool", choices=("tensorboard", "mlflow"), help="what has written the log")
    parser.add_argument("path", metavar="DIR", type=Path, help="its directory; of MLflow also a SQLite database")
    every = "the service.name that the runs get; by default the name of DIR"
    parser.add_argument("--service", metavar="NAME", default="", help=every)
    add_store(parser)


def run(arguments: argparse.Namespace) -> int:
    """Import; return the exit code."""
    from argus_otel.sources.training.imports import mlflow, tensorboard
    from argus_otel.sources.training.imports.logged import LogError
    from argus_otel.terminal.inserting import opened

    path: Path = arguments.path
    if not path.exists():
        print(f"argus-otel {_COMMAND}: there is no {path}", file=sys.stderr)
        return 2
    reader = tensorboard if arguments.tool == "tensorboard" else mlflow
    work = _Import(arguments.service or path.resolve().name, reader.total_size(path))
    try:
        address = chosen_store(arguments)
        with waiting(work.progress), opened(address) as target:
            for each in reader.runs_in(path, work.warn, work.advance):
                work.add(each, target)
    except LogError as error:
        print(f"argus-otel {_COMMAND}: {error}", file=sys.stderr)
        return 2
    except StoreError as error:
        return failed(_COMMAND, error)
    print(f"{work.runs} run{'' if work.runs == 1 else 's'}, {work.rows:,} rows are in {address}")
    if work.old:
        print(f"{work.old:,} rows are left out: their runs were imported long ago, and they are older than 89 days")
    for each in work.warnings:
        print(f"argus-otel {_COMMAND}: {each}", file=sys.stderr)
    return 1 if work.warnings else 0


class _Import:
    """What has been imported so far."""

    def __init__(self, service: str, total: int) -> None:
        self.progress = LoadProgress("importing", total)
        self.runs = self.rows = self.old = 0
        self.warnings: list[str] = []
        self._service = service
        self._read = 0

    def advance(self, read: int) -> None:
        """Note that so many more bytes have been read."""
        self._read += read
        self.progress(self.rows, self._read)

    def warn(self, what: str) -> None:
        """Keep a warning for the end."""
        self.warnings.append(what)

    def add(self, run: LoggedRun, target: Target) -> None:
        """Write a run."""
        from argus_otel.sources.training.imports.logged import rows_of, younger
        from argus_otel.terminal.inserting import batches

        rows = rows_of(run, self._service)
        if _is_forgotten(run.id, target):  # curves would count its rows twice
            rows = younger(rows, (datetime.now(timezone.utc) - _KEPT).timestamp(), self._left_out)
        for batch in batches(rows):
            target.insert(batch)
            self.rows += len(batch)
        self.runs += 1

    def _left_out(self) -> None:
        self.old += 1


def _is_forgotten(run: str, target: Target) -> bool:
    """Whether a store has a run, and no longer the ids of its rows."""
    if target.store is None:
        return False
    [[rows]] = target.store.query(
        "select count() from training_runs where run_id = {id:String}"
        " and run_id not in (select run_id from training_rows where run_id = {id:String})",
        {"id": run},
    )
    return bool(rows)
