"""The reader that Prometheus scrapes, without an HTTP server: the endpoint has one.

OpenTelemetry's exporter and Prometheus' client library decide how metrics appear in Prometheus. Both are imported at
the first scrape: a program that is never scraped does not pay for them.
"""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.metrics.export import MetricReader, MetricsData

from . import private
from .readers import OwnReader

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.registry import Collector

    from .exposition_cache import Exporter, ExpositionCache


class _Receiver(MetricReader):
    """Keeps the metrics of one collection until they are taken."""

    def __init__(self) -> None:
        super().__init__(**private.component_type())
        self._given: MetricsData | None = None
        self._ended = False
        self._collecting = threading.RLock()  # a callback of the program's may ask for metrics itself

    def _receive_metrics(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any) -> None:  # noqa: ARG002
        self._given = metrics_data

    def read(self) -> MetricsData | None:
        """Collect, and return the metrics: ``None`` if no instrument has a point, and after the end."""
        with self._collecting:
            self._given = None
            if not self._ended:
                self.collect()
            given, self._given = self._given, None
            return given

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:  # noqa: ARG002
        """Show nothing from now on."""
        self._ended = True


class ScrapedReader(OwnReader):
    """A reader that the endpoint asks for its metrics."""

    # Several Prometheus servers may scrape the same process, and a browser may ask in between.
    exemplars_for = 300.0
    registry: CollectorRegistry
    """A registry with all metrics as they are now, for what works on registries."""

    @abstractmethod
    def text(self, encode: Callable[[Collector], bytes], form: str) -> bytes:
        """Return all metrics as they are now.

        Parameters
        ----------
        encode:
            The Prometheus client library's encoder of one format.
        form:
            The format's media type.
        """


def scraped_reader() -> ScrapedReader:
    """Return the reader for the endpoint.

    Raises
    ------
    MissingError
        The exporter or the client library is not installed.
    """
    for package in ("prometheus_client", "opentelemetry.exporter.prometheus"):
        if find_spec(package) is None:
            from .exporters import MissingError

            raise MissingError(f"{package} is not installed: pip install opentelemetry-exporter-prometheus")
    if private.can_show_cells() and private.can_be_fed():
        return PrometheusReader()
    from .uncached import UncachedReader

    return UncachedReader()


class PrometheusReader(ScrapedReader, _Receiver):
    """Collects when it is asked, and writes the page from templates that it keeps."""

    def text(self, encode: Callable[[Collector], bytes], form: str) -> bytes:
        """Return all metrics; see :class:`ScrapedReader`."""
        return self._cache.text(self.read(), encode, form)

    @property
    def registry(self) -> CollectorRegistry:  # pyright: ignore[reportIncompatibleVariableOverride]
        """A registry with all metrics."""
        return self._live.registry

    @cached_property
    def _live(self) -> Exporter:
        from .exposition_cache import Exporter

        exporter = Exporter()
        exporter.give = self.read
        return exporter

    @cached_property
    def _cache(self) -> ExpositionCache:
        from .exposition_cache import ExpositionCache

        return ExpositionCache()
