"""What answers like torch with GPUs: no machine of these tests has any."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace


class Cuda:
    """Answers like ``torch.cuda``."""

    def __init__(self, *reserved: int, uuids: tuple[str, ...] = ()) -> None:
        self._reserved = reserved
        self._uuids = uuids
        self.initialized = True

    def is_initialized(self) -> bool:
        return self.initialized

    def device_count(self) -> int:
        return len(self._reserved)

    def memory_reserved(self, device: int) -> int:
        return self._reserved[device]

    def memory_allocated(self, device: int) -> int:
        return self._reserved[device] // 2

    def get_device_properties(self, device: int) -> object:
        return SimpleNamespace(uuid=self._uuids[device].removeprefix("GPU-")) if self._uuids else SimpleNamespace()


def like_torch(cuda: Cuda, world_size: int = 0) -> ModuleType:
    """Return what answers like the module ``torch``, in a process that is one of several if there is a world size."""
    module = ModuleType("torch")
    vars(module)["cuda"] = cuda
    vars(module)["distributed"] = SimpleNamespace(
        is_available=lambda: True, is_initialized=lambda: world_size > 0, get_world_size=lambda: world_size
    )
    return module
