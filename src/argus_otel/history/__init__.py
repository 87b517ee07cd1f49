"""What happened to each guild, for months: where it is kept, how it gets there, and the questions that it answers.

History is opt-in, takes its own path beside metrics and traces, and may have ids, which metrics never have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .questions import History

__all__ = ["History"]


def __getattr__(name: str) -> Any:
    """Import what answers questions when somebody asks: a bot only writes."""
    if name == "History":
        from .questions import History

        return History
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
