"""The executors that are installed, by type: found by entry point, as those of other packages are."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from .executor import GROUP, Executor, ExecutorContext


def installed(context: ExecutorContext) -> dict[str, Executor[Any]]:
    """Return one executor for each type of check.

    Raises
    ------
    ExecutorError
        One of them cannot be loaded.
    """
    found = sorted(entry_points(group=GROUP), key=lambda each: each.name)
    return {entry_point.name: _loaded(entry_point)(context) for entry_point in found}


def _loaded(entry_point: EntryPoint) -> type[Executor[Any]]:
    try:
        return entry_point.load()
    except (ImportError, AttributeError) as error:
        raise ExecutorError(
            f"the executor {entry_point.name!r} ({entry_point.value}) cannot be loaded: {error}"
        ) from error


class ExecutorError(Exception):
    """An executor cannot be loaded."""
