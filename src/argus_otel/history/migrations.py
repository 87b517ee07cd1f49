"""The schema, in numbered steps: which were applied, which have to be, and applying them.

Each statement of a step may be run again. So a step that broke off is begun anew, and nothing has to be undone by hand.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template

from argus_otel.version import __version__

from . import retention
from .errors import (
    ChangedMigrationError,
    HalfAppliedError,
    NewerSchemaError,
    OutdatedSchemaError,
    SchemaMissingError,
    StoreError,
)
from .store import Store

MIGRATE = "argus-otel clickhouse migrate"

_FOLDER = Path(__file__).parent / "schema"
_ON_CLUSTER_ONLY = "-- only on a cluster"
_KEEPER_PATH = "/clickhouse/tables/{shard}/{database}/{table}"
_NAME = re.compile(r"[A-Za-z0-9_-]+")


class ClusterError(StoreError, ValueError):
    """A cluster has no name that a cluster can have."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the tables are.

    Attributes
    ----------
    cluster:
        The name of a ClickHouse cluster that they are spread over; empty for one server. Every table that stores
        something is then replicated and has the suffix ``_local``, and the table of the name itself distributes.

    Raises
    ------
    ClusterError
        The cluster has no name that a cluster can have.
    """

    database: str
    cluster: str = ""

    def __post_init__(self) -> None:
        if self.cluster and not _NAME.fullmatch(self.cluster):
            raise ClusterError(
                f"--cluster is {self.cluster!r}, but it has to be the name of a cluster in system.clusters"
            )

    @property
    def on_cluster(self) -> str:
        """What a statement says to be run on every host."""
        return f" on cluster `{self.cluster}`" if self.cluster else ""

    def stored(self, table: str) -> str:
        """Return the full name of what stores the rows of ``table``."""
        return f"{self.database}.{table}{self._local}"

    @property
    def _local(self) -> str:
        return "_local" if self.cluster else ""

    def values(self, keep: Mapping[str, int | None]) -> dict[str, str]:
        """Return what the templates have to be filled with."""
        ages = {**retention.DEFAULTS, **keep}
        clauses = {
            table: retention.clause(moment, ages[kept.subject])
            for kept in retention.SUBJECTS
            for table, moment in kept.tables.items()
        }
        ttl = {table: f"ttl {clause}" if clause else "" for table, clause in clauses.items()}
        return {
            "database": self.database,
            "cluster": self.cluster,
            "on_cluster": self.on_cluster,
            "local": self._local,
            "merge_tree": self._engine("MergeTree"),
            "aggregating_merge_tree": self._engine("AggregatingMergeTree"),
            # The record is one for the whole cluster, however many shards it has.
            "record_engine": self._engine("MergeTree", _KEEPER_PATH.replace("{shard}", "all"), "{shard}-{replica}"),
            "ttl_history": ttl["history"],
            "ttl_hourly": ttl["history_hourly"],
            "ttl_daily": ttl["history_daily"],
            "ttl_logs": ttl["otel_logs"],
            "ttl_traces": ttl["otel_traces"],
            "ttl_trace_times": ttl["otel_traces_trace_id_ts"],
        }

    def _engine(self, name: str, path: str = _KEEPER_PATH, replica: str = "{replica}") -> str:
        return f"Replicated{name}('{path}', '{replica}')" if self.cluster else name


@dataclass(frozen=True, slots=True)
class Migration:
    """One step."""

    version: int
    name: str
    template: str

    @property
    def checksum(self) -> str:
        """Of the template: neither a cluster nor how long data is kept makes it another step."""
        return hashlib.sha256(self.template.encode()).hexdigest()[:16]

    def statements(self, layout: Layout, keep: Mapping[str, int | None]) -> list[str]:
        """Return its statements, in the order in which they have to be run, each with its comment."""
        text = Template(self.template).substitute(layout.values(keep))
        statements = [statement.strip() for statement in re.split(r";[ \t]*(?:\n|$)", text)]
        if not layout.cluster:
            statements = [statement for statement in statements if not statement.startswith(_ON_CLUSTER_ONLY)]
        return [statement for statement in statements if statement]


@dataclass(frozen=True, slots=True)
class Applied:
    """What the record says of one step."""

    version: int
    name: str
    checksum: str
    state: str
    release: str
    cluster: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What :func:`migrate` did.

    Attributes
    ----------
    applied:
        The steps that were applied.
    resumed:
        The one of them that had been begun before; empty where there was none.
    kept:
        The subjects whose retention was changed, and to how many hours (``None`` is forever).
    """

    applied: tuple[Migration, ...]
    resumed: str
    kept: Mapping[str, int | None]


@cache
def migrations() -> tuple[Migration, ...]:
    """Return the steps of this release, in their order. The first, 0, is the record itself."""
    found: list[Migration] = []
    for path in sorted(_FOLDER.glob("*.sql")):
        number, _, name = path.stem.partition("_")
        found.append(Migration(int(number), name, path.read_text(encoding="utf-8")))
    return tuple(found)


def recorded(store: Store) -> list[Applied]:
    """Return what the record says, in the order of the versions; empty where there is no record."""
    try:
        rows = store.query(
            "select version, argMax(name, (at, state = 'applied')), argMax(checksum, (at, state = 'applied')),"
            " argMax(state, (at, state = 'applied')), argMax(release, (at, state = 'applied')),"
            " argMax(cluster, (at, state = 'applied'))"
            f" from {store.address.database}.argus_migrations group by version order by version"
        )
    except SchemaMissingError:
        return []
    return [Applied(*row) for row in rows]


def layout(store: Store) -> Layout:
    """Return where the tables of a store are."""
    return Layout(store.address.database, next((step.cluster for step in recorded(store)), ""))


def check(store: Store) -> Layout:
    """Return where the tables of a store are, once it is clear that they are those of this release.

    Raises
    ------
    SchemaError
        They are not. The message says what to do.
    """
    found = recorded(store)
    if not found:
        raise SchemaMissingError(f"{store.address} has not the tables of history; create them: {MIGRATE}")
    _judge(store, found)
    for step in found:
        if step.state != "applied":
            raise HalfAppliedError(
                f"{store.address}: the migration {_title(step)} was begun by argus-otel {step.release} and did not "
                f"end; finish it: {MIGRATE}"
            )
    missing = [step for step in migrations() if step.version not in {applied.version for applied in found}]
    if missing:
        raise OutdatedSchemaError(
            f"{store.address} lacks {len(missing)} migration(s) of argus-otel {__version__}, the first of them "
            f"{_title(missing[0])}; apply them: {MIGRATE}"
        )
    return Layout(store.address.database, found[0].cluster)


def ensure(store: Store) -> Layout:
    """Check a server as :func:`check` does; migrate an embedded store where it has to be, for nobody else would."""
    if not store.address.embedded:
        return check(store)
    try:
        return check(store)
    except (SchemaMissingError, HalfAppliedError, OutdatedSchemaError):
        migrate(store)
        return check(store)


def migrate(
    store: Store,
    *,
    cluster: str | None = None,
    keep: Mapping[str, int | None] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Outcome:
    """Apply what has not been applied yet, and set how long data is kept.

    Parameters
    ----------
    cluster:
        The name of the ClickHouse cluster that the tables are to be spread over; by default as the record says, and
        one server where there is none.
    keep:
        By subject, in hours; ``None`` is forever. What is not named stays as it is, or as
        :data:`.retention.DEFAULTS` says where it is new.
    progress:
        Called before each statement with the step, the statement's number from 1 and how many there are in the step.

    Raises
    ------
    SchemaError
        The store was migrated by a later release, or by steps that are not ours.
    StoreError
        A statement failed. What was applied stays; running it again goes on from there.
    """
    found = recorded(store)
    _judge(store, found)
    target = Layout(store.address.database, _cluster(store, found, cluster))
    done = {step.version for step in found if step.state == "applied"}
    begun = {step.version for step in found} - done
    applied: list[Migration] = []
    resumed = ""
    for step in migrations():
        if step.version in done:
            continue
        if step.version in begun:
            resumed = _title(step)
        if step.version > 0:  # before the record itself is made, nothing can be noted in it
            _note(store, step, "begun", target)
        statements = step.statements(target, keep or {})
        for number, statement in enumerate(statements, 1):
            if progress:
                progress(_title(step), number, len(statements))
            store.command(statement)
        _note(store, step, "applied", target)
        applied.append(step)
    store.use(target.database)
    return Outcome(tuple(applied), resumed, _keep(store, target, keep or {}))


def kept(store: Store, where: Layout) -> dict[str, int | None]:
    """Return how long each subject is kept, in hours, as the tables say; ``None`` is forever."""
    ages: dict[str, int | None] = {}
    for subject in retention.SUBJECTS:
        _, table = where.stored(next(iter(subject.tables))).split(".", 1)
        definition = store.query(
            "select engine_full from system.tables where database = {database:String} and name = {name:String}",
            {"database": where.database, "name": table},
        )
        if definition:
            ages[subject.subject] = retention.found(definition[0][0])
    return ages


def script(where: Layout, keep: Mapping[str, int | None]) -> str:
    """Return all statements that make the schema, for somebody who would rather apply them by other means.

    The record is written too, so that :func:`check` and later migrations know of them.
    """
    lines: list[str] = []
    for step in migrations():
        lines.append(f"-- {_title(step)}, of argus-otel {__version__}")
        lines += [f"{statement};\n" for statement in step.statements(where, keep)]
        values = (step.version, step.name, step.checksum, "applied", __version__, where.cluster)
        row = ", ".join(str(value) if isinstance(value, int) else f"'{value}'" for value in values)
        lines.append(f"insert into {where.database}.argus_migrations ({_RECORD}) values ({row});\n")
    return "\n".join(lines)


_RECORD = "version, name, checksum, state, release, cluster"


def _note(store: Store, step: Migration, state: str, where: Layout) -> None:
    store.command(
        f"insert into {where.database}.argus_migrations ({_RECORD}) select {{version:UInt32}}, {{name:String}},"
        " {checksum:String}, {state:String}, {release:String}, {cluster:String}",
        {
            "version": step.version,
            "name": step.name,
            "checksum": step.checksum,
            "state": state,
            "release": __version__,
            "cluster": where.cluster,
        },
    )


def _judge(store: Store, found: list[Applied]) -> None:
    ours = {step.version: step for step in migrations()}
    for step in found:
        known = ours.get(step.version)
        if known is None:
            raise NewerSchemaError(
                f"{store.address} has the migration {_title(step)}, applied by argus-otel {step.release}, which "
                f"argus-otel {__version__} does not know; upgrade: pip install -U argus-otel"
            )
        # One that was not finished is applied as this release has it, whatever began it.
        if step.state == "applied" and known.checksum != step.checksum:
            raise ChangedMigrationError(
                f"{store.address} has the migration {_title(step)} with the checksum {step.checksum}, but that of "
                f"argus-otel {__version__} is {known.checksum}; use the release that applied it ({step.release}), or "
                f"another database"
            )


def _cluster(store: Store, found: list[Applied], asked: str | None) -> str:
    if not found:
        return asked or ""
    known = found[0].cluster
    if asked is not None and asked != known:
        there = f"spread over the cluster {known!r}" if known else "on one server"
        raise StoreError(
            f"--cluster is {asked!r}, but the tables in {store.address} are {there}; use another database for "
            "a cluster, and copy history into its history_inbox"
        )
    return known


def _keep(store: Store, where: Layout, keep: Mapping[str, int | None]) -> dict[str, int | None]:
    now = kept(store, where)
    changed = {subject: hours for subject, hours in keep.items() if now.get(subject) != hours}
    for subject in retention.SUBJECTS:
        if subject.subject not in changed:
            continue
        for table, moment in subject.tables.items():
            ttl = retention.clause(moment, changed[subject.subject])
            action = f"modify ttl {ttl}" if ttl else "remove ttl"
            store.command(f"alter table {where.stored(table)}{where.on_cluster} {action}")
    return changed


def _title(step: Migration | Applied) -> str:
    return f"{step.version} ({step.name.replace('_', ' ')})"
