"""The contract between ``argus-otel top`` and a source: panels, each drawn from two scrapes of an endpoint.

A source's specification names a tuple of panels, ``top="my_package.top:PANELS"``. ``argus-otel top`` draws them in
their order, and only if the endpoint serves a metric that one of them reads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from argus_otel.scrape.exposition import Metrics
from argus_otel.telemetry import Metric

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True, slots=True)
class View:
    """What a panel is drawn from.

    Attributes
    ----------
    whole:
        The last scrape: counters and histograms since the program started.
    recent:
        What was added between the last two scrapes; gauges have their present value.
    interval:
        The time between those two, in seconds; 0 after the first scrape, when there is no rate yet.
    rows:
        How many rows a panel that :attr:`Panel.grows` may draw.
    width:
        The terminal's width, in characters.
    """

    whole: Metrics
    recent: Metrics
    interval: float
    rows: int
    width: int


@dataclass(frozen=True, slots=True)
class Panel:
    """One part of the picture.

    Attributes
    ----------
    name:
        What it shows, for the line that replaces it if drawing it fails.
    metrics:
        The metrics that it reads.
    draw:
        Returns what Rich prints.
    lines:
        How many lines it takes at most, without the rows of one that grows.
    grows:
        Whether it draws up to :attr:`View.rows` rows besides.
    ratio:
        Its share of the width beside the next panel that has a share; 0 for the whole width. On a narrow
        terminal, panels stand below each other.
    """

    name: str
    metrics: tuple[Metric, ...]
    draw: Callable[[View], RenderableType]
    lines: int
    grows: bool = False
    ratio: int = 0
