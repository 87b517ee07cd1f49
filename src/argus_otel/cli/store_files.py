"""``argus-otel store`` on daily files: shows what a directory has, imports it into a store, and erases from it."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from argus_otel.history.files.compression import Lines
from argus_otel.history.files.listing import DayFile, FilesError, listed
from argus_otel.history.store.address import Address
from argus_otel.history.store.client import Store
from argus_otel.history.store.errors import SchemaMissingError, StoreError
from argus_otel.history.store.schema import Schema
from argus_otel.terminal.store_options import LoadProgress, size_text, waiting


def show_status(address: Address) -> int:
    """Print the days of a directory with their rows and sizes. No engine is needed.

    Raises
    ------
    StoreError
        The directory cannot be read.
    """
    directory = Path(address.files or "").absolute()
    if not directory.is_dir():
        raise SchemaMissingError(f"there is no history in {address}: {directory} does not exist")
    files = _listed(directory)
    print(f"{address} ({directory})")
    if not files:
        print("  no events yet")
        return 0
    days: dict[date, list[DayFile]] = defaultdict(list)
    for file in files:
        days[file.day].append(file)
    damaged: dict[str, int] = {}
    rows = dict.fromkeys(days, 0)
    progress = LoadProgress("reading", sum(file.size for file in files))
    with waiting(progress):
        read = 0
        for file in files:
            lines = Lines(file.path)
            try:
                rows[file.day] += sum(1 for _ in lines)
            except FileNotFoundError:  # its day has been removed meanwhile
                continue
            except OSError as error:
                raise StoreError(f"{file.path} cannot be read: {error.strerror or error}") from error
            if lines.damaged:
                damaged[file.path.name] = lines.damaged
            read += file.size
            progress(sum(rows.values()), read)
    print(f"\n  {'day':<12} {'files':>6} {'rows':>14} {'size':>10}")
    for day, each in days.items():
        print(f"  {day} {len(each):>8} {rows[day]:>14,} {size_text(sum(file.size for file in each)):>10}")
    total = size_text(sum(file.size for file in files))
    print(f"  {f'{len(days)} days':<12} {len(files):>6} {sum(rows.values()):>14,} {total:>10}")
    _print_damaged(damaged)
    return 0


def import_into(store: Store, schema: Schema, given: str) -> int:
    """Import a directory into a store and print what came of it; return 0.

    Raises
    ------
    StoreError
        The directory cannot be read, or the store failed.
    """
    from argus_otel.history.files.transfer import import_files

    directory = Path(given.removeprefix("files:")).absolute()
    if not directory.is_dir():
        raise StoreError(f"{directory} is not a directory; name the one of ARGUS_HISTORY_STORE=files:DIR, or a copy")
    progress = LoadProgress("importing", sum(file.size for file in _listed(directory)))
    with waiting(progress):
        done = import_files(store, schema, directory, progress)
    known = max(0, done.rows - done.new)
    print(f"{store.address}: read {done.rows:,} events from {done.files:,} files")
    print(f"  {done.new:>14,} new\n  {known:>14,} there already")
    if done.too_old:
        print(
            f"  {done.too_old:>14,} left out: the store has deleted events of their age, so it cannot tell whether it "
            "has counted them (argus-otel store migrate --keep changes how long it keeps events)"
        )
    _print_damaged(done.damaged)
    return 0


def forget(address: Address, schema: Schema, keyword: str, identifier: str, key: str | None) -> int:
    """Erase the rows of a reference from files, and print how many these were; return 0.

    Raises
    ------
    StoreError
        A file cannot be replaced.
    """
    from argus_otel.history.files.erasure import erase_from_files

    directory = Path(address.files or "").absolute()
    with waiting(f"erasing the {keyword} {identifier}"):
        erased = erase_from_files(directory, schema, keyword, identifier, key)
    print(f"{address}: {erased.rows:,} rows in {erased.files:,} files")
    if erased.damaged:
        print(
            f"{erased.damaged:,} damaged lines or stretches could not be searched; remove their files if they must "
            "not have any (argus-otel store status names them)",
            file=sys.stderr,
        )
    return 0


def _listed(directory: Path) -> list[DayFile]:
    try:
        return listed(directory)
    except FilesError as error:
        raise StoreError(str(error)) from error


def _print_damaged(damaged: Mapping[str, int]) -> None:
    for name, number in damaged.items():
        print(f"  {name}: {number:,} damaged lines or stretches")
