"""The paths from the bots to an alert: a store of metrics, and what runs rules on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml

from lab.alertmanager import Alertmanager
from lab.collector import Collector
from lab.prometheus import Prometheus, Prometheus3
from lab.victoriametrics import VictoriaMetrics
from lab.vmalert import VMAlert
from tools.backends import ROOT

from .bots import Bot

RULES = ROOT / "prometheus" / "rules" / "*.yaml"
_ALERTMANAGER = ROOT / "alertmanager" / "alertmanager.yaml"
_SHIPPED = ROOT / "prometheus" / "prometheus.yaml"
_OTLP = {"storage": {"tsdb": {"out_of_order_time_window": "10m"}}}
"""As docs/pipeline.md advises where several processes send."""


class MetricsPath:
    """One path.

    Parameters
    ----------
    name:
        The row of the table.
    store:
        It has the metrics.
    ruler:
        It runs the rules, and may be the store itself.
    alertmanager:
        The ruler sends alerts to it.
    takes_otlp:
        The bots send to the store; else it scrapes.
    """

    def __init__(
        self,
        name: str,
        store: Prometheus3 | VictoriaMetrics,
        ruler: Prometheus,
        alertmanager: Alertmanager,
        *,
        takes_otlp: bool,
    ) -> None:
        self.name = name
        self.takes_otlp = takes_otlp
        self.store = store
        self.ruler = ruler
        self.alertmanager = alertmanager

    def start(self, parts: ExitStack) -> None:
        """Start what it consists of, until the stack closes."""
        for part in dict.fromkeys((self.alertmanager, self.store, self.ruler)):
            parts.callback(part.kill)
            part.start()


def paths(directory: Path, bots: Sequence[Bot], targets: Path, collector: Collector, webhook: str) -> list[MetricsPath]:
    """Return all of them, in the order of the table's rows; nothing runs yet.

    Parameters
    ----------
    bots:
        Their processes' ports are known.
    targets:
        The directory with a directory of ``file_sd`` files for each bot.
    collector:
        The bots send to it.
    webhook:
        The address of Discord's webhook; a path's number is put behind it.
    """
    ports = {bot.job: bot.ports for bot in bots}
    static = [_scrape(job, static_configs=[_listed(found)]) for job, found in ports.items()]
    found = [_scrape("bots", file_sd_configs=[{"files": [f"{targets / bot.job}/*.json" for bot in bots]}])]
    collected = [_scrape("bots", honor_labels=True, static_configs=[_listed([collector.prometheus])])]
    relabel = ROOT / "victoriametrics" / "relabel.yaml"
    made = _Maker(directory, webhook)
    return [
        made.prometheus("Prometheus, the target is still configured", {"scrape_configs": static}),
        made.prometheus("Prometheus, the target goes too (`file_sd`)", {"scrape_configs": found}),
        made.prometheus("Prometheus, from our Collector", {"scrape_configs": collected}),
        made.prometheus("Prometheus 3, OTLP", _OTLP),
        made.victoriametrics("VictoriaMetrics and vmalert, the target is still configured", static),
        made.victoriametrics("VictoriaMetrics and vmalert, OTLP", [], relabel),
    ]


class _Maker:
    """Makes paths, each in a directory of its own."""

    def __init__(self, directory: Path, webhook: str) -> None:
        self._directory = directory
        self._webhook = webhook
        self._made = 0

    def prometheus(self, name: str, config: Mapping[str, Any]) -> MetricsPath:
        directory, alertmanager = self._next()
        sending = {"static_configs": [{"targets": [f"127.0.0.1:{alertmanager.port}"]}]}
        whole = {**_as_shipped(), "rule_files": [str(RULES)], "alerting": {"alertmanagers": [sending]}, **config}
        server = Prometheus3(directory, yaml.safe_dump(whole))
        return MetricsPath(name, server, server, alertmanager, takes_otlp="scrape_configs" not in config)

    def victoriametrics(self, name: str, scraped: Sequence[Any], relabel: Path | None = None) -> MetricsPath:
        directory, alertmanager = self._next()
        config = {**(_as_shipped() if scraped else {}), "scrape_configs": list(scraped)}
        store = VictoriaMetrics(directory, yaml.safe_dump(config), relabel)
        ruler = VMAlert(directory / "vmalert", store, str(RULES), f"http://127.0.0.1:{alertmanager.port}")
        return MetricsPath(name, store, ruler, alertmanager, takes_otlp=not scraped)

    def _next(self) -> tuple[Path, Alertmanager]:
        directory = self._directory / f"path-{self._made}"
        directory.mkdir(parents=True)
        address = directory / "webhook"
        address.write_text(f"{self._webhook}/{self._made}", encoding="utf-8")
        config = yaml.safe_load(_ALERTMANAGER.read_text(encoding="utf-8"))
        config["receivers"][0]["discord_configs"][0]["webhook_url_file"] = str(address)
        self._made += 1
        return directory, Alertmanager(directory / "alertmanager", yaml.safe_dump(config, allow_unicode=True))


def _as_shipped() -> dict[str, Any]:
    return {"global": yaml.safe_load(_SHIPPED.read_text(encoding="utf-8"))["global"]}


def _scrape(job: str, **discovery: Any) -> dict[str, Any]:
    return {"job_name": job, **discovery}


def _listed(ports: Sequence[int]) -> dict[str, Any]:
    return {"targets": [f"127.0.0.1:{port}" for port in ports]}
