"""The tables that a store has to have: the engine's, and those of each model, in numbered migrations."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from string import Template

from . import retention
from .errors import StoreError
from .model import HistoryModel, Retention

INBOX = "history_inbox"
"""The table that rows are inserted into. It stores nothing: views on it pass new rows on."""

UNCLAIMED = "history_unclaimed"
"""The table of the events that no model claims."""

_ON_CLUSTER_ONLY = "-- only on a cluster"
_KEEPER_PATH = "/clickhouse/tables/{shard}/{database}/{table}"
_CLUSTER = re.compile(r"[A-Za-z0-9_-]+")


class ClusterError(StoreError, ValueError):
    """The name of a cluster is none that a cluster can have."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the tables are.

    Attributes
    ----------
    cluster:
        The name of the ClickHouse cluster that they are spread over; empty for one server. On a cluster, every table
        that stores rows is replicated and has the suffix ``_local``, and the table of the name itself distributes.

    Raises
    ------
    ClusterError
        No cluster can have this name.
    """

    database: str
    cluster: str = ""

    def __post_init__(self) -> None:
        if self.cluster and not _CLUSTER.fullmatch(self.cluster):
            raise ClusterError(
                f"--cluster is {self.cluster!r}, but it has to be the name of a cluster in system.clusters"
            )

    @property
    def on_cluster(self) -> str:
        """The clause that runs a statement on every host."""
        return f" on cluster `{self.cluster}`" if self.cluster else ""

    @property
    def local(self) -> str:
        """The suffix of tables that store rows."""
        return "_local" if self.cluster else ""

    def stored(self, table: str) -> str:
        """Return the full name of the table that stores the rows of ``table``."""
        return f"{self.database}.{table}{self.local}"

    def engine(self, name: str) -> str:
        """Return the engine of a table that stores rows."""
        return f"Replicated{name}('{_KEEPER_PATH}', '{{replica}}')" if self.cluster else name

    @property
    def record_engine(self) -> str:
        """The engine of a table that every host of a cluster has whole, however many shards there are."""
        path = _KEEPER_PATH.replace("{shard}", "all")
        return f"ReplicatedMergeTree('{path}', '{{shard}}-{{replica}}')" if self.cluster else "MergeTree"


@dataclass(frozen=True, slots=True)
class Migration:
    """One migration.

    Attributes
    ----------
    model:
        The model's name; empty for the engine's own.
    """

    model: str
    version: int
    name: str
    template: str

    @property
    def checksum(self) -> str:
        """Of the template: neither the layout nor the retention changes it."""
        return hashlib.sha256(self.template.encode()).hexdigest()[:16]

    @property
    def title(self) -> str:
        """Its name in messages."""
        return title_of(self.model, self.version, self.name)


def title_of(model: str, version: int, name: str) -> str:
    """Return the name of a migration in messages: ``1 (inbox)``, ``jobs 1 (events)``."""
    return f"{model} {version} ({name.replace('_', ' ')})".lstrip()


@dataclass(frozen=True)
class Schema:
    """The engine's tables and those of some models."""

    models: tuple[HistoryModel, ...] = ()

    @cached_property
    def migrations(self) -> tuple[Migration, ...]:
        """The migrations in their order: the engine's first. The very first, 0, makes the record of migrations."""
        engine = _read("", __package__ or "", {"new_rows": _unclaimed_rows()})
        return (*engine, *(step for model in self.models for step in _read(model.name, model.package, _parts(model))))

    @cached_property
    def retention(self) -> tuple[Retention, ...]:
        """All kinds of data, and how long each is kept by default."""
        return (*retention.ENGINE, *(kept for model in self.models for kept in model.retention))

    def parse_ages(self, text: str) -> dict[str, int | None]:
        """Return the ages that ``--keep`` gives, see :func:`.retention.parse`."""
        return retention.parse(text, self.retention)

    def statements(self, step: Migration, layout: Layout, ages: Mapping[str, int | None]) -> list[str]:
        """Return the statements of a migration in their order, each with its comment."""
        text = Template(step.template).substitute(self._values(layout, ages))
        statements = [statement.strip() for statement in re.split(r";[ \t]*(?:\n|$)", text)]
        if not layout.cluster:
            statements = [statement for statement in statements if not statement.startswith(_ON_CLUSTER_ONLY)]
        return [statement for statement in statements if statement]

    def _values(self, layout: Layout, ages: Mapping[str, int | None]) -> dict[str, str]:
        ttl = {
            f"ttl_{table}": f"ttl {clause}" if clause else ""
            for kept in self.retention
            for table, moment in kept.tables.items()
            for clause in (retention.clause(moment, ages.get(kept.subject, kept.default)),)
        }
        return {
            "database": layout.database,
            "cluster": layout.cluster,
            "on_cluster": layout.on_cluster,
            "local": layout.local,
            "merge_tree": layout.engine("MergeTree"),
            "aggregating_merge_tree": layout.engine("AggregatingMergeTree"),
            "replacing_merge_tree": layout.engine("ReplacingMergeTree"),
            "record_engine": layout.record_engine,
            **ttl,
        }


def _parts(model: HistoryModel) -> dict[str, str]:
    """Return the parts of statements that a model's templates may use."""
    rollups = {f"rollup_{rollup.table}": rollup.select(_stored(model.events)) for rollup in model.rollups}
    return {"new_rows": _new_rows(model.events, model.claim), **rollups}


def _new_rows(table: str, condition: str) -> str:
    """Return the SQL of the rows of an insert that fulfil a condition and are not in a table yet.

    A view on the inbox sees the rows of the running insert wherever it names the inbox. The lookup in the table reads
    the hours of these rows only.
    """
    bounds = " and ".join(
        f"toStartOfHour(time) {compared} toStartOfHour((select {bound}(time) from {_stored(INBOX)} where {condition}))"
        for compared, bound in ((">=", "min"), ("<=", "max"))
    )
    return (
        f"(\n    select * from {_stored(INBOX)}\n    where {condition} and event_id not in (\n"
        f"        select event_id from {_stored(table)}\n        where {bounds}\n    )\n    limit 1 by event_id\n)"
    )


def _unclaimed_rows() -> str:
    # A store may have models of sources that are not installed here, so claims are looked up in the store.
    latest = "select groupUniqArrayArray(latest) from (select argMax({}, at) as latest from {} group by model)"
    prefixes, attributes = (latest.format(column, "${database}.argus_claims") for column in ("prefixes", "attributes"))
    claimed = (
        f"arrayExists(prefix -> startsWith(event, concat(prefix, '.')), ({prefixes}))"
        f" or hasAny(mapKeys(attributes), ({attributes}))"
    )
    return _new_rows(UNCLAIMED, f"not ({claimed})")


def _stored(table: str) -> str:
    return f"${{database}}.{table}${{local}}"


def _read(model: str, package: str, parts: Mapping[str, str]) -> Iterator[Migration]:
    files = [file for file in (resources.files(package) / "schema").iterdir() if file.name.endswith(".sql")]
    for file in sorted(files, key=lambda file: file.name):
        number, _, name = file.name.removesuffix(".sql").partition("_")
        # Only now: the checksum covers the parts too.
        template = Template(file.read_text(encoding="utf-8")).safe_substitute(parts)
        yield Migration(model, int(number), name, template)
