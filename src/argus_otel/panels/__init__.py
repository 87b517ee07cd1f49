"""The contract between a source and whatever shows its state to a person: panels, as data.

A source's specification names a tuple of panels, ``panels="my_package.panels:PANELS"``. ``argus-otel top`` draws them
in a terminal, from two scrapes. The endpoint draws them on its page, from the cells of its own process. A panel knows
neither: it is given a :class:`View`, and returns tables and facts.
"""

from .content import Cell, Column, Content, Fact, Facts, Table, Tone, Trend, columns
from .figures import NOTHING, clock, counts, number, quantile, rate, seconds, size
from .panel import Panel, Step, View
from .rankings import NO_BUCKETS, busiest, note_rest, recent_quantiles

__all__ = [
    "NOTHING",
    "NO_BUCKETS",
    "Cell",
    "Column",
    "Content",
    "Fact",
    "Facts",
    "Panel",
    "Step",
    "Table",
    "Tone",
    "Trend",
    "View",
    "busiest",
    "clock",
    "columns",
    "counts",
    "note_rest",
    "number",
    "quantile",
    "rate",
    "recent_quantiles",
    "seconds",
    "size",
]
