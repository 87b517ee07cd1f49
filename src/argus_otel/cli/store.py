"""``argus-otel store``: makes and checks the tables of a store, imports files into it, and erases from it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from argus_otel.history.models import installed_schema
from argus_otel.history.store import migrations, retention
from argus_otel.history.store.client import BUSY_TIMEOUT, Store, connect
from argus_otel.history.store.errors import SchemaError, StoreError
from argus_otel.history.store.model import ErasureReference
from argus_otel.history.store.schema import Layout, Schema
from argus_otel.settings import Settings
from argus_otel.terminal.store_options import add_store, chosen_store, failed, size_text, waiting

from . import store_files

_PROG = "argus-otel store"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments. The installed sources bring subjects of ``--keep`` and references of ``forget``."""
    schema = _schema_or_exit(parser)
    actions = parser.add_subparsers(dest="action", metavar="action", required=True, prog=_PROG)
    migrate = actions.add_parser(
        "migrate",
        allow_abbrev=False,
        help="create the tables, bring them up to date, or change how long data is kept",
        description="Creates the database and the tables of the engine and of every installed source, or brings them "
        "up to date: applied migrations are not repeated, and an interrupted one is finished. With --keep, also sets "
        "how long data is kept; other subjects keep their retention. It may be run at any time, also while a program "
        "or a Collector writes.",
    )
    status = actions.add_parser(
        "status",
        allow_abbrev=False,
        help="show the applied migrations, the tables, and how long data is kept",
        description="Shows which migrations were applied, how much each table stores, and how long it is kept. "
        "Exit code 0: the tables are those of this release; 1: they are not, or the store cannot be queried.",
    )
    sql = actions.add_parser(
        "sql",
        allow_abbrev=False,
        help="print the statements instead of running them",
        description="Prints all statements that `migrate` would run on an empty server, for applying them by other "
        "means. It connects to no server.",
    )
    forget = actions.add_parser(
        "forget",
        allow_abbrev=False,
        help="erase everything stored about one person, or about another reference of a source",
        description="Erases all rows of one reference from history, rollups, traces and logs.\nA person is found by "
        "the id, and by its keyed hash if ARGUS_HISTORY_USER_KEY is set.",
        epilog=_examples(schema),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    import_ = actions.add_parser(
        "import",
        allow_abbrev=False,
        help="import the daily files of a bot into a store",
        description="Imports a directory that a program has written with ARGUS_HISTORY_STORE=files:DIR, or a copy of "
        "it, into an embedded store or a server. Each event is stored once: an import may be repeated, also after it "
        "was interrupted, and the program may still be writing. Files are only read.",
        epilog=f"example:\n  {_PROG} import argus-history-files --store chdb:argus-history",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    import_.add_argument("directory", metavar="DIR", help="the directory of daily files")
    for action in (migrate, status, sql, forget, import_):
        add_store(action)
    for action in (migrate, sql):
        action.add_argument(
            "--cluster",
            metavar="NAME",
            help="spread the tables over this cluster of system.clusters: replicated tables on every host, with the "
            "suffix _local, and a distributed one over each; the hosts need the macros {shard} and {replica}",
        )
        action.add_argument("--keep", metavar="NAME=AGE,…", default="", help=_keep_help(schema))
    references = forget.add_mutually_exclusive_group(required=bool(_references(schema)))
    for keyword, reference in _references(schema).items():
        references.add_argument(
            f"--{keyword}", metavar="ID", help=f"the id of the {keyword}, such as {reference.example}"
        )
    forget.add_argument("--yes", action="store_true", help="do not ask for confirmation")


def run(arguments: argparse.Namespace) -> int:
    """Run the action; return 0, 1 if the store fails or is not up to date, and 2 for wrong usage."""
    schema = installed_schema()
    try:
        if arguments.action == "sql":
            where = Layout(chosen_store(arguments).database, arguments.cluster or "")
            print(migrations.script(schema, where, schema.parse_ages(arguments.keep)), end="")
            return 0
        if arguments.action == "forget":
            return _forget(schema, arguments)
        keep = schema.parse_ages(arguments.keep) if arguments.action == "migrate" else {}
        address, create = chosen_store(arguments), arguments.action in ("migrate", "import")
        if address.files is not None and arguments.action == "status":
            return store_files.show_status(address)
        with waiting("connecting"):
            store = connect(address, busy_timeout=BUSY_TIMEOUT, create=create)
        with store:
            if arguments.action == "status":
                return _status(store, schema)
            if arguments.action == "import":
                return store_files.import_into(store, schema, arguments.directory)
            return _migrate(store, schema, arguments.cluster, keep)
    except StoreError as error:
        return failed(f"store {arguments.action}", error)


def _schema_or_exit(parser: argparse.ArgumentParser) -> Schema:
    try:
        return installed_schema()
    except StoreError as error:
        parser.error(str(error))


def _keep_help(schema: Schema) -> str:
    subjects = ", ".join(kept.subject for kept in schema.retention)
    defaults = ",".join(f"{kept.subject}={retention.age_text(kept.default)}" for kept in schema.retention)
    return (
        f"how long each kind of data is kept, separated by commas: NAME=AGE, where NAME is one of {subjects}, and AGE "
        f"a number with h, d, w or y, or forever. By default {defaults}"
    )


def _migrate(store: Store, schema: Schema, cluster: str | None, keep: dict[str, int | None]) -> int:
    print(f"{store.address} (ClickHouse {store.version})")
    outcome = migrations.migrate(store, schema, cluster=cluster, keep=keep, progress=_show_progress)
    _clear_progress()
    if outcome.resumed:
        print(f"The migration {outcome.resumed} had been interrupted and is finished now.")
    for step in outcome.applied:
        print(f"applied {step.title}")
    if not outcome.applied:
        print("All migrations had been applied already.")
    for model, rows in outcome.adopted.items():
        print(f"{rows:,} events that had been unclaimed are in the tables of {model} now")
    for subject, hours in outcome.kept.items():
        print(f"{subject} is kept {retention.age_text(hours)} now; older data is removed when the engine next merges")
    return 0


def _status(store: Store, schema: Schema) -> int:
    print(f"{store.address} (ClickHouse {store.version})")
    found = {(step.model, step.version): step for step in migrations.recorded(store)}
    for step in schema.migrations:
        applied = found.get((step.model, step.version))
        by = f" by argus-otel {applied.release}" if applied else ""
        state = "not applied" if applied is None else "interrupted" if applied.state != "applied" else "applied"
        print(f"  {step.title:<26} {state}{by}")
    installed = {step.model for step in schema.migrations}
    for model in sorted({model for model, _ in found} - installed):
        print(f"  the tables of {model}, a source that is not installed here")
    try:
        where = migrations.check(store, schema)
    except SchemaError as error:
        return failed("store status", error)
    if where.cluster:
        print(f"spread over the cluster {where.cluster}; rows and sizes are those of this host")
    _print_tables(store, schema, where)
    return 0


def _print_tables(store: Store, schema: Schema, where: Layout) -> None:
    ages = migrations.kept(store, schema, where)
    print(f"\n  {'table':<26} {'rows':>14} {'size':>10}  kept")
    for subject in schema.retention:
        for table in subject.tables:
            name = where.stored(table).partition(".")[2]
            [(rows, size)] = store.query(
                "select toUInt64(sum(rows)), toUInt64(sum(bytes_on_disk)) from system.parts"
                " where active and database = {database:String} and table = {name:String}",
                {"database": where.database, "name": name},
            )
            age = retention.age_text(ages.get(subject.subject))
            print(f"  {table:<26} {rows:>14,} {size_text(size):>10}  {age}")


# -- forget


def _references(schema: Schema) -> dict[str, ErasureReference]:
    return {keyword: reference for model in schema.models for keyword, reference in model.references.items()}


def _examples(schema: Schema) -> str:
    examples = [f"  {_PROG} forget --{keyword} {each.example}" for keyword, each in _references(schema).items()]
    return "\n".join(("examples:", *examples)) if examples else ""


def _forget(schema: Schema, arguments: argparse.Namespace) -> int:
    from argus_otel.history.store.erasure import erase

    references = _references(schema)
    keyword = next((keyword for keyword in references if getattr(arguments, keyword) is not None), None)
    if keyword is None:
        raise StoreError("no installed source has a reference by which history can be erased")
    identifier: str = getattr(arguments, keyword)
    try:
        references[keyword].parse(identifier)
    except ValueError as error:
        print(f"{_PROG} forget: error: argument --{keyword}: {error}", file=sys.stderr)
        return 2
    address = chosen_store(arguments)
    key = Settings.resolve().history_user_key
    if not arguments.yes and not _confirmed(f"everything that {address} has of the {keyword} {identifier}", identifier):
        return 1
    personal = references[keyword].personal
    if personal and not key:
        print(f"ARGUS_HISTORY_USER_KEY is not set: rows with a keyed hash of the {keyword} stay.", file=sys.stderr)
    if address.files is not None:
        return store_files.forget(address, schema, keyword, identifier, key)
    with (
        connect(address, busy_timeout=BUSY_TIMEOUT, create=False) as store,
        waiting(f"erasing the {keyword} {identifier}"),
    ):
        migrations.ensure(store, schema)
        erased = erase(store, schema, keyword, identifier, key)
    rollups = {rollup.table for model in schema.models for rollup in model.rollups}
    _print_erased([(each.table, each.rows, personal and each.table in rollups) for each in erased])
    return 0


def _print_erased(erased: Sequence[tuple[str, int, bool]]) -> None:
    width = max(len(table) for table, _, _ in erased)
    for table, rows, rebuilt in erased:
        print(f"{table:<{width}} {rows:>10,} rows{' (rebuilt, or without people)' if rebuilt else ''}")


def _confirmed(what: str, word: str) -> bool:
    if not sys.stdin.isatty():
        print(f"{_PROG} forget: this erases {what}; add --yes to confirm", file=sys.stderr)
        return False
    print(f"This erases {what}. It cannot be undone.")
    if input(f"Type {word} to confirm: ").strip() == word:
        return True
    print("Nothing was erased.")
    return False


# -- progress


def _show_progress(step: str, number: int, of: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{step}: statement {number} of {of} …")
        sys.stderr.flush()


def _clear_progress() -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
