"""The answer to what a run was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Result = Literal["done", "accepted", "refused"]


@dataclass(frozen=True)
class Answer:
    """An answer.

    Attributes
    ----------
    result:
        ``done``; ``accepted``: the run has taken it, and does it soon; ``refused``: nothing happens.
    reason:
        What happens and when, or why nothing does: for people.
    step:
        The step that the run was at; ``None`` if that is not known.
    """

    result: Result
    reason: str
    step: int | None = None
