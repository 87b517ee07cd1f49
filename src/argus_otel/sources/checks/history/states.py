"""Works out, from what rows of history tell, in which state a check was and when. Pure; moments are in milliseconds.

A change holds from its ``since`` on, although it was confirmed later, and so replaces what was told in between. A state
holds until the next row, or until no row has confirmed it for too long: then no agent ran, and it is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

UP, DEGRADED, DOWN, UNKNOWN, MUTED = "up", "degraded", "down", "unknown", "muted"

LONGEST_HOLD = 8 * 86_400_000
"""How long a state holds at most without being told again."""

BEST = (UP, DEGRADED, DOWN, MUTED)
"""The order of levels by which a check works if it does so at one location."""

WORST = (DOWN, DEGRADED, UP, MUTED)
"""The order of levels by which a check fails if it does so at one location."""


class Told(NamedTuple):
    """What one row tells, or several in a row that tell the same.

    Attributes
    ----------
    time:
        When it was told for the first time.
    ends:
        Until when it holds unless another row follows.
    change:
        Whether it is a confirmed change. Only the other rows tell whether the check is muted.
    since:
        When the state began; 0 if that is not known.
    muted:
        Whether it is muted.
    error, condition:
        Of a change to the worse.
    """

    time: int
    ends: int
    change: bool
    state: str
    since: int
    muted: bool
    error: str = ""
    condition: str = ""


class Span(NamedTuple):
    """A stretch of time in which a check had one state; ``since`` is when the state began, which may be earlier."""

    begin: int
    end: int
    state: str
    muted: bool
    since: int
    error: str = ""
    condition: str = ""

    @property
    def level(self) -> str:
        """The state, or that it is left out because it was muted."""
        return MUTED if self.muted else self.state


class Stretch(NamedTuple):
    """A stretch of time with one level."""

    begin: int
    end: int
    level: str


def spans(told: Sequence[Told]) -> list[Span]:
    """Return the spans of one check at one location, in their order; there is none where nothing is known.

    Parameters
    ----------
    told:
        In the order of their times.
    """
    found: list[Span] = []
    replaced = max((each.ends for each in told), default=0)
    for row in reversed(told):
        begin = _begin(row)
        end = min(replaced, row.ends)
        if begin < end and row.state != UNKNOWN:
            found.append(Span(begin, end, row.state, False, row.since or begin, row.error, row.condition))
        replaced = min(replaced, begin)
    found.reverse()
    return list(_muted(found, list(_mutes(told))))


def clipped(found: Iterable[Span], end: int) -> list[Span]:
    """Return the parts of spans that are before the end of a range."""
    return [each._replace(end=min(each.end, end)) for each in found if each.begin < end]


def combined(locations: Iterable[Sequence[Span]], order: Sequence[str]) -> list[Stretch]:
    """Return the level over all locations: at each moment the first one of an order that a location has."""
    queues = [[(each.begin, each.end, order.index(each.level)) for each in location] for location in locations]
    if len(queues) == 1:
        return list(_joined(Stretch(begin, end, order[level]) for begin, end, level in queues[0]))
    edges = sorted({edge for queue in queues for begin, end, _ in queue for edge in (begin, end)})
    places = [0] * len(queues)

    def sweep() -> Iterator[Stretch]:
        for begin, end in pairwise(edges):
            levels: list[int] = []
            for number, queue in enumerate(queues):
                while places[number] < len(queue) and queue[places[number]][1] <= begin:
                    places[number] += 1
                if places[number] < len(queue) and queue[places[number]][0] <= begin:
                    levels.append(queue[places[number]][2])
            if levels:
                yield Stretch(begin, end, order[min(levels)])

    return list(_joined(sweep()))


def totals(stretches: Iterable[Stretch], begin: int, end: int) -> Mapping[str, float]:
    """Return how long each level lasted within a range, in seconds. What is missing of it is unknown."""
    sums: dict[str, int] = dict.fromkeys(BEST, 0)
    for each in stretches:
        sums[each.level] += max(0, min(each.end, end) - max(each.begin, begin))
    sums[UNKNOWN] = max(0, end - begin) - sum(sums.values())
    return {level: duration / 1000 for level, duration in sums.items()}


def _begin(row: Told) -> int:
    return min(row.since, row.time) if row.change and row.since else row.time


def _mutes(told: Sequence[Told]) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each time in which the check is muted."""
    states = [row for row in told if not row.change]
    following = [*(row.time for row in states[1:]), states[-1].ends] if states else []
    for row, replaced in zip(states, following, strict=True):
        end = min(row.ends, replaced)
        if row.muted and end > row.time:
            yield row.time, end


def _muted(found: Sequence[Span], mutes: Sequence[tuple[int, int]]) -> Iterator[Span]:
    """Yield spans, cut where a mute begins or ends."""
    place = 0
    for span in found:
        while place < len(mutes) and mutes[place][1] <= span.begin:
            place += 1
        at, number = span.begin, place
        while number < len(mutes) and mutes[number][0] < span.end:
            begin, end = max(mutes[number][0], at), min(mutes[number][1], span.end)
            if at < begin:
                yield span._replace(begin=at, end=begin)
            yield span._replace(begin=begin, end=end, muted=True)
            at, number = end, number + 1
        if at < span.end:
            yield span._replace(begin=at)


def _joined(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    """Yield stretches, neighbours of one level as one."""
    last: Stretch | None = None
    for each in stretches:
        if last is not None and last.end == each.begin and last.level == each.level:
            last = last._replace(end=each.end)
            continue
        if last is not None:
            yield last
        last = each
    if last is not None:
        yield last
