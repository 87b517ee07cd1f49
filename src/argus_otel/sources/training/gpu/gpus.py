"""Observed: the GPUs that this process sees, while a training run goes on. Signals: gauges.

Safe, because nothing is hooked: NVML is opened by the thread of the companions, once a run has lasted a second, and is
asked at each collection, at most once a second. Each GPU and each figure may fail by itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from threading import Lock
from time import monotonic

from argus_otel.sources.training import attributes as a
from argus_otel.sources.training import catalogue as c
from argus_otel.sources.training.companions import Companion
from argus_otel.sources.training.runs import TrainingRun
from argus_otel.telemetry import Metric, Reading, State, Telemetry

from .nvml import Nvml
from .torch_memory import Held, held, trains_with_others
from .visible import VARIABLE, now, visible

PART = "gpus"
EXTRA = "argus-otel[gpu]"

_EACH = 1.0
_STALE = 10.0
"""After how many seconds a reading tells nothing any more: a GPU that is failing may keep NVML waiting."""

_SIGNS = ("/dev/nvidiactl", "/proc/driver/nvidia/version")
"""What there is on a machine with a GPU of NVIDIA and its driver."""

_FROM_NVML = (c.GPU_UTILIZATION, c.GPU_MEMORY_USAGE, c.GPU_MEMORY_LIMIT, c.GPU_TEMPERATURE, c.GPU_POWER)


def has_driver() -> bool:
    """Return whether this machine seems to have a GPU of NVIDIA and its driver."""
    return any(map(os.path.exists, _SIGNS))


class Gpus(Companion):
    """Reads the GPUs of this process.

    Parameters
    ----------
    active:
        Returns the runs that have not ended.
    """

    def __init__(self, telemetry: Telemetry, active: Callable[[], Sequence[TrainingRun]]) -> None:
        self._health = telemetry.health
        self._active = active
        self._nvml: Nvml | None = None
        self._process = 0
        self._devices: list[str] = []
        self._lost: list[str] = []
        self._readings: dict[str, dict[Metric, float]] = {}
        self._read_at = 0.0
        self._reading = Lock()
        for metric in _FROM_NVML:
            telemetry.gauge(metric, partial(self._points, metric))
        telemetry.gauge(c.GPU_MEMORY_ALLOCATED, partial(self._held, lambda each: each.allocated))
        telemetry.gauge(c.GPU_MEMORY_RESERVED, partial(self._held, lambda each: each.reserved))

    def each_second(self, runs: Sequence[TrainingRun]) -> None:  # noqa: ARG002 - the companion's signature
        """Open NVML, once in each process."""
        if self._process != os.getpid():
            self._reading, self._readings, self._read_at = Lock(), {}, 0.0
            try:
                self._open()
            finally:
                self._process = os.getpid()

    def _open(self) -> None:
        report, here = self._health.report, has_driver()
        self._nvml, self._devices, self._lost = None, [], []
        try:
            nvml = Nvml()
        except ImportError:
            if here:
                report(PART, State.DEGRADED, f"there is a GPU of NVIDIA, and no nvidia-ml-py: pip install '{EXTRA}'")
            else:
                report(PART, State.OFF, f"no GPU of NVIDIA is seen; '{EXTRA}', which reads them, is not installed")
            return
        except OSError as error:
            report(PART, State.DEGRADED if here else State.OFF, f"NVML does not work: {error}")
            return
        self._devices = visible(now(), nvml.gpus())
        if not self._devices:
            report(PART, State.OFF, f"this process sees no GPU; {VARIABLE} says which it sees")
            return
        self._nvml = nvml
        self._report()

    def _report(self) -> None:
        if self._lost:
            self._health.report(PART, State.DEGRADED, f"lost: {', '.join(self._lost)}")
        else:
            number = len(self._devices)
            self._health.report(PART, State.OK, f"{number} GPU{'s' if number > 1 else ''}, by NVML")

    # -- at each collection, on the collecting thread

    def _points(self, metric: Metric) -> Reading:
        nvml = self._nvml
        if nvml is None or not self._active():
            return
        # Whoever else collects meanwhile gets the last reading, and waits for none.
        if self._reading.acquire(blocking=False):
            try:
                if monotonic() - self._read_at >= _EACH:
                    self._read(nvml)
            finally:
                self._reading.release()
        if monotonic() - self._read_at > _STALE:
            return
        for uuid, reading in self._readings.items():
            if metric in reading:
                yield {a.DEVICE.name: uuid, a.DEVICE_TYPE.name: "gpu"}, reading[metric]

    def _read(self, nvml: Nvml) -> None:
        readings = {uuid: nvml.read(uuid) for uuid in self._own()}
        self._readings = {uuid: reading for uuid, reading in readings.items() if reading is not None}
        self._read_at = monotonic()
        lost = [uuid for uuid, reading in readings.items() if reading is None]
        if lost != self._lost:
            self._lost = lost
            self._report()

    def _own(self) -> Sequence[str]:
        """Return the GPUs that are read: of several processes that see the same ones, each has those that it uses."""
        if not trains_with_others():
            return self._devices
        own = [self._id(each) for each in held() if each.reserved]
        return [uuid for uuid in self._devices if uuid in own] or self._devices

    def _held(self, what: Callable[[Held], float]) -> Iterator[tuple[dict[str, str], float]]:
        # Before NVML was asked, a GPU has no UUID here: its series would have another name for a second.
        if self._active() and self._process == os.getpid():
            for each in held():
                if each.reserved:
                    yield {a.DEVICE.name: self._id(each)}, what(each)

    def _id(self, each: Held) -> str:
        if each.uuid and (each.uuid in self._devices or each.place >= len(self._devices)):
            return each.uuid
        return self._devices[each.place] if each.place < len(self._devices) else f"cuda:{each.place}"
