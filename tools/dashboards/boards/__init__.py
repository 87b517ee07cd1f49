"""The dashboards, in a package for each source, and one for argus-otel itself.

A module that has a ``BOARD`` is a dashboard; the other modules hold what several of them share.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from ..board import Board


def discover() -> dict[str, tuple[Board, ...]]:
    """Return the dashboards by source, each source's in the order of their uids."""
    return {source: _of(f"{__name__}.{source}") for source in sorted(_modules(__name__))}


def _of(package: str) -> tuple[Board, ...]:
    modules = [import_module(f"{package}.{name}") for name in _modules(package)]
    boards = [board for module in modules if isinstance(board := getattr(module, "BOARD", None), Board)]
    return tuple(sorted(boards, key=lambda board: board.uid))


def _modules(package: str) -> list[str]:
    return [module.name for module in pkgutil.iter_modules(import_module(package).__path__)]
