"""The GPUs of the processes that train: are they busy, is their memory enough, are they too hot."""

from __future__ import annotations

from ...board import Board, Row
from ...panels import stat, timeseries
from ...queries import of, prom
from ...style import BAD, BYTES, SHARE, WARNING, steps
from .common import services

_GPU = "hw_id"
_BUSY = "hw_gpu_utilization"
_USED = "hw_gpu_memory_usage_bytes"
_LIMIT = "hw_gpu_memory_limit_bytes"


def _each(expression: str) -> str:
    return f"max by ({_GPU}) ({expression})"


_ROW = Row(
    "Are the GPUs busy?",
    [
        stat(
            "GPUs",
            """The GPUs that the chosen processes may use, by CUDA_VISIBLE_DEVICES. Two processes on one count once.""",
            prom(f"count({_each(of(_LIMIT))})", "GPUs"),
            no_value="none, or no NVML",
            width=6,
        ),
        stat(
            "The least busy",
            """For which part of the last moments the least busy GPU computed anything. Low while a run is active: it
            waits for data, or for other GPUs.""",
            prom(f"min({of(_BUSY)})", "busy"),
            unit=SHARE,
            width=6,
            no_value="none",
        ),
        stat(
            "The fullest memory",
            """Which part of its memory is in use on the GPU that has the least left, also by other processes.""",
            prom(f"max({of(_USED)} / {of(_LIMIT)})", "used"),
            unit=SHARE,
            thresholds=steps((0.9, WARNING), (0.97, BAD)),
            width=6,
            no_value="none",
        ),
        stat(
            "The hottest",
            """The temperature of the hottest GPU. Most slow themselves down above 85 °C.""",
            prom(f"max({of('hw_temperature_celsius')})", "°C"),
            unit="celsius",
            thresholds=steps((80, WARNING), (88, BAD)),
            width=6,
            no_value="none",
        ),
        timeseries(
            "Utilization",
            """For which part of the time each GPU computed anything, by its UUID. It says nothing of how much of it
            was used.""",
            prom(_each(of(_BUSY)), f"{{{{{_GPU}}}}}"),
            unit=SHARE,
            maximum=1,
        ),
        timeseries(
            "Memory in use",
            """The memory of each GPU that is in use, also by other processes.""",
            prom(_each(of(_USED)), f"{{{{{_GPU}}}}}"),
            unit=BYTES,
        ),
        timeseries(
            "Memory of torch",
            """What torch holds of each GPU's memory, and how much of it tensors have. Much held and little used: the
            memory is in pieces.""",
            prom(_each(of("training_gpu_memory_allocated_bytes")), f"tensors {{{{{_GPU}}}}}"),
            prom(_each(of("training_gpu_memory_reserved_bytes")), f"held {{{{{_GPU}}}}}"),
            unit=BYTES,
            no_value="no torch on a GPU",
        ),
        timeseries(
            "Temperature",
            """The temperature of each GPU.""",
            prom(_each(of("hw_temperature_celsius")), f"{{{{{_GPU}}}}}"),
            unit="celsius",
            width=6,
        ),
        timeseries(
            "Power",
            """The electric power that each GPU draws.""",
            prom(_each(of("hw_power_watts")), f"{{{{{_GPU}}}}}"),
            unit="watt",
            width=6,
        ),
    ],
)

BOARD = Board(
    uid="argus-training-gpus",
    title="Training: GPUs",
    description="The GPUs of the processes that train: are they busy, is their memory enough, are they too hot.",
    variables=services(model=False),
    rows=[_ROW],
)
