"""LangChain's configurations of runs, which are dictionaries of which any part may be missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def section(config: Mapping[str, Any] | None, name: str) -> Mapping[str, Any]:
    """Return a part of a configuration, such as its ``metadata``; empty if it has none."""
    return (config or {}).get(name) or {}
