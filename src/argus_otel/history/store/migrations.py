"""Applies the migrations of a schema, and checks which of them a store has.

Every statement of a migration may be repeated. So an interrupted migration is started again, and nothing has to
be undone by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from argus_otel.version import __version__

from . import retention
from .client import Store
from .errors import (
    ChangedMigrationError,
    HalfAppliedError,
    NewerSchemaError,
    OutdatedSchemaError,
    SchemaError,
    SchemaMissingError,
    StoreError,
)
from .model import HistoryModel
from .schema import INBOX, UNCLAIMED, Layout, Migration, Schema, title_of

MIGRATE = "argus-otel store migrate"

_DONE = "settings mutations_sync = 2"
_RECORD = "model, version, name, checksum, state, release, cluster"


@dataclass(frozen=True, slots=True)
class Applied:
    """The record of one migration in a store."""

    model: str
    version: int
    name: str
    checksum: str
    state: str
    release: str
    cluster: str

    @property
    def title(self) -> str:
        """Its name in messages."""
        return title_of(self.model, self.version, self.name)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of :func:`migrate`.

    Attributes
    ----------
    applied:
        The migrations that were applied.
    resumed:
        The title of the one among them that had been interrupted before; empty if there was none.
    kept:
        The subjects whose retention was changed, and to how many hours (``None`` is forever).
    adopted:
        How many events that had been unclaimed were moved into the tables of each model.
    """

    applied: tuple[Migration, ...]
    resumed: str
    kept: Mapping[str, int | None]
    adopted: Mapping[str, int] = field(default_factory=dict[str, int])


def recorded(store: Store) -> list[Applied]:
    """Return the migrations that a store has, by model and version; empty if it has no record."""
    try:
        rows = store.query(
            "select model, version, argMax(name, (at, state = 'applied')), argMax(checksum, (at, state = 'applied')),"
            " argMax(state, (at, state = 'applied')), argMax(release, (at, state = 'applied')),"
            " argMax(cluster, (at, state = 'applied'))"
            f" from {store.address.database}.argus_migrations group by model, version order by model, version"
        )
    except SchemaMissingError:
        return []
    return [Applied(*row) for row in rows]


def layout(store: Store) -> Layout:
    """Return the layout of a store's tables."""
    return Layout(store.address.database, next((step.cluster for step in recorded(store)), ""))


def check(store: Store, schema: Schema) -> Layout:
    """Return the layout of a store's tables, after checking that they are those of a schema.

    Raises
    ------
    SchemaError
        It does not. The message says what to do.
    """
    found = _recorded_or_missing(store)
    _check_steps(store, schema.migrations, found)
    _check_claims(store, schema.models)
    return Layout(store.address.database, found[0].cluster)


def check_each(store: Store, schema: Schema) -> dict[str, SchemaError | None]:
    """Check the engine's tables and those of each model by themselves.

    Returns
    -------
    dict
        By the model's name, which is empty for the engine: the error, or ``None`` if the tables are up to date.

    Raises
    ------
    SchemaMissingError
        The store has no tables at all.
    """
    found = _recorded_or_missing(store)
    engine = _error_in(store, schema, found, "")
    # Without the engine's tables, that of the claims may be missing.
    models = {model.name: _error_in(store, schema, found, model.name, claims=engine is None) for model in schema.models}
    return {"": engine, **models}


def _error_in(
    store: Store, schema: Schema, found: Sequence[Applied], name: str, *, claims: bool = False
) -> SchemaError | None:
    try:
        _check_steps(store, [step for step in schema.migrations if step.model == name], found)
        if claims:
            _check_claims(store, [model for model in schema.models if model.name == name])
    except SchemaError as error:
        return error
    return None


def _recorded_or_missing(store: Store) -> list[Applied]:
    found = recorded(store)
    if not found:
        raise SchemaMissingError(f"{store.address} is missing the history tables; create them: {MIGRATE}")
    return found


def _check_steps(store: Store, steps: Sequence[Migration], found: Sequence[Applied]) -> None:
    _judge(store, steps, found)
    by_key = {(step.model, step.version): step for step in found}
    ours = [step for step in steps if (step.model, step.version) in by_key]
    for step in (by_key[step.model, step.version] for step in ours):
        if step.state != "applied":
            raise HalfAppliedError(
                f"{store.address}: the migration {step.title} was started by argus-otel {step.release} and did not "
                f"end; finish it: {MIGRATE}"
            )
    missing = [step for step in steps if step not in ours]
    if missing:
        raise OutdatedSchemaError(
            f"{store.address} lacks {len(missing)} migration(s) of argus-otel {__version__}, the first of them "
            f"{missing[0].title}; apply them: {MIGRATE}"
        )


def _check_claims(store: Store, models: Sequence[HistoryModel]) -> None:
    claims = _claims(store) if models else {}
    for model in models:
        if claims.get(model.name) != _claim_of(model):
            raise OutdatedSchemaError(
                f"{store.address} does not know yet which events the model {model.name} claims; apply it: {MIGRATE}"
            )


def ensure(store: Store, schema: Schema) -> Layout:
    """Check a server as :func:`check` does; migrate an embedded store if necessary, since no command may have."""
    if not store.address.embedded:
        return check(store, schema)
    try:
        return check(store, schema)
    except (SchemaMissingError, HalfAppliedError, OutdatedSchemaError):
        migrate(store, schema)
        return check(store, schema)


def migrate(
    store: Store,
    schema: Schema,
    *,
    cluster: str | None = None,
    keep: Mapping[str, int | None] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Outcome:
    """Apply the migrations that a store lacks, and set how long data is kept.

    Parameters
    ----------
    cluster:
        The name of the ClickHouse cluster that the tables are spread over; by default as recorded, else one server.
    keep:
        By subject, in hours; ``None`` is forever. Other subjects stay as they are, or have the schema's default if they
        are new.
    progress:
        Called before each statement with the migration, the statement's number from 1 and the number of statements.

    Raises
    ------
    SchemaError
        The store was migrated by a later release, or by migrations that are not these.
    StoreError
        A statement failed. The migrations before it stay; running it again continues from there.
    """
    found = recorded(store)
    _judge(store, schema.migrations, found)
    target = Layout(store.address.database, _cluster(store, found, cluster))
    done = {(step.model, step.version) for step in found if step.state == "applied"}
    started = {(step.model, step.version) for step in found} - done
    applied: list[Migration] = []
    resumed = ""
    for step in schema.migrations:
        key = step.model, step.version
        if key in done:
            continue
        if key in started:
            resumed = step.title
        if key != ("", 0):  # which makes the table of the record
            _note(store, step, "begun", target)
        statements = schema.statements(step, target, keep or {})
        for number, statement in enumerate(statements, 1):
            if progress:
                progress(step.title, number, len(statements))
            store.command(statement)
        _note(store, step, "applied", target)
        applied.append(step)
    store.use(target.database)
    adopted = _claim(store, schema, target)
    return Outcome(tuple(applied), resumed, _keep(store, schema, target, keep or {}), adopted)


def kept(store: Store, schema: Schema, where: Layout) -> dict[str, int | None]:
    """Return how long each subject is kept, in hours, by the definitions of the tables; ``None`` is forever."""
    ages: dict[str, int | None] = {}
    for subject in schema.retention:
        _, table = where.stored(next(iter(subject.tables))).split(".", 1)
        definition = store.query(
            "select engine_full from system.tables where database = {database:String} and name = {name:String}",
            {"database": where.database, "name": table},
        )
        if definition:
            ages[subject.subject] = retention.hours_in(definition[0][0])
    return ages


def script(schema: Schema, where: Layout, keep: Mapping[str, int | None]) -> str:
    """Return all statements that make the schema on an empty server, for applying them by other means.

    The record is written too, so that :func:`check` and later migrations find it.
    """
    lines: list[str] = []
    for step in schema.migrations:
        lines.append(f"-- {step.title}, of argus-otel {__version__}")
        lines += [f"{statement};\n" for statement in schema.statements(step, where, keep)]
        values = (step.model, step.version, step.name, step.checksum, "applied", __version__, where.cluster)
        row = ", ".join(str(value) if isinstance(value, int) else f"'{value}'" for value in values)
        lines.append(f"insert into {where.database}.argus_migrations ({_RECORD}) values ({row});\n")
    lines += [f"{_claim_statement(where, model)};\n" for model in schema.models]
    return "\n".join(lines)


def _note(store: Store, step: Migration, state: str, where: Layout) -> None:
    store.command(
        f"insert into {where.database}.argus_migrations ({_RECORD}) select {{model:String}}, {{version:UInt32}},"
        " {name:String}, {checksum:String}, {state:String}, {release:String}, {cluster:String}",
        {
            "model": step.model,
            "version": step.version,
            "name": step.name,
            "checksum": step.checksum,
            "state": state,
            "release": __version__,
            "cluster": where.cluster,
        },
    )


def _judge(store: Store, steps: Sequence[Migration], found: Sequence[Applied]) -> None:
    ours = {(step.model, step.version): step for step in steps}
    models = {step.model for step in steps}
    for step in found:
        if step.model not in models:  # of a source that is installed elsewhere
            continue
        known = ours.get((step.model, step.version))
        if known is None:
            raise NewerSchemaError(
                f"{store.address} has the migration {step.title}, applied by argus-otel {step.release}, which "
                f"argus-otel {__version__} does not know; upgrade: pip install -U argus-otel"
            )
        # An interrupted one is applied as this release has it.
        if step.state == "applied" and known.checksum != step.checksum:
            raise ChangedMigrationError(
                f"{store.address} has the migration {step.title} with the checksum {step.checksum}, but that of "
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
            f"a cluster, and copy history into its {INBOX}"
        )
    return known


# -- which model claims which events

_Claim = tuple[tuple[str, ...], tuple[str, ...]]


def _claim_of(model: HistoryModel) -> _Claim:
    return model.prefixes, model.attributes


def _claims(store: Store) -> dict[str, _Claim]:
    rows = store.query(
        f"select model, argMax(prefixes, at), argMax(attributes, at) from {store.address.database}.argus_claims"
        " group by model"
    )
    return {model: (tuple(prefixes), tuple(attributes)) for model, prefixes, attributes in rows}


def _claim_statement(where: Layout, model: HistoryModel) -> str:
    prefixes, attributes = ("[" + ", ".join(f"'{name}'" for name in names) + "]" for names in _claim_of(model))
    return (
        f"insert into {where.database}.argus_claims (model, prefixes, attributes)"
        f" select '{model.name}', {prefixes}::Array(String), {attributes}::Array(String)"
    )


def _claim(store: Store, schema: Schema, where: Layout) -> dict[str, int]:
    """Record the claims of models, and move events that had been unclaimed until now into their tables."""
    known = _claims(store)
    adopted: dict[str, int] = {}
    for model in schema.models:
        if known.get(model.name) != _claim_of(model):
            store.command(_claim_statement(where, model))
        [(waiting,)] = store.query(f"select count() from {UNCLAIMED} where {model.claim}")
        if waiting:
            store.command(f"insert into {INBOX} select * from {UNCLAIMED} where {model.claim}")
            store.command(f"alter table {where.stored(UNCLAIMED)}{where.on_cluster} delete where {model.claim} {_DONE}")
            adopted[model.name] = int(waiting)
    return adopted


# -- how long data is kept


def _keep(store: Store, schema: Schema, where: Layout, keep: Mapping[str, int | None]) -> dict[str, int | None]:
    now = kept(store, schema, where)
    changed = {subject: hours for subject, hours in keep.items() if now.get(subject) != hours}
    for subject in schema.retention:
        if subject.subject not in changed:
            continue
        for table, moment in subject.tables.items():
            ttl = retention.clause(moment, changed[subject.subject])
            action = f"modify ttl {ttl}" if ttl else "remove ttl"
            store.command(f"alter table {where.stored(table)}{where.on_cluster} {action}")
    return changed
