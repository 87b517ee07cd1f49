"""Imports a library in a process of its own: a broken one can raise anything, or never end."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

_TIMEOUT = 30.0


class ProbeError(Exception):
    """A library cannot be imported. The message says why.

    Attributes
    ----------
    remedy:
        What shows more; empty if nothing does.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


def probed(program: str, library: str, environ: Mapping[str, str]) -> Any:
    """Run a program that imports a library, with the library's name as its argument; return what it found.

    Parameters
    ----------
    program:
        Prints what it found as JSON, in its last line.
    environ:
        The environment that the observed program would have. Nothing is observed in this one.

    Raises
    ------
    ProbeError
        It failed, or took longer than 30 s.
    """
    try:
        done = subprocess.run(  # noqa: S603 - this Python, with fixed arguments
            [sys.executable, "-c", program, library],
            env={**environ, "OTEL_SDK_DISABLED": "true"},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ProbeError(f"importing {library} takes longer than {_TIMEOUT:g} s") from None
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise ProbeError(reason, f"python -c 'import {library}' shows the whole traceback")
    return json.loads(done.stdout.splitlines()[-1])
