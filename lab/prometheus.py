"""Prometheus servers: the release that Debian packages, and release 3, which also takes OTLP."""

from __future__ import annotations

import json
import shutil
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import Self

from .built import built
from .processes import Part, answers, free_port


def installed(program: str) -> str:
    """Return its path; skip the test if it is not installed. ``promtool`` is part of ``prometheus``."""
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"needs {program}: apt install prometheus, or https://prometheus.io/download/")
    return path


class Prometheus(Part):
    """One server, whose port stays the same over restarts.

    Parameters
    ----------
    directory:
        For its data, its config and its log.
    config:
        The config's text.
    """

    options: Sequence[str] = ()

    def __init__(self, directory: Path, config: str) -> None:
        super().__init__("Prometheus", directory / "prometheus.log")
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.port = free_port()
        self.config = directory / "prometheus.yaml"
        self.config.write_text(config, encoding="utf-8")

    @classmethod
    @contextmanager
    def running_in(cls, directory: Path, config: str) -> Iterator[Self]:
        """Run a server until the block ends."""
        server = cls(directory, config)
        try:
            yield server.start()
        finally:
            server.kill()

    def binary(self) -> str:
        """Return the path of the program; skip the test if there is none."""
        return installed("prometheus")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Start it and wait until it is ready."""
        self.launch(self.command())
        self.wait_until(self.ready, "is ready", 30)
        return self

    def command(self) -> Sequence[str]:
        """Return the command that starts it."""
        command = [self.binary(), f"--config.file={self.config}"]
        command += [f"--storage.tsdb.path={self.directory / 'data'}", f"--web.listen-address=127.0.0.1:{self.port}"]
        return [*command, "--enable-feature=exemplar-storage", *self.options]

    def ready(self) -> bool:
        """Whether it answers."""
        return self.answers("/-/ready")

    def answers(self, path: str) -> bool:
        """Whether it answers a path with 200."""
        return answers(self.url + path)

    def ask(self, path: str, **parameters: str) -> Any:
        """Return the ``data`` of a response of its HTTP API, such as that of ``query``."""
        address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(address, timeout=10) as answer:
            told = json.load(answer)
        assert told["status"] == "success", told
        return told["data"]

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Return the labels and values of an expression now."""
        return [(one["metric"], float(one["value"][1])) for one in self.ask("query", query=expression)["result"]]

    def wait_for(self, expression: str, timeout: float = 30.0) -> list[tuple[dict[str, str], float]]:
        """Wait until an expression has a value; return its labels and values."""
        return self.wait_until(lambda: self.query(expression), f"has {expression}", timeout)

    def wait_for_scrape(self, job: str) -> None:
        """Wait until every target of that job has been scraped successfully since the call."""
        seen = {one["scrapeUrl"]: one["lastScrape"] for one in self._targets(job)}

        def scraped() -> bool:
            targets = self._targets(job)
            anew = all(one["lastScrape"] != seen.get(one["scrapeUrl"]) for one in targets)
            return bool(targets) and anew and all(one["health"] == "up" for one in targets)

        self.wait_until(scraped, f"has scraped {job}")

    def _targets(self, job: str) -> list[dict[str, Any]]:
        return [one for one in self.ask("targets")["activeTargets"] if one["scrapePool"] == job]


class Prometheus3(Prometheus):
    """A server of release 3, which takes OTLP too."""

    options = ("--web.enable-otlp-receiver",)

    def binary(self) -> str:
        """Return the path of the program; skip the test if it is not built."""
        return built("prometheus")

    @property
    def otlp(self) -> str:
        """Its address for metrics, as a value of ``OTEL_EXPORTER_OTLP_METRICS_ENDPOINT``."""
        return f"{self.url}/api/v1/otlp/v1/metrics"
