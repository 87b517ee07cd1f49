"""``argus-otel clickhouse``: makes the tables of history, logs and traces, and tells what is there."""

from __future__ import annotations

import argparse
import sys

from argus_otel.history import migrations, retention
from argus_otel.history.errors import SchemaError, StoreError
from argus_otel.history.migrations import Layout
from argus_otel.history.store import Store, connect

from .stores import add_store, chosen, failed, waiting

_KEEP = (
    "how long each kind of data is kept, by commas: NAME=AGE, where NAME is one of "
    f"{', '.join(retention.DEFAULTS)}, and AGE a number with h, d, w or y, or forever. By default "
    + ",".join(f"{name}={retention.shown(hours)}" for name, hours in retention.DEFAULTS.items())
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="action", required=True, prog="argus-otel clickhouse")
    migrate = actions.add_parser(
        "migrate",
        allow_abbrev=False,
        help="create the tables, bring them up to date, or change how long data is kept",
        description="Creates the database and its tables, or brings them up to date: what was applied already is left "
        "alone, and what broke off is finished. With --keep, also sets how long data is kept; what it does not name "
        "stays as it is. It may be run at any time, also while a bot or a Collector writes.",
    )
    status = actions.add_parser(
        "status",
        allow_abbrev=False,
        help="tell what was applied, what is stored, and for how long",
        description="Tells which migrations were applied, how much is stored in each table, and how long it is kept. "
        "Exit code 0: the tables are those of this release; 1: they are not, or the store cannot be asked.",
    )
    sql = actions.add_parser(
        "sql",
        allow_abbrev=False,
        help="print the statements instead of running them",
        description="Prints all statements that `migrate` would run on an empty server, for somebody who may or will "
        "only apply them by other means. Nothing is connected to.",
    )
    for action in (migrate, status, sql):
        add_store(action)
    for action in (migrate, sql):
        action.add_argument(
            "--cluster",
            metavar="NAME",
            help="spread the tables over this cluster of system.clusters: replicated tables on every host, with the "
            "suffix _local, and a distributed one over each; the hosts need the macros {shard} and {replica}",
        )
        action.add_argument("--keep", metavar="NAME=AGE,…", default="", help=_KEEP)


def run(arguments: argparse.Namespace) -> int:
    """Do it; return 0, 1 where the store is at fault or is not up to date, and 2 for wrong usage."""
    try:
        if arguments.action == "sql":
            where = Layout(chosen(arguments).database, arguments.cluster or "")
            print(migrations.script(where, retention.parse(arguments.keep)), end="")
            return 0
        keep = retention.parse(arguments.keep) if arguments.action == "migrate" else {}
        with waiting("connecting"):
            store = connect(chosen(arguments), create=arguments.action == "migrate")
        with store:
            if arguments.action == "status":
                return _status(store)
            return _migrate(store, arguments.cluster, keep)
    except StoreError as error:
        return failed(f"clickhouse {arguments.action}", error)


def _migrate(store: Store, cluster: str | None, keep: dict[str, int | None]) -> int:
    print(f"{store.address} (ClickHouse {store.version})")
    told = migrations.migrate(store, cluster=cluster, keep=keep, progress=_progress)
    _clear()
    if told.resumed:
        print(f"The migration {told.resumed} had been begun before and is finished now.")
    for step in told.applied:
        print(f"applied {step.version}  {step.name.replace('_', ' ')}")
    if not told.applied:
        print("All migrations had been applied already.")
    for subject, hours in told.kept.items():
        print(f"{subject} is kept {_kept(hours)} now; what is older goes when the engine next merges")
    return 0


def _status(store: Store) -> int:
    print(f"{store.address} (ClickHouse {store.version})")
    found = {step.version: step for step in migrations.recorded(store)}
    for step in migrations.migrations():
        applied = found.get(step.version)
        by = f" by argus-otel {applied.release}" if applied else ""
        state = "not applied" if applied is None else "begun, not ended" if applied.state != "applied" else "applied"
        print(f"  {step.version}  {step.name.replace('_', ' '):<24} {state}{by}")
    try:
        where = migrations.check(store)
    except SchemaError as error:
        return failed("clickhouse status", error)
    if where.cluster:
        print(f"spread over the cluster {where.cluster}; rows and sizes are those of this host")
    _tables(store, where)
    return 0


def _tables(store: Store, where: Layout) -> None:
    ages = migrations.kept(store, where)
    print(f"\n  {'table':<26} {'rows':>14} {'size':>10}  kept")
    for subject in retention.SUBJECTS:
        for table in subject.tables:
            name = where.stored(table).partition(".")[2]
            [(rows, size)] = store.query(
                "select toUInt64(sum(rows)), toUInt64(sum(bytes_on_disk)) from system.parts"
                " where active and database = {database:String} and table = {name:String}",
                {"database": where.database, "name": name},
            )
            print(f"  {table:<26} {rows:>14,} {_size(size):>10}  {_kept(ages.get(subject.subject))}")


def _kept(hours: int | None) -> str:
    return retention.shown(hours)


def _size(size: int) -> str:
    amount, unit = float(size), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if amount < 1024 or unit == "TiB":
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def _progress(step: str, number: int, of: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{step}: statement {number} of {of} …")
        sys.stderr.flush()


def _clear() -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
