"""Types of options for argparse, and the check of names: an invalid one is refused before anything is measured."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path


def whole(text: str) -> int:
    """Read a whole number above 0."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return number


def amount(text: str) -> float:
    """Read a number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def writable(text: str) -> Path:
    """Read the path of a file that can be written."""
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is a directory")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no directory {path.parent}")
    was_there = path.exists()
    try:
        path.open("a").close()
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text} cannot be written: {error.strerror}") from None
    if not was_there:  # other options may still be invalid
        path.unlink()
    return path


def known(parser: argparse.ArgumentParser, what: str, names: Iterable[str], valid: Iterable[str]) -> None:
    """Exit with a message if a name is unknown."""
    valid = list(valid)
    for name in names:
        if name not in valid:
            parser.error(f"{what}: {name!r} is unknown; choose from: {'; '.join(valid)}")


def add_outputs(it: argparse.ArgumentParser) -> None:
    """Declare the files that figures and tables are written to."""
    it.add_argument("--json", type=writable, metavar="FILE", help="write all figures to FILE")
    it.add_argument("--markdown", type=writable, metavar="FILE", help="write the tables to FILE, in Markdown")
