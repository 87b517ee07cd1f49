"""What all parts have in common: two cores, the probed service, and a directory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cores import on

from . import service
from .service import Service


@dataclass(frozen=True)
class Machine:
    """The machine of a measurement.

    Attributes
    ----------
    core:
        The one of what is measured. This process, the service and everything else run on another.
    """

    core: int
    service: Service
    directory: Path


@contextmanager
def prepared() -> Iterator[Machine]:
    """Prepare the machine. If this process may use one core only, everything shares that."""
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name, on(cores[:1]):
        directory = Path(name)
        with service.running(directory, cores[0]) as served:
            yield Machine(cores[-1], served, directory)
