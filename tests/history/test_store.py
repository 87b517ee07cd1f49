"""A store, on a server and embedded: rows are stored once, and each thing that goes wrong is told so that it helps."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from argus_otel.history import migrations
from argus_otel.history.errors import (
    InUseError,
    MissingExtraError,
    RefusedError,
    SchemaMissingError,
    TooOldError,
    UnauthorizedError,
    UnreachableError,
)
from argus_otel.history.rows import COLUMNS, Row
from argus_otel.history.store import Store, connect
from lab.clickhouse import ClickHouse
from lab.processes import free_port

from .known import ROWS

COUNTS = (
    "select (select count() from history), (select sum(count) from history_hourly),"
    " (select sum(count) from history_daily)"
)


@pytest.fixture(params=["embedded", "server"])
def either(request: pytest.FixtureRequest, database: Callable[[str], Store], server: ClickHouse) -> Iterator[Store]:
    """A store of this test alone, of each kind."""
    name = "".join(letter if letter.isalnum() else "_" for letter in request.node.name)
    store = database(name) if request.param == "embedded" else connect(server.dsn(name))
    migrations.migrate(store)
    yield store
    if not store.address.embedded:
        store.close()


def replays() -> list[Sequence[Sequence[Row]]]:
    """Batches whose rows are those of the known history, each at least once."""
    half = len(ROWS) // 2
    return [
        [ROWS, ROWS],
        [ROWS[: half + 5], ROWS[half - 5 :], ROWS[3:9]],
        [[*ROWS, *ROWS]],
        [[row] for row in [*ROWS, *reversed(ROWS)]],
    ]


@pytest.mark.parametrize("batches", replays(), ids=["whole", "overlapping", "doubled within", "one by one"])
def test_what_is_replayed_is_stored_once(either: Store, batches: Sequence[Sequence[Row]]) -> None:
    for batch in batches:
        either.insert(batch)
    assert either.query(COUNTS) == [(len(ROWS),) * 3]


def test_rows_come_out_as_they_went_in(either: Store) -> None:
    row = Row(
        time=1_767_607_200_123_456,
        event="bot.level_up",
        event_id="6a0b8f3e-7d57-4a44-9a6e-0d3f8c1b2a10",
        service="bot",
        cluster="2",
        shard=3,
        guild_id=2**63 + 1,
        channel_id=2**53 + 1,
        user="ünï'; --",
        command="c\0d",
        type="slash",
        outcome="error",
        error="ValueError",
        duration=0.25,
        attributes={"level": "7", "": "{x:String}"},
    )
    either.insert([row])
    [(time, event_id, *rest)] = either.query(
        "select toUnixTimestamp64Micro(time), toString(event_id), event, service, cluster, shard, guild_id, channel_id,"
        " user, command, type, outcome, error, duration, attributes from history"
    )
    assert (time, event_id) == (row.time, row.event_id)
    names = [column.name for column in COLUMNS if column.name not in ("time", "event_id")]
    assert rest == [getattr(row, name) for name in names]


def test_nothing_is_no_batch(either: Store) -> None:
    either.insert([])
    assert either.query(COUNTS)[0][0] == 0


def test_many_rows_go_in_several_blocks(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("argus_otel.history.store.BLOCK", 7)
    store.insert([*ROWS, *ROWS])
    assert store.query(COUNTS) == [(len(ROWS),) * 3]


def test_the_columns_are_those_of_a_row(store: Store) -> None:
    for table in ("history_inbox", "history"):
        described = store.query(
            "select name, type from system.columns where database = {database:String} and table = {table:String}"
            " order by position",
            {"database": store.address.database, "table": table},
        )
        assert described == [(column.name, column.type) for column in COLUMNS]


def test_history_that_comes_by_way_of_a_collector_is_the_same(store: Store) -> None:
    """The exporter inserts log records; their attributes are what `rows.COLUMNS` calls them."""
    store.insert(ROWS)
    row = next(row for row in ROWS if row.error == "KeyError")
    attributes = {
        column.attribute: str(getattr(row, column.name))
        for column in COLUMNS
        if column.attribute not in ("", "service.name", "discord.cluster.id")
    }
    insert = (
        "insert into otel_history_inbox (Timestamp, ServiceName, ResourceAttributes, LogAttributes)"
        " select fromUnixTimestamp64Micro({time:Int64}), {service:String}, map('discord.cluster.id', '4'),"
        " mapFromArrays({names:Array(String)}, {values:Array(String)})"
    )

    def come(attributes: dict[str, str]) -> None:
        names, values = list(attributes), list(attributes.values())
        store.command(insert, {"time": row.time, "service": row.service, "names": names, "values": values})

    come(attributes)
    assert store.query(COUNTS) == [(len(ROWS),) * 3]
    come({**attributes, "argus.history.id": "no uuid", "level": "7"})
    come({**attributes, "argus.history.id": "no uuid", "level": "7"})
    come({"event.name": "discord.command"})  # not a record of history
    assert store.query(COUNTS) == [(len(ROWS) + 1,) * 3]
    names = ", ".join(column.name for column in COLUMNS if column.name not in ("event_id", "cluster", "attributes"))
    direct, carried = store.query(f"select {names} from history where error = 'KeyError' order by length(cluster)")
    assert direct == carried
    assert store.query("select cluster, attributes from history where cluster != ''") == [("4", {"level": "7"})]


# -- what goes wrong


def test_nobody_is_there() -> None:
    port = free_port()
    with pytest.raises(UnreachableError, match=f"clickhouse://me:.*127.0.0.1:{port}/argus.*Connection refused.*HTTP"):
        connect(f"clickhouse://me:s3cret@127.0.0.1:{port}")


def test_a_wrong_password(server: ClickHouse) -> None:
    with pytest.raises(UnauthorizedError) as told:
        connect(server.dsn(password="s3cret"))
    assert "for the user 'argus' the password was not accepted" in str(told.value)
    assert "s3cret" not in str(told.value)


def test_no_password(server: ClickHouse) -> None:
    with pytest.raises(UnauthorizedError, match="for the user 'default' no password was given"):
        connect(f"clickhouse://{server.host}:{server.port}")


def test_an_old_server(tmp_path: Path) -> None:
    told = r"is ClickHouse 22\.8\.13\.20, but it has to be 24\.8 or newer; upgrade the server"
    running = ClickHouse.running_in(tmp_path / "data", version="22.8.13.20")
    with running as old, pytest.raises(TooOldError, match=told):
        connect(old.dsn())


def test_a_server_without_the_tables(server: ClickHouse) -> None:
    told = "argus-otel clickhouse migrate"
    with connect(server.dsn("empty")) as store, pytest.raises(SchemaMissingError, match=told):
        store.insert(ROWS)


def test_what_the_engine_refuses_is_told_without_its_stack(store: Store) -> None:
    with pytest.raises(RefusedError, match="refused: Code: 62") as told:
        store.query("selekt")
    assert "\n" not in str(told.value)
    with pytest.raises(RefusedError, match="does not fit its column"):
        store.insert([replace(ROWS[0], event_id="not-a-uuid" * 4)])


def test_a_directory_that_another_process_has_open(tmp_path: Path) -> None:
    source = (
        "import sys\nfrom argus_otel.history.store import connect\n"
        f"store = connect('chdb:{tmp_path}/data')\nprint('open', flush=True)\nsys.stdin.read()"
    )
    asking = (
        "from argus_otel.history.store import connect\nfrom argus_otel.history.errors import InUseError\n"
        f"try: connect('chdb:{tmp_path}/data')\nexcept InUseError as error: print(error)"
    )
    with subprocess.Popen([sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        told = subprocess.run([sys.executable, "-c", asking], capture_output=True, text=True, check=True, timeout=60)
        holder.communicate(timeout=30)
    assert f"is in use by another process (pid {holder.pid})" in told.stdout
    assert "stop that process" in told.stdout


def test_a_second_directory_in_one_process(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InUseError, match="one directory in a process"):
        connect(f"chdb:{tmp_path}")


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnreachableError, match="name a directory that may be written to"):
        connect(f"chdb:{tmp_path}/file")


@pytest.mark.parametrize(
    ("missing", "where", "extra"),
    [
        ("clickhouse-connect", "clickhouse://db", "clickhouse"),
        ("clickhouse-connect", "chdb:d", "embedded"),
        ("chdb-core", "chdb:d", "embedded"),
    ],
)
def test_a_missing_extra(missing: str, where: str, extra: str, tmp_path: Path) -> None:
    module = {"clickhouse-connect": "clickhouse_connect", "chdb-core": "chdb"}[missing]
    source = (
        f"import sys\nsys.modules[{module!r}] = None\nfrom argus_otel.history.store import connect\n"
        f"from argus_otel.history.errors import MissingExtraError\n"
        f"try: connect({where!r})\nexcept MissingExtraError as error: print(error)"
    )
    told = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True, timeout=60, cwd=tmp_path
    )
    assert f"needs {missing}, which is not installed: pip install 'argus-otel[{extra}]'" in told.stdout
    assert MissingExtraError.passing is False
