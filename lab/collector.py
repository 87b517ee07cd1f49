"""The OpenTelemetry Collector of our manifest, with the shipped configurations."""

from __future__ import annotations

import os
import subprocess
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tools.backends import ROOT

from .built import built
from .clickhouse import ClickHouse
from .exposition import samples
from .processes import Part, answers, free_port

CONFIGS = ROOT / "collector-config"


def binary() -> str:
    """Return the path of the Collector; skip the test if it is not built."""
    return built("collector")


def kept_environment() -> dict[str, str]:
    """Return this process's environment without any setting."""
    prefixes = ("OTEL_", "ARGUS_", "COLLECTOR_", "CLICKHOUSE_", "TRACES_")
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


def validate(*configs: Path, **variables: str) -> str:
    """Return the errors that ``validate`` reports for configurations, merged in this order; empty if they are valid."""
    words = [word for config in configs for word in ("--config", str(config))]
    environment = {**kept_environment(), **variables}
    ended = subprocess.run(
        [binary(), "validate", *words], capture_output=True, text=True, env=environment, timeout=60, check=False
    )
    return "" if ended.returncode == 0 else ended.stderr


class Collector(Part):
    """One Collector, whose ports and queues stay the same over restarts.

    Parameters
    ----------
    directory:
        For its queues, its log, and the configurations that a test writes itself.
    configs:
        Names in ``collector-config/``, or texts of configurations, merged in this order.
    clickhouse:
        The destination of its ClickHouse exporters; without one, an address at which nothing answers.
    variables:
        Environment variables, which override those of this class.
    """

    def __init__(
        self,
        directory: Path,
        configs: Sequence[str] = ("single.yaml",),
        clickhouse: ClickHouse | None = None,
        database: str = "argus",
        **variables: str,
    ) -> None:
        super().__init__("Collector", directory / "collector.log")
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.grpc, self.http, self.prometheus, self.health, self.own = (free_port() for _ in range(5))
        self.configs = [self._config(number, config) for number, config in enumerate(configs)]
        self.variables = {
            "COLLECTOR_OTLP_GRPC": f"127.0.0.1:{self.grpc}",
            "COLLECTOR_OTLP_HTTP": f"127.0.0.1:{self.http}",
            "COLLECTOR_PROMETHEUS": f"127.0.0.1:{self.prometheus}",
            "COLLECTOR_HEALTH": f"127.0.0.1:{self.health}",
            "COLLECTOR_METRICS_PORT": str(self.own),
            "COLLECTOR_QUEUES": str(directory / "queues"),
            "COLLECTOR_FLUSH": "100ms",
            "CLICKHOUSE_ENDPOINT": clickhouse.url if clickhouse else "http://127.0.0.1:9",
            "CLICKHOUSE_DATABASE": database,
            "CLICKHOUSE_USER": clickhouse.user if clickhouse else "nobody",
            "CLICKHOUSE_PASSWORD": clickhouse.password if clickhouse else "",
            "TRACES_WAIT": "500ms",
            **variables,
        }

    def _config(self, number: int, config: str) -> Path:
        if "\n" not in config:
            return CONFIGS / config
        path = self.directory / f"config-{number}.yaml"
        path.write_text(config, encoding="utf-8")
        return path

    @classmethod
    @contextmanager
    def running_in(cls, directory: Path, *args: object, **keywords: object) -> Iterator[Collector]:
        """Run a Collector until the block ends; the arguments are those of the class."""
        collector = cls(directory, *args, **keywords)  # type: ignore[arg-type]
        try:
            yield collector.start()
        finally:
            collector.kill()

    @property
    def endpoint(self) -> str:
        """Its address for OTLP over gRPC, as a value of ``OTEL_EXPORTER_OTLP_ENDPOINT``."""
        return f"http://127.0.0.1:{self.grpc}"

    def start(self) -> Collector:
        """Start it and wait until it is healthy."""
        words = [word for config in self.configs for word in ("--config", str(config))]
        self.launch([binary(), *words], {**kept_environment(), **self.variables})
        self.wait_until(self.healthy, "is well", 30)
        return self

    def restart(self) -> None:
        """Stop it as a service manager does: it first writes its queues to disk."""
        self.stop()
        self.start()

    def healthy(self) -> bool:
        return answers(f"http://127.0.0.1:{self.health}/")

    def scrape(self, *, openmetrics: bool = True) -> str:
        """Return the page that Prometheus scrapes."""
        accept = "application/openmetrics-text; version=1.0.0" if openmetrics else "text/plain"
        request = urllib.request.Request(f"http://127.0.0.1:{self.prometheus}/metrics", headers={"Accept": accept})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode()

    def counted(self, name: str, **labels: str) -> float:
        """Return the sum of one of its own metrics, such as ``otelcol_exporter_queue_size``, with these labels.

        The name may be given without the ``_total`` that counters have here and not in other releases.
        """
        with urllib.request.urlopen(f"http://127.0.0.1:{self.own}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        return sum(
            value
            for sample, have, value in samples(text)
            if sample.removesuffix("_total") == name.removesuffix("_total") and labels.items() <= have.items()
        )
