"""What the commands about history have in common: which store, what went wrong with it, and that something goes on."""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

from argus_otel.history import address, errors
from argus_otel.history.address import Address
from argus_otel.settings import Settings

_PATIENCE = 1.0


def add_store(parser: argparse.ArgumentParser) -> None:
    """Declare ``--store``."""
    parser.add_argument(
        "--store",
        metavar="URL",
        help="where history lives: clickhouse://user:password@host:8123/database, the same with clickhouses:// (TLS), "
        "or chdb:DIRECTORY (the engine in the process) [ARGUS_HISTORY_STORE, else chdb:argus-history]. Give an address "
        "with a password by the variable: `ps` shows arguments to every user of this machine",
    )


def chosen(arguments: argparse.Namespace) -> Address:
    """Return the store that the arguments name, or else the settings.

    Raises
    ------
    AddressError
        Its address cannot be read.
    """
    if arguments.store is not None:
        return address.parse(arguments.store, "--store")
    return address.parse(Settings.resolve().history_store)


def failed(command: str, error: errors.StoreError) -> int:
    """Print what is wrong; return 2 where the words of the command are, or an extra is missing, and 1 else."""
    print(f"argus-otel {command}: {error}", file=sys.stderr)
    return 2 if isinstance(error, (ValueError, errors.MissingExtraError)) else 1


@contextmanager
def waiting(what: str) -> Generator[None]:
    """Tell on a terminal, once it takes longer than a second, that ``what`` goes on, and for how long."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    teller = threading.Thread(target=_tell, args=(what, done), daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()


def _tell(what: str, done: threading.Event) -> None:
    begun = time.monotonic()
    told = False
    while not done.wait(_PATIENCE):
        told = True
        sys.stderr.write(f"\r\x1b[K{what} … {time.monotonic() - begun:.0f} s")
        sys.stderr.flush()
    if told:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
