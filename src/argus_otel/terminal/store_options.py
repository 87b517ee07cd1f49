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
        "or chdb:DIRECTORY (the embedded engine) [ARGUS_HISTORY_STORE, else chdb:argus-history]. Put an address "
        "with a password into the variable: `ps` shows arguments to every user of this machine",
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


@contextmanager
def waiting(what: str) -> Generator[None]:
    """Show on a terminal, once it takes longer than a second, the activity and its duration."""
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


def _show(what: str, done: threading.Event) -> None:
    begun = time.monotonic()
    shown = False
    while not done.wait(_DELAY):
        shown = True
        sys.stderr.write(f"\r\x1b[K{what} … {time.monotonic() - begun:.0f} s")
        sys.stderr.flush()
    if shown:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
