"""Reads the file of checks that a command is given. What is wrong with it is printed, and ends the command with 2."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NoReturn

from argus_otel.sources.checks.definition import Check
from argus_otel.sources.checks.executor import Executor, ExecutorContext
from argus_otel.sources.checks.executors import ExecutorError, installed
from argus_otel.sources.checks.file.checks_file import CheckFile, read
from argus_otel.sources.checks.file.problems import CheckFileError
from argus_otel.sources.checks.net.resolver import Resolver

Executors = Mapping[str, Executor[Any]]


def refuse(message: str) -> NoReturn:
    """Print a message, and end the command as one that was used in a wrong way."""
    print(f"argus-otel checks: {message}", file=sys.stderr)
    raise SystemExit(2)


def executors(*, allow_commands: bool = False) -> Executors:
    """Return the executors that are installed."""
    try:
        return installed(ExecutorContext(Resolver(), allow_commands=allow_commands))
    except ExecutorError as error:
        refuse(str(error))


def known_type(type_: str, executors_: Executors) -> None:
    """End the command if there is no such type of check."""
    if type_ not in executors_:
        refuse(f"there is no type {type_!r}; there are {', '.join(executors_)}")


def opened(path: Path, executors_: Executors, *, secrets_required: bool = True) -> CheckFile:
    """Return what a file says."""
    try:
        return read(path, executors_, secrets_required=secrets_required)
    except CheckFileError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from error
    except OSError as error:
        unreadable(path, error)


def unreadable(path: Path, error: OSError) -> NoReturn:
    """Say that a file cannot be read or written, and end the command."""
    refuse(f"{path}: {error.strerror or error}")


def chosen(file: CheckFile, patterns: list[str]) -> list[Check]:
    """Return the checks of some names or patterns; without any, all that are enabled."""
    if not patterns:
        return [check for check in file.checks if check.enabled]
    for pattern in patterns:
        if not any(fnmatch(check.name, pattern) for check in file.checks):
            refuse(f"no check is called {pattern!r}; there are {', '.join(check.name for check in file.checks)}")
    return [check for check in file.checks if any(fnmatch(check.name, pattern) for pattern in patterns)]
