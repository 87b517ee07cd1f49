"""What is read of torch's modules and loaders, by Lightning's hooks, by those of transformers and by those of torch."""

from __future__ import annotations

from typing import Any


def parameters_of(module: Any) -> int:
    """Return how many numbers a module learns; 0 if that is not known yet, as of a lazy one."""
    try:
        return sum(each.numel() for each in module.parameters() if each.requires_grad)
    except (AttributeError, RuntimeError, TypeError, ValueError):
        return 0


def samples_of(loader: Any) -> tuple[int, int]:
    """Return how many samples a batch of a ``DataLoader`` has, and how many all have; zeros if it does not say so."""
    batches_of = getattr(loader, "batch_sampler", None)  # accelerate's loaders have the size only there
    size = getattr(loader, "batch_size", None) or getattr(batches_of, "batch_size", None)
    if not isinstance(size, int):
        return 0, 0
    try:
        total = len(getattr(batches_of, "sampler", loader.sampler))
        batches = len(loader)
    except (AttributeError, NotImplementedError, TypeError):  # such as of an iterable dataset
        return 0, 0
    return size, min(total, batches * size)


def samples_in(batch: int, size: int, samples: int) -> int:
    """Return how many samples a batch has, counted from 0: the last one of an epoch may have fewer than the others."""
    left = samples - batch * size
    return size if left >= size else max(0, left)
