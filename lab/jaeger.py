"""Jaeger 2, with its store in memory."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from .built import built
from .processes import Part, free_port

_CONFIG = """
service:
  extensions: [jaeger_storage, jaeger_query]
  pipelines:
    traces: {{receivers: [otlp], exporters: [jaeger_storage_exporter]}}
  telemetry: {{metrics: {{level: none}}}}
extensions:
  jaeger_storage: {{backends: {{memory: {{memory: {{max_traces: 10000}}}}}}}}
  jaeger_query:
    storage: {{traces: memory}}
    http: {{endpoint: "127.0.0.1:{query}"}}
    grpc: {{endpoint: "127.0.0.1:{query_grpc}"}}
receivers:
  otlp:
    protocols:
      grpc: {{endpoint: "127.0.0.1:{grpc}"}}
      http: {{endpoint: "127.0.0.1:{http}"}}
exporters:
  jaeger_storage_exporter: {{trace_storage: memory}}
"""


class Jaeger(Part):
    """One server.

    Parameters
    ----------
    directory:
        For its config and its log.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__("Jaeger", directory / "jaeger.log")
        directory.mkdir(parents=True, exist_ok=True)
        self.grpc, self.http, self.query, query_grpc = (free_port() for _ in range(4))
        self.config = directory / "jaeger.yaml"
        ports = {"grpc": self.grpc, "http": self.http, "query": self.query, "query_grpc": query_grpc}
        self.config.write_text(_CONFIG.format(**ports), encoding="utf-8")

    def start(self) -> Jaeger:
        """Start it and wait until it answers."""
        self.launch([built("jaeger"), f"--config={self.config}"])
        self.wait_until(self.answers, "answers", 60)
        return self

    def answers(self) -> bool:
        """Whether its API answers."""
        try:
            self.ask("services")
        except OSError:
            return False
        return True

    def ask(self, path: str, **parameters: str) -> list[Any]:
        """Return the data of an answer of its API, such as that of ``traces``."""
        address = f"http://127.0.0.1:{self.query}/api/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(address, timeout=10) as answer:
            return json.load(answer)["data"] or []

    def spans(self, service: str, operation: str = "", **tags: str) -> list[dict[str, Any]]:
        """Return the spans of the traces that a search finds; ``__`` in a tag's name is a dot."""
        search = {"service": service, "limit": "500", "lookback": "1h"}
        if operation:
            search["operation"] = operation
        if tags:
            search["tags"] = json.dumps({name.replace("__", "."): value for name, value in tags.items()})
        return [span for trace in self.ask("traces", **search) for span in trace["spans"]]
