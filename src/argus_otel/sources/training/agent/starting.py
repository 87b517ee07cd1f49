"""Starts the program of a recipe: without a shell, detached, and with no other variables than the recipe names."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_ALWAYS = ("HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR")
_OF_AGENT = ("ARGUS_HISTORY_STORE", "ARGUS_PARENT_SERVICE", "OTEL_SERVICE_NAME")
"""The first has the agent's password; by the others, a run would have the agent's name."""

_AT_ONCE = 1.0
"""Within how many seconds a program that ends with an error was not started, for the person who asked."""


class StartError(Exception):
    """A program cannot be started, or has ended at once. The message says why."""


def environment_of(names: Sequence[str], more: Mapping[str, str]) -> dict[str, str]:
    """Return what a program gets: some variables of this process, those of its user, and others."""
    found = {name: os.environ[name] for name in (*_ALWAYS, *names) if name in os.environ}
    return {"PATH": PATH, **found, **more}


def environment_without_agent(project: str) -> dict[str, str]:
    """Return the variables of this process but for those that are the agent's own, for a run of some project."""
    found = {name: value for name, value in os.environ.items() if name not in _OF_AGENT}
    return {**found, "OTEL_SERVICE_NAME": project} if project else found


def start(argv: Sequence[str], cwd: str, environment: Mapping[str, str], output: Path) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, and see whether it stays.

    Parameters
    ----------
    output:
        The file for what it writes; for this user alone. It is made, and must not be there.

    Raises
    ------
    StartError
        It cannot be started, or has ended at once with an error.
    """
    try:
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StartError(f"its output cannot be kept: {error.strerror}") from error
    try:
        program = subprocess.Popen(  # noqa: S603 - the agent's file has it, and no shell reads it
            list(argv),
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        output.unlink(missing_ok=True)
        raise StartError(
            f"it cannot be started: {getattr(error, 'strerror', None) or 'an argument has a NUL'}"
        ) from error
    finally:
        os.close(file)
    try:
        status = program.wait(_AT_ONCE)
    except subprocess.TimeoutExpired:
        return program
    if status:
        raise StartError(f"it has ended at once with the status {status}; what it wrote is in {output}")
    return program
