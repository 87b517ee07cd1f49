"""What the model service did, counted by itself. The program that asks it has no part in it."""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deed:
    """What the service did on a request.

    Attributes
    ----------
    model:
        The model that was asked for.
    attempt:
        0 for the first request of a call; clients number those with which they repeat it.
    status:
        Of the response.
    chunks:
        How many chunks of an answer it has sent; 0 if the answer was not streamed.
    input_tokens, output_tokens:
        What it has reported; ``None`` if it has reported nothing.
    """

    model: str
    attempt: int
    status: int
    chunks: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None

    @property
    def answered(self) -> bool:
        """Whether it has answered."""
        return self.status == 200


class Ledger:
    """All deeds, in the order in which they ended. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._deeds: list[Deed] = []

    def record(self, deed: Deed) -> None:
        """Record a deed."""
        with self._lock:
            self._deeds.append(deed)

    def deeds(self) -> tuple[Deed, ...]:
        """Return all of them."""
        with self._lock:
            return tuple(self._deeds)
