"""A panel, and what it is drawn from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from argus_otel.scrape.series import Metrics
from argus_otel.telemetry import Metric

from .content import Content, Fact


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the time that a view covers.

    Attributes
    ----------
    seconds:
        How long it is.
    added:
        What was added in it.
    """

    seconds: float
    added: Metrics


@dataclass(frozen=True, slots=True)
class View:
    """What a panel is drawn from.

    Attributes
    ----------
    whole:
        Counters and histograms since the program started, and gauges now.
    recent:
        What was added in the last :attr:`interval`; gauges have their present value.
    interval:
        The time that :attr:`recent` covers, in seconds; 0 as long as there is nothing to compare with.
    period:
        That time in words, such as ``last 5 min``.
    rows:
        How many rows a panel that :attr:`Panel.grows` may draw.
    since_start:
        Whether :attr:`recent` begins at the program's start, and so is the same as :attr:`whole`.
    steps:
        The parts of :attr:`interval`, oldest first, for trends; empty if there are none.
    """

    whole: Metrics
    recent: Metrics
    interval: float
    period: str
    rows: int
    since_start: bool = False
    steps: Sequence[Step] = ()

    def trend(self, figure: Callable[[Step], float | None]) -> tuple[tuple[float, float], ...]:
        """Return a figure of each step, without the steps that have none."""
        values = ((step.seconds, figure(step)) for step in self.steps)
        return tuple((duration, value) for duration, value in values if value is not None)


def _nothing(_: View) -> tuple[Fact, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Panel:
    """One part of the picture.

    Attributes
    ----------
    name:
        What it shows; its heading.
    metrics:
        The metrics that it reads, and by whose presence a program is known to be observed by its source.
    draw:
        Returns its tables and facts.
    lines:
        How many lines it takes on a terminal at most, without the rows of one that grows.
    grows:
        Whether it draws up to :attr:`View.rows` rows besides.
    ratio:
        Its share of a terminal's width beside the next panel that has a share; 0 for the whole width. On a narrow
        terminal, panels stand below each other.
    summary:
        Returns a few words beside the heading.
    also:
        Other metrics that it reads, which programs without its source have too.
    headline:
        Returns the facts that a reader should see before everything else. The page begins with them; ``argus-otel top``
        leaves them out, since its panels are all in sight.
    """

    name: str
    metrics: tuple[Metric, ...]
    draw: Callable[[View], Content]
    lines: int
    grows: bool = False
    ratio: int = 0
    summary: Callable[[View], str] = lambda _: ""
    also: tuple[Metric, ...] = ()
    headline: Callable[[View], Sequence[Fact]] = _nothing
