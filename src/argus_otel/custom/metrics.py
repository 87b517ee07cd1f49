"""Custom metrics. The program defines them by using them, and their attributes may differ from call to call."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from argus_otel.telemetry import (
    Attribute,
    Attributes,
    AttributeValue,
    Counter,
    CounterCell,
    Histogram,
    HistogramCell,
    InstrumentKind,
    Metric,
)
from argus_otel.telemetry.cardinality import CardinalityLimits
from argus_otel.telemetry.families import CellT, Family

Pairs: TypeAlias = tuple[tuple[str, AttributeValue], ...]
"""The attributes of a point: (name, value), sorted by name."""

ERROR = "error.type"

MAX_ATTRIBUTES = 10
"""How many attributes a metric has. ``error.type`` of a timed block is one of them."""

CARDINALITY_LIMIT = 100
"""How many values an attribute of a metric has."""

MAX_SERIES = 1000
"""How many points a metric has. OpenTelemetry's SDK accepts fewer than 2000 in one stream."""

# From a response of a cache to a job that takes minutes.
BOUNDARIES = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


class _OpenFamily(Family[CellT]):
    """A family whose keys are :data:`Pairs` of any attributes. Their values have been admitted before.

    When the family is full, a new combination of values shares the cell in which each attribute is ``_OTHER``.
    """

    known: Callable[[str], Attribute | None]

    def _admitted(self, key: Pairs) -> Pairs:
        return key

    def _overflow(self, key: Pairs) -> Pairs:
        return tuple((name, self._limits.refuse(attribute)) for name, _ in key if (attribute := self.known(name)))

    def _attributes(self, key: Pairs) -> Attributes:
        return dict(key)


class _OpenCounter(_OpenFamily[CounterCell], Counter):
    pass


class _OpenHistogram(_OpenFamily[HistogramCell], Histogram):
    pass


class CustomMetric:
    """A custom metric.

    Attributes
    ----------
    definition:
        As the bridge reads it. It lists no attributes: each point has those that it was recorded with.
    limits:
        The cardinality limits of its attributes.

    Parameters
    ----------
    on_overflow:
        Called with the attribute's name each time that a value becomes ``_OTHER``.
    """

    definition: Metric

    def __init__(self, on_overflow: Callable[[str], None]) -> None:
        self._attributes: dict[str, Attribute] = {}
        self._labels: set[str] = set()
        self.limits = CardinalityLimits(on_overflow)

    def known(self, name: str) -> Attribute | None:
        """Return an attribute that it has already, or ``None``."""
        return self._attributes.get(name)

    def has_label(self, label: str) -> bool:
        """Whether Prometheus spells the name of one of its attributes as ``label``."""
        return label in self._labels

    def add(self, name: str, label: str) -> Attribute | None:
        """Add an attribute and return it; ``None`` if the metric has :data:`MAX_ATTRIBUTES` already."""
        if len(self._attributes) >= MAX_ATTRIBUTES:
            return None
        self._labels.add(label)
        attribute = self._attributes[name] = Attribute(
            name, "An attribute of the program's own.", cardinality_limit=CARDINALITY_LIMIT
        )
        return attribute


class CustomCounter(CustomMetric):
    """A counter of :func:`argus_otel.count`."""

    def __init__(self, name: str, on_overflow: Callable[[str], None]) -> None:
        super().__init__(on_overflow)
        description = "Counted by the program's own code, with argus_otel.count."
        self.definition = Metric(name, InstrumentKind.COUNTER, "1", description)
        self.cells = _OpenCounter(name, (), self.limits, MAX_SERIES)
        self.cells.known = self.known


class CustomHistogram(CustomMetric):
    """A histogram of :func:`argus_otel.timed`.

    Attributes
    ----------
    error:
        The attribute that holds the class of an exception.
    """

    def __init__(self, name: str, on_overflow: Callable[[str], None]) -> None:
        super().__init__(on_overflow)
        description = "Timed by the program's own code, with argus_otel.timed."
        self.definition = Metric(name, InstrumentKind.HISTOGRAM, "s", description, boundaries=BOUNDARIES)
        self.cells = _OpenHistogram(self.definition, self.limits, MAX_SERIES)
        self.cells.known = self.known
        self.error = Attribute(
            ERROR, "The class of the exception; absent without one.", cardinality_limit=CARDINALITY_LIMIT
        )
        self._attributes[ERROR] = self.error
        self._labels.add(ERROR.replace(".", "_"))
