"""Changes a file of checks for a command: locked, validated as a whole, shown or written."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Callable
from pathlib import Path

from argus_otel.sources.checks.file.checks_file import parse
from argus_otel.sources.checks.file.fragment import Fragment, path_of, value_of
from argus_otel.sources.checks.file.problems import CheckFileError
from argus_otel.sources.checks.file.replacing import replacing
from argus_otel.sources.checks.file.text import EditError, FileText, decoded

from . import given_file
from .given_file import Executors

Change = Callable[[FileText], FileText]


def apply(arguments: argparse.Namespace, executors: Executors, change: Change, *, create: bool = False) -> int:
    """Change the file; return 0, or 2 if nothing was changed, of which the reason is printed.

    Parameters
    ----------
    arguments:
        Have ``file`` and ``dry_run``.
    create:
        Whether a file that is not there is made.
    """
    path: Path = arguments.file
    try:
        if not create and not path.exists():
            given_file.refuse(f"{path}: there is no such file")
        with replacing(path) as replacement:
            text, mark = decoded(replacement.before)
            after = str(change(FileText(text)))
            parse(after, path, executors, {}, secrets_required=False)
            show_difference(path, text, after)
            if not arguments.dry_run and after != text:
                replacement.commit(mark + after.encode())
    except EditError as error:
        given_file.refuse(f"{path}: {error}")
    except CheckFileError as error:
        print(error, "Nothing was written: the file would be wrong.", sep="\n", file=sys.stderr)
        return 2
    except OSError as error:
        given_file.unreadable(path, error)
    return 0


def show_difference(path: Path, before: str, after: str) -> None:
    """Print what changes, as ``diff -u`` does."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), str(path), str(path), lineterm="", n=2)
    for line in lines:
        print(line)


def set_all(fragment: Fragment, settings: list[tuple[str, str]], executors: Executors) -> None:
    """Set values of a check, each by its path, such as ``expect.status``.

    Raises
    ------
    EditError
        A path or a value is none.
    """
    for key, written in settings:
        path = path_of(key)
        options = executors[path[0]].options if path[0] in executors else None
        fragment.set(path, value_of(written), getattr(options, "short", None))
