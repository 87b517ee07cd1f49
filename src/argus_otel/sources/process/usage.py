"""Observed: the memory, processor time, threads and open files of the process. Signals: gauges and counters.

Safe, because nothing is hooked, and no thread is started: the operating system is asked at each collection, on the
collecting thread. The module that asks it is imported at the first one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from types import ModuleType

from argus_otel.sources.patches import PatchSet
from argus_otel.telemetry import AttributeValue, Metric, Telemetry

from .catalogue import CPU_MODE, CPU_TIME, FILE_DESCRIPTORS, HANDLES, MEMORY, THREADS

INSTRUMENTATION = "system_metrics"
"""OpenTelemetry's own instrumentation of the process. What a program has it measure, argus-otel does not."""

Points = list[tuple[Mapping[str, AttributeValue], float]]


def add_gauges(telemetry: Telemetry, hooks: PatchSet) -> None:
    """Report the usage while the hooks are on. A figure that the operating system does not tell has no point."""
    add = partial(add_gauge, telemetry, hooks)
    add(CPU_TIME, _cpu_time)
    add(MEMORY, partial(_ask, "memory"))
    add(THREADS, partial(_ask, "threads"))
    add(FILE_DESCRIPTORS, partial(_ask, "file_descriptors"))
    add(HANDLES, partial(_ask, "handles"))


def add_gauge(telemetry: Telemetry, hooks: PatchSet, metric: Metric, read: Callable[[], Points]) -> None:
    """Report ``metric`` while the hooks are on, unless the program has an instrumentation that does."""

    def points() -> Points:
        foreign = telemetry.instrumentations
        if not hooks.on or (foreign is not None and foreign.emits(INSTRUMENTATION, metric.name)):
            return []
        return read()

    telemetry.gauge(metric, points)


def _cpu_time() -> Points:
    times = os.times()
    return [({CPU_MODE.name: "user"}, times.user), ({CPU_MODE.name: "system"}, times.system)]


def _ask(figure: str) -> Points:
    read: Callable[[], int] | None = getattr(_operating_system(), figure, None)
    return [] if read is None else [({}, read())]


def _operating_system() -> ModuleType | None:
    """Return the module of this operating system: its functions are the figures that the system tells."""
    if sys.platform == "linux":
        from . import linux

        return linux
    if sys.platform == "darwin":
        from . import macos

        return macos
    if sys.platform == "win32":
        from . import windows

        return windows
    return None
