"""Commands of argus-otel as they are typed in a shell, run in this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from argus_otel.cli import main


class Ended(NamedTuple):
    code: int
    out: str
    err: str


Typed = Callable[..., Ended]


def command(capsys: pytest.CaptureFixture[str], name: str) -> Typed:
    """Return a function that runs ``argus-otel NAME`` with more words."""

    def run(*words: object) -> Ended:
        capsys.readouterr()
        try:
            code = main([name, *map(str, words)])
        except SystemExit as end:
            code = int(end.code or 0)
        return Ended(code, *capsys.readouterr())

    return run
