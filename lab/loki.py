"""Loki, with its store in a directory."""

from __future__ import annotations

from pathlib import Path

from typing_extensions import Self

from .built import built
from .processes import Part, answers, free_port

_CONFIG = """
auth_enabled: false
analytics: {{reporting_enabled: false}}
server:
  http_listen_address: 127.0.0.1
  http_listen_port: {http}
  grpc_listen_address: 127.0.0.1
  grpc_listen_port: {grpc}
common:
  instance_addr: 127.0.0.1
  path_prefix: {directory}
  replication_factor: 1
  ring: {{kvstore: {{store: inmemory}}}}
  storage: {{filesystem: {{chunks_directory: "{directory}/chunks", rules_directory: "{directory}/rules"}}}}
ingester:
  lifecycler: {{min_ready_duration: 0s, final_sleep: 0s}}
schema_config:
  configs:
    - {{from: "2024-01-01", store: tsdb, object_store: filesystem, schema: v13, index: {{prefix: index_, period: 24h}}}}
"""


class Loki(Part):
    """One server.

    Parameters
    ----------
    directory:
        For its data, its config and its log.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__("Loki", directory / "loki.log")
        directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.config = directory / "loki.yaml"
        text = _CONFIG.format(http=self.port, grpc=free_port(), directory=directory)
        self.config.write_text(text, encoding="utf-8")

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def otlp(self) -> str:
        """Its address for logs, as a value of ``OTEL_EXPORTER_OTLP_LOGS_ENDPOINT``."""
        return f"{self.url}/otlp/v1/logs"

    def start(self) -> Self:
        """Start it and wait until it is ready."""
        self.launch([built("loki"), f"-config.file={self.config}"])
        self.wait_until(self.ready, "is ready", 60)
        return self

    def ready(self) -> bool:
        """Whether it takes and answers."""
        return answers(f"{self.url}/ready")
