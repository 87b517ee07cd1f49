"""Finds the outages of a check in its spans. Pure; moments are in milliseconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .states import DOWN, Span


@dataclass(slots=True)
class Outage:
    """A time in which a check was down at one location at least.

    Attributes
    ----------
    begin, end:
        The end is that of what is known, if it is :attr:`open`.
    open:
        Whether it was still down at the end of the range.
    first:
        The span in which it began.
    locations:
        Where it was down, the first one first.
    spans:
        In which it was down, at any location.
    """

    begin: int
    end: int
    open: bool
    first: Span
    locations: list[str]
    spans: list[Span] = field(default_factory=list[Span])

    @property
    def down(self) -> int:
        """How long it was known to be down."""
        return _covered(self.spans)

    @property
    def counted(self) -> int:
        """How long it was down somewhere where it was not muted."""
        return _covered(span for span in self.spans if not span.muted)


def outages(locations: Mapping[str, Sequence[Span]], end: int) -> list[Outage]:
    """Return the outages of one check, in their order.

    Parameters
    ----------
    locations:
        The spans at each location, up to the end of the range.
    end:
        The end of the range.
    """
    found: list[Outage] = []
    for each in sorted(_local(locations, end), key=lambda outage: outage.begin):
        last = found[-1] if found else None
        if last is None or each.begin > last.end:
            found.append(each)
            continue
        last.end, last.open = max(last.end, each.end), last.open or each.open
        last.locations += [name for name in each.locations if name not in last.locations]
        last.spans += each.spans
    return found


def _local(locations: Mapping[str, Sequence[Span]], end: int) -> Iterator[Outage]:
    """Yield the outages at each location. It has not ended as long as the check is not known to work again."""
    for name, found in locations.items():
        current: Outage | None = None
        for span in found:
            if span.state != DOWN:
                if current is not None:
                    yield current
                current = None
                continue
            if current is None:
                begin = min(span.begin, span.since) if span is found[0] else span.begin
                current = Outage(begin, span.end, False, span, [name])
            current.end, current.open = span.end, span.end >= end
            current.spans.append(span)
        if current is not None:
            yield current


def _covered(spans: Iterable[Span]) -> int:
    total, reached = 0, 0
    for span in sorted(spans):
        total += max(0, span.end - max(span.begin, reached))
        reached = max(reached, span.end)
    return total
