"""The options, failures and progress of commands on a store of history."""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from argus_otel.history.store import errors
from argus_otel.history.store.address import Address, parse
from argus_otel.settings import Settings

_DELAY = 1.0


def add_store(parser: argparse.ArgumentParser) -> None:
    """Declare ``--store``."""
    parser.add_argument(
        "--store",
        metavar="URL",
        help="the store of history: clickhouse://user:password@host:8123/database, the same with clickhouses:// (TLS), "
        "chdb:DIRECTORY (the embedded engine), or files:DIRECTORY (daily files) [ARGUS_HISTORY_STORE, else "
        "chdb:argus-history, or files:argus-history-files if that is there]. Put an address with a password into the "
        "variable: `ps` shows arguments to every user of this machine",
    )


def chosen_store(arguments: argparse.Namespace) -> Address:
    """Return the address of the store that the arguments name, or else the settings.

    Raises
    ------
    AddressError
        The address cannot be parsed.
    """
    if arguments.store is not None:
        return parse(arguments.store, "--store")
    return parse(Settings.resolve().history_store)


def ingest_spooled(arguments: argparse.Namespace, address: Address, command: str) -> None:
    """Insert spooled events into an embedded store, so that results are up to date.

    Only if the settings choose the store: the spool belongs to it.
    """
    settings = Settings.resolve()
    spool = Path(settings.history_spool)
    if arguments.store is not None or not address.embedded or settings.history == "otlp" or not spool.is_dir():
        return
    from argus_otel.history.record.ingest import ingest
    from argus_otel.history.record.spool import SpoolError

    try:
        with waiting("ingesting spooled events"):
            problem = ingest(address, spool).problem
    except SpoolError as error:
        problem = str(error)
    if problem:
        print(f"argus-otel {command}: the events in {spool} are not in the result: {problem}", file=sys.stderr)


def failed(command: str, error: errors.StoreError) -> int:
    """Print the error; return 2 for usage errors and missing extras, else 1."""
    print(f"argus-otel {command}: {error}", file=sys.stderr)
    return 2 if isinstance(error, (ValueError, errors.MissingExtraError)) else 1


def positive(text: str) -> int:
    """Return a whole number above 0, for :mod:`argparse`."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 10**9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def size_text(size: int) -> str:
    """Return a number of bytes for people: ``1.5 MiB``."""
    amount, unit = float(size), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if amount < 1024 or unit == "TiB":
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


@contextmanager
def waiting(what: object) -> Generator[None]:
    """Show on a terminal, once it takes longer than a second, the activity (its text may change) and its duration."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    thread = threading.Thread(target=_show, args=(what, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


class LoadProgress:
    """Says for :func:`waiting` how far files were read.

    Parameters
    ----------
    what:
        The activity.
    total:
        The number of bytes to read; 0 if there is none.
    """

    def __init__(self, what: str, total: int) -> None:
        self._what = what
        self._total = total
        self._text = ""

    def __call__(self, rows: int, read: int) -> None:
        """Note that so many rows and bytes have been read."""
        share = f"{min(1.0, read / self._total):.0%}, " if self._total else ""
        self._text = f" {share}{rows:,} events"

    def __str__(self) -> str:
        """Return the activity, and how far it is."""
        return f"{self._what}{self._text}"


def _show(what: object, done: threading.Event) -> None:
    begun = time.monotonic()
    shown = False
    while not done.wait(_DELAY):
        shown = True
        sys.stderr.write(f"\r\x1b[K{what} … {time.monotonic() - begun:.0f} s")
        sys.stderr.flush()
    if shown:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
