"""How much of the GPUs' memory torch holds: by its own count, which waits for no device. It is never imported here."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple


class Held(NamedTuple):
    """What torch holds of one GPU, in bytes.

    Attributes
    ----------
    place:
        The GPU's, among those that the process sees.
    uuid:
        Its UUID, if this version of torch tells it; else empty.
    """

    place: int
    uuid: str
    allocated: int
    reserved: int


def held() -> list[Held]:
    """Return what torch holds of each GPU; nothing before it has used one."""
    cuda: Any = getattr(sys.modules.get("torch"), "cuda", None)
    if not _says(cuda, "is_initialized"):
        return []
    return [
        Held(index, _uuid(cuda, index), cuda.memory_allocated(index), cuda.memory_reserved(index))
        for index in range(cuda.device_count())
    ]


def trains_with_others() -> bool:
    """Whether this process is one of several that train together, each with GPUs of its own."""
    distributed: Any = getattr(sys.modules.get("torch"), "distributed", None)
    if not _says(distributed, "is_available") or not _says(distributed, "is_initialized"):
        return False
    return distributed.get_world_size() > 1


def _says(module: Any, name: str) -> bool:
    """Ask a function of a module, which has none yet while another thread imports it."""
    return bool(getattr(module, name, bool)())


def _uuid(cuda: Any, index: int) -> str:
    uuid = getattr(cuda.get_device_properties(index), "uuid", None)
    return "" if uuid is None else f"GPU-{uuid}"
