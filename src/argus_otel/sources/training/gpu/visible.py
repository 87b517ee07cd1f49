"""Which GPUs a process sees: what ``CUDA_VISIBLE_DEVICES`` means, as CUDA and torch read it.

It is no setting of argus-otel: empty means none, and a program may set it until it first uses a GPU.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import NamedTuple

VARIABLE = "CUDA_VISIBLE_DEVICES"

_INDEX = re.compile(r"[+-]?[0-9]+")


class Gpu(NamedTuple):
    """A GPU of the machine.

    Attributes
    ----------
    uuid:
        Such as ``GPU-8932f937-d72c-4106-c12f-20bd9faed9f6``; empty if the driver does not tell it.
    parts:
        The UUIDs of the parts that MIG makes of it.
    """

    uuid: str
    parts: tuple[str, ...] = ()


def now() -> str | None:
    """Return what the variable is now; ``None`` if it is not set."""
    return os.environ.get(VARIABLE)


def visible(given: str | None, gpus: Sequence[Gpu]) -> list[str]:
    """Return the UUIDs of the devices that a process sees, in its order.

    Parameters
    ----------
    given:
        Indices, UUIDs, or beginnings of UUIDs that only one device has, separated by commas; ``None`` for all GPUs. The
        first one that is no device ends the list, such as ``-1``. With one device twice, there is none.
    gpus:
        Those of the machine, in the order of their indices.
    """
    if given is None:
        return [gpu.uuid for gpu in gpus if gpu.uuid]
    found: list[str] = []
    for word in given.split(","):
        uuid = _device(word.strip(), gpus)
        if not uuid:
            break
        if uuid in found:
            return []
        found.append(uuid)
    return found


def _device(word: str, gpus: Sequence[Gpu]) -> str:
    """Return the UUID of a device; empty if there is none."""
    if word.startswith(("GPU-", "MIG-")):
        every = (uuid for gpu in gpus for uuid in (gpu.uuid, *gpu.parts))
        matching = [uuid for uuid in every if uuid.startswith(word)]
        return matching[0] if len(matching) == 1 or word in matching[:1] else ""
    index = _INDEX.match(word)
    number = -1 if index is None else int(index[0])
    return gpus[number].uuid if 0 <= number < len(gpus) else ""
