"""Fingerprints of exceptions: exceptions of the same class, raised at the same place in the program, have the same one.

The place is the innermost frame of the program's own code, by module and function. Lines are left out: they change with
every edit. Frames of the standard library and of installed packages are skipped, so that one faulty call of the program
is one fingerprint wherever beneath it the exception was raised.
"""

from __future__ import annotations

import sys
import sysconfig
from functools import lru_cache
from types import CodeType, FrameType
from typing import cast

MAX_LENGTH = 200
"""The maximum length of a fingerprint, in characters."""


def type_name(error: BaseException) -> str:
    """Return the class's qualified name with its module, as OpenTelemetry's SDK spells ``exception.type``."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def fingerprint(error: BaseException) -> str:
    """Return the fingerprint of ``error``: ``ValueError in music.Player.play``, or the class if it has no place."""
    where = place(error)
    return (f"{type_name(error)} in {where}" if where else type_name(error))[:MAX_LENGTH]


def place(error: BaseException) -> str:
    """Return the place of ``error`` in the program: module and function; empty if it was never raised.

    It is that of the innermost frame of the program's own code, or of the innermost frame if none is. Before Python
    3.11, a frame does not know its class: ``music.play`` for ``music.Player.play``.
    """
    innermost: FrameType | None = None
    own: FrameType | None = None
    step = error.__traceback__
    while step is not None:
        innermost = step.tb_frame
        if _is_own(innermost):
            own = innermost
        step = step.tb_next
    frame = own or innermost
    return "" if frame is None else _place(frame)


def _place(frame: FrameType) -> str:
    code: CodeType = frame.f_code
    name = cast("str", getattr(code, "co_qualname", code.co_name)).replace(".<locals>", "")
    return f"{_module(frame)}.{name}"


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__") or "?")


def _is_own(frame: FrameType) -> bool:
    if not _is_installed(frame.f_code.co_filename):
        return True
    # A program that is itself an installed package, such as `python -m bot`.
    package = getattr(sys.modules.get("__main__"), "__package__", None)
    return bool(package) and _module(frame).partition(".")[0] == cast("str", package).partition(".")[0]


@lru_cache(maxsize=1024)
def _is_installed(filename: str) -> bool:
    """Whether a file is of the standard library, an installed package or argus-otel."""
    if filename.startswith("<frozen ") or "site-packages" in filename or "dist-packages" in filename:
        return True
    return filename.startswith((*_library_paths(), __file__.rpartition("telemetry")[0]))


@lru_cache(maxsize=1)
def _library_paths() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    return tuple({paths["stdlib"], paths["platstdlib"]})
