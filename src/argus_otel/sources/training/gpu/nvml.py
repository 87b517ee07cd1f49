"""Asks NVML, the library of NVIDIA's driver, for GPUs: by the package ``nvidia-ml-py``, whose module is ``pynvml``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from argus_otel.sources.training import catalogue as c
from argus_otel.telemetry import Metric

from .visible import Gpu

_OFF, _LOST = 0, 15
"""Of MIG; and the error ``NVML_ERROR_GPU_IS_LOST``."""


class _LostError(Exception):
    """The GPU is lost."""


class Nvml:
    """NVML in this process.

    Raises
    ------
    ImportError
        ``nvidia-ml-py`` is not installed.
    OSError
        There is no driver, or it does not work; the message says why.
    """

    def __init__(self) -> None:
        import pynvml  # a tenth of a second, and only where training runs are  # pyright: ignore

        self._library: Any = pynvml
        self._error: type[Exception] = pynvml.NVMLError  # pyright: ignore
        try:
            self._library.nvmlInit()
        except self._error as error:
            raise OSError(str(error)) from None
        self._reads: tuple[tuple[Metric, Callable[[Any], float]], ...] = (
            (c.GPU_UTILIZATION, lambda device: self._library.nvmlDeviceGetUtilizationRates(device).gpu / 100),
            (c.GPU_MEMORY_USAGE, lambda device: self._library.nvmlDeviceGetMemoryInfo(device).used),
            (c.GPU_MEMORY_LIMIT, lambda device: self._library.nvmlDeviceGetMemoryInfo(device).total),
            (c.GPU_TEMPERATURE, lambda device: self._library.nvmlDeviceGetTemperature(device, 0)),
            (c.GPU_POWER, lambda device: self._library.nvmlDeviceGetPowerUsage(device) / 1000),  # of mW
        )
        self._devices: dict[str, Any] = {}

    def gpus(self) -> list[Gpu]:
        """Return the GPUs of the machine, in the order of NVML, which is that of ``nvidia-smi``."""
        return [self._gpu(index) for index in range(self._tried(self._library.nvmlDeviceGetCount) or 0)]

    def read(self, uuid: str) -> dict[Metric, float] | None:
        """Return what the driver tells of a device: some tell less than others. ``None`` if it is lost."""
        device = self._devices[uuid]
        try:
            answers = {metric: self._answer(ask, device) for metric, ask in self._reads}
        except _LostError:
            return None
        return {metric: answer for metric, answer in answers.items() if answer is not None}

    def _answer(self, ask: Callable[[Any], float], device: Any) -> float | None:
        try:
            return ask(device)
        except self._error as error:
            if getattr(error, "value", None) == _LOST:
                raise _LostError from None
            return None

    def _gpu(self, index: int) -> Gpu:
        device = self._tried(self._library.nvmlDeviceGetHandleByIndex, index)
        uuid = "" if device is None else self._uuid(device)
        return Gpu(uuid, self._parts(device) if uuid else ())

    def _parts(self, device: Any) -> tuple[str, ...]:
        library = self._library
        mode = self._tried(library.nvmlDeviceGetMigMode, device)
        if mode is None or mode[0] == _OFF:
            return ()
        most = self._tried(library.nvmlDeviceGetMaxMigDeviceCount, device) or 0
        parts = (self._tried(library.nvmlDeviceGetMigDeviceHandleByIndex, device, index) for index in range(most))
        return tuple(uuid for part in parts if part is not None and (uuid := self._uuid(part)))

    def _uuid(self, device: Any) -> str:
        uuid: str = self._tried(self._library.nvmlDeviceGetUUID, device) or ""
        if uuid:
            self._devices[uuid] = device
        return uuid

    def _tried(self, ask: Callable[..., Any], *arguments: Any) -> Any:
        """Return an answer of NVML; ``None`` if it has none, such as an old driver, or of a GPU that is lost."""
        try:
            return ask(*arguments)
        except self._error:
            return None
