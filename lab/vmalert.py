"""vmalert, which runs Prometheus' rules on a VictoriaMetrics."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .built import built
from .prometheus import Prometheus
from .victoriametrics import VictoriaMetrics


class VMAlert(Prometheus):
    """One vmalert. Of a Prometheus' API it has ``alerts`` and ``rules``.

    Parameters
    ----------
    directory:
        For its log.
    store:
        The server that it asks, and that it writes recorded series to.
    rules:
        The pattern of its files of rules.
    notifier:
        The address of an Alertmanager.
    options:
        More of its flags.
    """

    def __init__(
        self, directory: Path, store: VictoriaMetrics, rules: str, notifier: str = "", options: Sequence[str] = ()
    ) -> None:
        super().__init__(directory, "")
        self.name = "vmalert"
        self._store = store
        self._rules = rules
        self._notifier = notifier
        self.options = options

    def command(self) -> list[str]:
        """Return the command that starts it."""
        return [
            built("vmalert"),
            f"-rule={self._rules}",
            f"-datasource.url={self._store.url}",
            f"-remoteWrite.url={self._store.url}",
            f"-remoteRead.url={self._store.url}",
            f"-notifier.url={self._notifier}" if self._notifier else "-notifier.blackhole",
            f"-httpListenAddr=127.0.0.1:{self.port}",
            *self.options,
        ]

    def ready(self) -> bool:
        """Whether it answers."""
        return self.answers("/health")
