"""One number of a comparison."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One number in the ledger and in the metrics.

    Attributes
    ----------
    subject:
        The kind of thing that is counted: ``gateway events``, ``commands``…
    thing:
        One thing of that kind: an event's type, a command's name.
    ledger, metrics:
        The ledger's number, and argus-otel's.
    """

    subject: str
    thing: str
    ledger: int
    metrics: int

    @property
    def agrees(self) -> bool:
        """Whether both numbers are the same."""
        return self.ledger == self.metrics


def rows(subject: str, ledger: Counter[str], metrics: Counter[str]) -> Iterable[Row]:
    """Return a row for each thing that either side has counted, by its name."""
    for thing in sorted(ledger.keys() | metrics.keys()):
        if ledger[thing] or metrics[thing]:
            yield Row(subject, thing, ledger[thing], metrics[thing])
