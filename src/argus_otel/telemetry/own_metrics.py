"""Metrics that the bot's own code defines by using them: their attributes come as they are used."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from .caps import AttributeCaps
from .counters import Counter, CounterCell
from .definitions import Attribute, AttributeValue, Kind, Metric
from .families import Attributes, CellT, Family
from .histograms import Histogram, HistogramCell

Pairs: TypeAlias = tuple[tuple[str, AttributeValue], ...]
"""(attribute, value) of all that a point has, by the attributes' names."""

ERROR = "error.type"

MOST_ATTRIBUTES = 10
"""The most attributes of one metric. What is timed has `error.type` among them."""

MOST_VALUES = 100
"""The most values of one attribute of one metric."""

MOST_SERIES = 1000
"""The most points of one metric: below what OpenTelemetry's SDK takes of one stream, which is 2000."""

# From a cache's answer to a job that takes minutes.
BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


class _Open(Family[CellT]):
    """A family whose keys are :data:`Pairs`, of any attributes, which were admitted before.

    Beyond its cap a new combination of values shares the cell in which each attribute is ``_OTHER``.
    """

    known: Callable[[str], Attribute | None]

    def _admitted(self, key: Pairs) -> Pairs:
        return key

    def _overflow(self, key: Pairs) -> Pairs:
        return tuple((name, self._caps.refuse(attribute)) for name, _ in key if (attribute := self.known(name)))

    def _attributes(self, key: Pairs) -> Attributes:
        return dict(key)


class _OpenCounter(_Open[CounterCell], Counter):
    pass


class _OpenHistogram(_Open[HistogramCell], Histogram):
    pass


class OwnMetric:
    """One metric of the bot's own.

    Attributes
    ----------
    definition:
        As the bridge reads it. It names no attributes: each point has what it was recorded with.

    Parameters
    ----------
    overflowed:
        Called with an attribute's name each time a value of it became ``_OTHER``.
    """

    definition: Metric

    def __init__(self, overflowed: Callable[[str], None]) -> None:
        self._attributes: dict[str, Attribute] = {}
        self._labels: set[str] = set()
        self.caps = AttributeCaps(overflowed)

    def known(self, name: str) -> Attribute | None:
        """Return an attribute that it has had before."""
        return self._attributes.get(name)

    def has_label(self, label: str) -> bool:
        """Whether one of its attributes is called so by Prometheus, where two of them would be one."""
        return label in self._labels

    def add(self, name: str, label: str) -> Attribute | None:
        """Return a new attribute, or ``None`` where it has as many as it may have."""
        if len(self._attributes) >= MOST_ATTRIBUTES:
            return None
        self._labels.add(label)
        attribute = self._attributes[name] = Attribute(name, "The bot's own.", cap=MOST_VALUES)
        return attribute


class OwnCounter(OwnMetric):
    """Something that is counted."""

    def __init__(self, name: str, overflowed: Callable[[str], None]) -> None:
        super().__init__(overflowed)
        meaning = "Counted by the bot's own code, with argus_otel.count."
        self.definition = Metric(name, Kind.COUNTER, "1", meaning)
        self.cells = _OpenCounter(name, (), self.caps, MOST_SERIES)
        self.cells.known = self.known


class OwnHistogram(OwnMetric):
    """Something that is timed.

    Attributes
    ----------
    error:
        What says which exception left.
    """

    def __init__(self, name: str, overflowed: Callable[[str], None]) -> None:
        super().__init__(overflowed)
        meaning = "Timed by the bot's own code, with argus_otel.timed."
        self.definition = Metric(name, Kind.HISTOGRAM, "s", meaning, buckets=BUCKETS)
        self.cells = _OpenHistogram(self.definition, self.caps, MOST_SERIES)
        self.cells.known = self.known
        self.error = Attribute(ERROR, "The exception that left; absent where none did.", cap=MOST_VALUES)
        self._attributes[ERROR] = self.error
        self._labels.add(ERROR.replace(".", "_"))
