"""Gauges: a callback that is read when somebody collects, never polled into a cache on a timer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

from .definitions import AttributeValue, Metric
from .families import Attributes

Reading = Iterable["tuple[Mapping[str, AttributeValue], float]"]
"""What a gauge's callback returns: (attributes, value) for each point."""


class Gauge:
    """A number that exists already and only has to be read.

    Parameters
    ----------
    metric:
        A gauge or an up-down counter.
    read:
        Called on the collecting thread, which is not the event loop's: it must not iterate a live ``dict`` that the
        loop changes, nor wait.
    """

    def __init__(self, metric: Metric, read: Callable[[], Reading]) -> None:
        self.metric = metric
        self._read = read

    def points(self) -> list[tuple[Attributes, float]]:
        """Return the points now.

        Values that are not finite are left out: the latency before the first heartbeat is ``nan`` or ``inf``, and
        OpenTelemetry warns of each at every collection.
        """
        return [(dict(attributes), value) for attributes, value in self._read() if math.isfinite(value)]
