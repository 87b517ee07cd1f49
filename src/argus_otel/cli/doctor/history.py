"""Checks history: packages, spool, store and its tables, as the settings ask for them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from argus_otel.history.directories import open_to_others
from argus_otel.history.files.listing import FilesError, listed
from argus_otel.history.files.writer import DayFileWriter
from argus_otel.history.models import installed_schema
from argus_otel.history.record.spool import Spool, SpoolError
from argus_otel.history.store import migrations
from argus_otel.history.store.address import Address, parse
from argus_otel.history.store.client import connect
from argus_otel.history.store.errors import StoreError
from argus_otel.settings import Settings
from argus_otel.terminal.findings import Finding, Status

_GROUP = "History"


def look_at_history(settings: Settings, *, network: bool) -> Iterator[Finding]:
    """Check what a program with these settings would need for its history.

    Parameters
    ----------
    network:
        Whether to connect to a server and check the tables of the engine and of each installed model. An embedded
        store is not opened, because a program may be using it.
    """
    if settings.history == "off":
        yield Finding(_GROUP, "history", Status.INFO, "off; ARGUS_HISTORY=true keeps one")
        return
    if settings.history == "otlp":
        yield from _spool(settings)
        yield Finding(_GROUP, "history", Status.OK, "as log records, to where logs are exported by OTLP")
        return
    try:
        address = parse(settings.history_store)
    except StoreError as error:
        detail, _, remedy = str(error).partition("; ")
        yield Finding(_GROUP, "store", Status.FAIL, detail, remedy)
        return
    if address.files is not None:
        yield from _files(settings, address, Path(address.files).absolute())
        return
    yield from _spool(settings)
    yield from _store(address, network=network)


def _files(settings: Settings, address: Address, directory: Path) -> Iterator[Finding]:
    limit = int(settings.history_files_limit * (1 << 20))
    try:
        DayFileWriter(directory, limit, settings.history_files_days, lambda _rows, _reason: None).check()
        files = listed(directory)
    except FilesError as error:
        yield Finding(_GROUP, "store", Status.FAIL, str(error), "set ARGUS_HISTORY_STORE to another directory")
        return
    size = sum(file.size for file in files) / (1 << 20)
    detail = f"{address}: {len({file.day for file in files})} of {settings.history_files_days} days, "
    detail += f"{size:.1f} of {settings.history_files_limit:g} MiB"
    yield Finding(_GROUP, "store", Status.OK, detail)
    yield from _privacy("store's directory", directory)
    if any(find_spec(name) is None for name in ("chdb", "clickhouse_connect")):
        detail = "files are queried by ClickHouse's engine, which is not installed here; recording does not need it"
        remedy = f"pip install 'argus-otel[embedded]', or copy {directory} to a machine that has it"
        yield Finding(_GROUP, "queries", Status.INFO, detail, remedy)


def _store(address: Address, *, network: bool) -> Iterator[Finding]:
    extra, module = ("embedded", "chdb") if address.embedded else ("clickhouse", "clickhouse_connect")
    missing = [name for name in dict.fromkeys(("clickhouse_connect", module)) if find_spec(name) is None]
    if missing:
        detail = f"{address} needs {' and '.join(missing)}, which is not installed"
        yield Finding(_GROUP, "store", Status.FAIL, detail, f"pip install 'argus-otel[{extra}]'")
    elif address.directory is not None:
        yield Finding(_GROUP, "store", Status.OK, f"{address}: a process of its own ingests events now and then")
        yield from _privacy("store's directory", Path(address.directory).absolute())
    elif not network:
        yield Finding(_GROUP, "store", Status.INFO, f"{address} (not checked: --no-network)")
    else:
        try:
            with connect(address, timeout=5.0) as store:
                states = migrations.check_each(store, installed_schema())
                yield Finding(_GROUP, "store", Status.OK, f"{address}: ClickHouse {store.version}")
        except StoreError as error:
            yield _failed("store", error)
            return
        for model, error in states.items():
            name = f"tables of {model}" if model else "tables of the engine"
            yield Finding(_GROUP, name, Status.OK, "up to date") if error is None else _failed(name, error)


def _failed(name: str, error: StoreError) -> Finding:
    detail, _, remedy = str(error).rpartition("; ")
    return Finding(_GROUP, name, Status.FAIL, detail or str(error), remedy if detail else "")


def _spool(settings: Settings) -> Iterator[Finding]:
    spool = Spool(Path(settings.history_spool).absolute(), int(settings.history_spool_limit * (1 << 20)))
    try:
        spool.check()
        waiting, size = spool.waiting(), spool.size()
    except SpoolError as error:
        yield Finding(_GROUP, "spool", Status.FAIL, str(error), "set ARGUS_HISTORY_SPOOL to another directory")
        return
    limit = f"of {settings.history_spool_limit:g} MiB"
    detail = f"{spool.directory}: {waiting} events wait, {size / (1 << 20):.1f} {limit}"
    yield Finding(_GROUP, "spool", Status.OK, detail)
    yield from _privacy("spool's directory", spool.directory)


def _privacy(name: str, directory: Path) -> Iterator[Finding]:
    mode = open_to_others(directory)
    if mode:
        detail = f"{directory} has mode {mode}: other users can enter it, and history holds ids of people"
        remedy = f"chmod 0700 {shlex.quote(str(directory))}, unless that is intended"
        yield Finding(_GROUP, name, Status.WARN, detail, remedy)
