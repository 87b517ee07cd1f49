"""The executors that are installed, by type: found by entry point, as those of other packages are."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from .executor import GROUP, Executor, ExecutorContext


def installed(context: ExecutorContext) -> dict[str, Executor[Any]]:
    """Return one executor for each type of check.

    Raises
    ------
    ExecutorError
        One of them cannot be loaded.
    """
    found: dict[str, Executor[Any]] = {}
    for entry_point in sorted(entry_points(group=GROUP), key=lambda each: each.name):
        try:
            found[entry_point.name] = entry_point.load()(context)
        except (ImportError, AttributeError) as error:
            raise ExecutorError(
                f"the executor {entry_point.name!r} ({entry_point.value}) cannot be loaded: {error}"
            ) from error
    return found


class ExecutorError(Exception):
    """An executor cannot be loaded."""
