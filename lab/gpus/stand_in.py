"""A library that stands in for NVIDIA's: compiled here, and found by the package that looks for NVIDIA's."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

NAME = "libnvidia-ml.so.1"
GIBIBYTE = 1 << 30

LOST, DRIVER_NOT_LOADED = 15, 9


@lru_cache(maxsize=1)
def compiled() -> Path:
    """Return the library; skip the test where it cannot be made."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("needs a C compiler, on Linux")
    file = Path(mkdtemp(prefix="argus-nvml-")) / NAME
    source = Path(__file__).with_suffix(".c")
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-Wall", "-Werror", f"-Wl,-soname,{NAME}", "-o", str(file), str(source)],
        check=True,
    )
    return file


class StandIn:
    """The stand-in, and the GPUs that it has. A library that is loaded is found again by its name."""

    def __init__(self) -> None:
        self._library: Any = ctypes.CDLL(str(compiled()))
        self._library.argus_asked.restype = ctypes.c_ulong
        self._library.argus_reset(0)

    def add(self, uuid: str, *, part_of: int = -1, utilization: int = 50, used: int = 2, total: int = 8) -> int:
        """Add a GPU, or a part of one, with as many GiB of memory; return its place."""
        place: int = self._library.argus_add(
            uuid.encode(), part_of, utilization, ctypes.c_ulonglong(used * GIBIBYTE),
            ctypes.c_ulonglong(total * GIBIBYTE), 65, 250_000,
        )  # fmt: skip
        return place

    def fail(self, place: int, result: int = LOST) -> None:
        """Have it answer each question with a result; 0 for none."""
        self._library.argus_fail(place, result)

    def use(self, place: int, utilization: int) -> None:
        """Set its utilization, in percent."""
        self._library.argus_use(place, utilization)

    def hide_power(self, place: int) -> None:
        """Have it not tell its power."""
        self._library.argus_without_power(place)

    @property
    def asked(self) -> int:
        """How often it was asked for a utilization."""
        return int(self._library.argus_asked())

    def end(self) -> None:
        """Be a machine without a driver again."""
        self._library.argus_reset(DRIVER_NOT_LOADED)


@contextmanager
def gpus() -> Iterator[StandIn]:
    """A machine with a driver, and as yet without GPUs."""
    stand_in = StandIn()
    try:
        yield stand_in
    finally:
        stand_in.end()
