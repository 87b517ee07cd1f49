"""VictoriaMetrics, which answers PromQL like a Prometheus, and takes scrapes and OTLP."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .built import built
from .prometheus import Prometheus


class VictoriaMetrics(Prometheus):
    """One server.

    Parameters
    ----------
    directory, config:
        As of a Prometheus; the config has ``scrape_configs`` alone.
    relabel:
        The file by which the labels of each series are changed, if there is one.
    """

    def __init__(self, directory: Path, config: str, relabel: Path | None = None) -> None:
        super().__init__(directory, config)
        self.name = "VictoriaMetrics"
        self._relabel = relabel

    def binary(self) -> str:
        """Return the path of the program; skip the test if it is not built."""
        return built("victoriametrics")

    def command(self) -> Sequence[str]:
        """Return the command that starts it."""
        options = [
            f"-promscrape.config={self.config}",
            f"-storageDataPath={self.directory / 'data'}",
            f"-httpListenAddr=127.0.0.1:{self.port}",
            "-opentelemetry.usePrometheusNaming",
            "-search.latencyOffset=0s",
            "-search.disableCache",
        ]
        if self._relabel is not None:
            options.append(f"-relabelConfig={self._relabel}")
        return [self.binary(), *options]

    def ready(self) -> bool:
        """Whether it answers."""
        return self.answers("/health")

    @property
    def otlp(self) -> str:
        """Its address for metrics, as a value of ``OTEL_EXPORTER_OTLP_METRICS_ENDPOINT``."""
        return f"{self.url}/opentelemetry/v1/metrics"
