"""A dashboard's JSON: its panels, their targets, its variables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DIRECTORY = Path(__file__).resolve().parents[2] / "grafana" / "dashboards"

Json = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """One query of a panel."""

    model: Json
    panel: Json

    @property
    def ref_id(self) -> str:
        """Its letter."""
        return self.model.get("refId", "")

    @property
    def plugin(self) -> str:
        """The data source's type: its own, else the panel's."""
        return (self.model.get("datasource") or self.panel.get("datasource") or {}).get("type", "")

    @property
    def promql(self) -> str:
        """The expression; empty where it asks something else."""
        return self.model.get("expr", "") if self.plugin == "prometheus" else ""

    @property
    def sql(self) -> str:
        """The statement; empty where it asks something else."""
        return self.model.get("rawSql", "") if self.plugin == "grafana-clickhouse-datasource" else ""

    @property
    def logql(self) -> str:
        """The query to Loki; empty where it asks something else."""
        return self.model.get("expr", "") if self.plugin == "loki" else ""

    @property
    def traceql(self) -> str:
        """The query to Tempo; empty where it asks something else."""
        return self.model.get("query", "") if self.plugin == "tempo" else ""

    @property
    def where(self) -> str:
        """For messages: the panel's title and the query's letter."""
        return f"{self.panel.get('title', '?')!r} {self.ref_id}"


@dataclass(frozen=True)
class Dashboard:
    """One dashboard.

    Parameters
    ----------
    model:
        Grafana's JSON.
    name:
        Its file's, without the ending.
    """

    model: Json
    name: str

    @property
    def uid(self) -> str:
        """Its address."""
        return self.model.get("uid", "")

    @property
    def title(self) -> str:
        """Its heading."""
        return self.model.get("title", "")

    @property
    def variables(self) -> list[Json]:
        """Those at its top, in the order in which they depend on each other."""
        return self.model.get("templating", {}).get("list", [])

    @property
    def plugins(self) -> set[str]:
        """The types of its data sources."""
        return {one["query"] for one in self.variables if one["type"] == "datasource"}

    def panels(self) -> Iterator[Json]:
        """Every panel, those of collapsed rows and rows themselves among them."""
        for panel in self.model.get("panels", []):
            yield panel
            yield from panel.get("panels") or []

    def targets(self) -> Iterator[Target]:
        """Every query of every panel, but those that are switched off."""
        for panel in self.panels():
            for target in panel.get("targets") or []:
                if not target.get("hide"):
                    yield Target(target, panel)


def load(path: Path) -> Dashboard:
    """Read a dashboard's file."""
    return Dashboard(json.loads(path.read_text(encoding="utf-8")), path.stem)


def shipped() -> list[Dashboard]:
    """Return every dashboard that ships, by source and name."""
    return [load(path) for path in sorted(DIRECTORY.glob("*/*.json"))]
