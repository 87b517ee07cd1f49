"""Gauges: callbacks that are called at each collection, never on a timer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

from .definitions import AttributeValue, Metric
from .families import Attributes

Reading = Iterable["tuple[Mapping[str, AttributeValue], float]"]
"""What a gauge's callback returns: (attributes, value) for each point."""


class Gauge:
    """A value that exists already and is read at each collection.

    Parameters
    ----------
    metric:
        A gauge or an up-down counter, or a counter whose total is counted elsewhere.
    read:
        Called on the collecting thread, not on the event loop's. It must not iterate over a live ``dict`` that the loop
        changes, and must not block. The attributes of a large gauge's points are not copied: it must not change them.
    """

    def __init__(self, metric: Metric, read: Callable[[], Reading]) -> None:
        self.metric = metric
        self._read = read

    def points(self) -> list[tuple[Attributes, float]]:
        """Return the points now, as a rule without values that are not finite.

        A latency is ``nan`` or ``inf`` before the first heartbeat, which says nothing.
        """
        read = self._read()
        if self.metric.finite:
            read = (point for point in read if math.isfinite(point[1]))
        if self.metric.is_large_gauge:
            return list(read)
        return [(dict(attributes), value) for attributes, value in read]
