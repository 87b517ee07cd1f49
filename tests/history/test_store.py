"""A store, on a server and embedded: rows are stored once, and each thing that goes wrong is told so that it helps."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path

import pytest

from argus_otel.history.record.exporters.otlp import record_of
from argus_otel.history.row import Row
from argus_otel.history.store import migrations
from argus_otel.history.store.client import INBOX_COLUMNS, Store, connect
from argus_otel.history.store.errors import (
    InUseError,
    MissingExtraError,
    SchemaMissingError,
    StatementRefusedError,
    TooOldError,
    UnauthorizedError,
    UnreachableError,
)
from lab.clickhouse import ClickHouse
from lab.processes import free_port

from .dataset import ROWS, SCHEMA, row

COUNTS = (
    "select (select count() from discord_events), (select sum(count) from discord_hourly),"
    " (select sum(count) from discord_daily)"
)


@pytest.fixture(params=["embedded", "server"])
def either(request: pytest.FixtureRequest, database: Callable[[str], Store], server: ClickHouse) -> Iterator[Store]:
    """A store of this test alone, of each kind."""
    name = "".join(letter if letter.isalnum() else "_" for letter in request.node.name)
    store = database(name) if request.param == "embedded" else connect(server.dsn(name))
    migrations.migrate(store, SCHEMA)
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


FULL = Row(
    time=1_767_607_200_123_456,
    event="bot.level_up",
    event_id="6a0b8f3e-7d57-4a44-9a6e-0d3f8c1b2a10",
    service="bot",
    resource={"discord.cluster.id": "2", "service.version": "1.0"},
    duration=0.25,
    attributes={
        "discord.shard.id": 3,
        "discord.guild.id": str(2**63 + 1),
        "discord.channel.id": str(2**53 + 1),
        "discord.user.id": "ünï'; --",
        "discord.command.name": "c\0d",
        "discord.command.type": "slash",
        "discord.outcome": "error",
        "error.type": "ValueError",
        "level": "7",
        "": "{x:String}",
        "live": True,
        "ratio": 0.5,
    },
)
COLUMNS = (
    "select toUnixTimestamp64Micro(time), toString(event_id), event, service, cluster, shard, guild_id, channel_id,"
    " user, command, type, outcome, error, duration, attributes from discord_events"
)
TYPED = (
    FULL.time, FULL.event_id, FULL.event, "bot", "2", 3, 2**63 + 1, 2**53 + 1, "ünï'; --", "c\0d", "slash", "error",
    "ValueError", 0.25, {"level": "7", "": "{x:String}", "live": "true", "ratio": "0.5"},
)  # fmt: skip


def test_attributes_become_the_columns_of_a_model(either: Store) -> None:
    either.insert([FULL])
    assert either.query(COLUMNS) == [TYPED]


def test_ids_that_are_none_and_columns_that_are_missing_are_empty(either: Store) -> None:
    attributes = {"discord.guild.id": str(1 << 64), "discord.channel.id": "x", "discord.shard.id": -7}
    either.insert([replace(FULL, resource={}, duration=0.0, attributes=attributes)])
    assert either.query(COLUMNS) == [
        (FULL.time, FULL.event_id, FULL.event, "bot", "", -1, 0, 0, "", "", "", "", "", 0.0, {})
    ]


def test_an_event_that_no_model_claims_is_kept_by_the_engine_once(either: Store) -> None:
    unclaimed = replace(FULL, event="job.finished", attributes={"level": 7, "discordant.id": "1"})
    almost = row("2026-01-05T10:00", 0, "discordant.event")
    for batch in ([unclaimed, almost, *ROWS], [almost, unclaimed, unclaimed]):
        either.insert(batch)
    assert either.query(COUNTS) == [(len(ROWS),) * 3]
    assert either.query(
        "select event, toUnixTimestamp64Micro(time), service, resource, duration, attributes from history_unclaimed"
        " order by event desc"
    ) == [
        ("job.finished", FULL.time, "bot", dict(FULL.resource), 0.25, {"level": "7", "discordant.id": "1"}),
        ("discordant.event", almost.time, "bot", {}, 0.0, {}),
    ]


def test_nothing_is_no_batch(either: Store) -> None:
    either.insert([])
    assert either.query(COUNTS)[0][0] == 0


def test_many_rows_go_in_several_blocks(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("argus_otel.history.store.client.BLOCK", 7)
    store.insert([*ROWS, *ROWS])
    assert store.query(COUNTS) == [(len(ROWS),) * 3]


def test_the_columns_are_those_of_a_row(store: Store) -> None:
    for table in ("history_inbox", "history_unclaimed"):
        described = store.query(
            "select name, type from system.columns where database = {database:String} and table = {table:String}"
            " order by position",
            {"database": store.address.database, "table": table},
        )
        assert tuple(described) == INBOX_COLUMNS
    # How many events a row tells of is for counting what is lost, and no column.
    assert [name for name, _ in INBOX_COLUMNS] == [field.name for field in fields(Row) if field.name != "number"]


def test_history_that_comes_by_way_of_a_collector_is_the_same(store: Store) -> None:
    """The Collector's exporter inserts log records, which have what the OTLP exporter gives them."""
    known = next(row for row in ROWS if row.attributes.get("error.type") == "KeyError")
    store.insert(ROWS)
    insert = (
        "insert into otel_history_inbox (Timestamp, ServiceName, ResourceAttributes, LogAttributes)"
        " select fromUnixTimestamp64Micro({time:Int64}), {service:String},"
        " map('discord.cluster.id', '4', 'service.name', 'bot'),"
        " mapFromArrays({names:Array(String)}, {values:Array(String)})"
    )

    def come(attributes: dict[str, str]) -> None:
        names, values = list(attributes), list(attributes.values())
        store.command(insert, {"time": known.time, "service": known.service, "names": names, "values": values})

    attributes = {name: str(value) for name, value in record_of(known).attributes.items()}
    come(attributes)
    assert store.query(COUNTS) == [(len(ROWS),) * 3]
    come({**attributes, "argus.history.id": "no uuid", "level": "7"})
    come({**attributes, "argus.history.id": "no uuid", "level": "7"})
    come({"event.name": "discord.command"})  # not a record of history
    come({"event.name": "job.done", "argus.history.id": "1", "level": "7"})
    assert store.query(COUNTS) == [(len(ROWS) + 1,) * 3]
    direct, carried = store.query(
        "select * except (event_id, cluster, attributes) from discord_events where error = 'KeyError'"
        " order by length(cluster)"
    )
    assert direct == carried
    assert store.query("select cluster, attributes from discord_events where cluster != ''") == [("4", {"level": "7"})]
    assert store.query("select event, resource, attributes from history_unclaimed") == [
        ("job.done", {"discord.cluster.id": "4"}, {"level": "7"})
    ]


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
    told = "argus-otel store migrate"
    with connect(server.dsn("empty")) as store, pytest.raises(SchemaMissingError, match=told):
        store.insert(ROWS)


def test_what_the_engine_refuses_is_told_without_its_stack(store: Store) -> None:
    with pytest.raises(StatementRefusedError, match="refused: Code: 62") as told:
        store.query("selekt")
    assert "\n" not in str(told.value)
    with pytest.raises(StatementRefusedError, match="does not fit its column"):
        store.insert([replace(ROWS[0], event_id="not-a-uuid" * 4)])


def test_a_directory_that_another_process_has_open(tmp_path: Path) -> None:
    source = (
        "import sys\nfrom argus_otel.history.store.client import connect\n"
        f"store = connect('chdb:{tmp_path}/data')\nprint('open', flush=True)\nsys.stdin.read()"
    )
    asking = (
        "from argus_otel.history.store.client import connect\nfrom argus_otel.history.store.errors import InUseError\n"
        f"try: connect('chdb:{tmp_path}/data', busy_timeout=0.5)\nexcept InUseError as error: print(error)"
    )
    with subprocess.Popen([sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        told = subprocess.run([sys.executable, "-c", asking], capture_output=True, text=True, check=True, timeout=60)
        holder.communicate(timeout=30)
    assert f"is in use by another process (pid {holder.pid})" in told.stdout
    assert "stop that process" in told.stdout


def test_a_directory_that_another_process_has_open_a_moment_longer_is_waited_for(tmp_path: Path) -> None:
    source = (
        "import sys\nfrom argus_otel.history.store.client import connect\n"
        f"store = connect('chdb:{tmp_path}/data')\nprint('open', flush=True)\nsys.stdin.read()\nstore.close()"
    )
    asking = (
        "from argus_otel.history.store.client import connect\nprint('asking', flush=True)\n"
        f"print(connect('chdb:{tmp_path}/data', busy_timeout=60).query('select 1')[0])"
    )
    with subprocess.Popen([sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        asking_it = [sys.executable, "-c", asking]
        with subprocess.Popen(asking_it, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as asker:
            assert asker.stdout is not None
            assert asker.stdout.readline() == b"asking\n"
            with pytest.raises(subprocess.TimeoutExpired):
                asker.wait(1)
            holder.communicate(timeout=60)
            output, errors = asker.communicate(timeout=120)
    assert output == b"(1,)\n", errors
    assert errors == b""


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
        ("chdb-core-lite", "chdb:d", "embedded"),
    ],
)
def test_a_missing_extra(missing: str, where: str, extra: str, tmp_path: Path) -> None:
    module = {"clickhouse-connect": "clickhouse_connect", "chdb-core-lite": "chdb"}[missing]
    source = (
        f"import sys\nsys.modules[{module!r}] = None\nfrom argus_otel.history.store.client import connect\n"
        f"from argus_otel.history.store.errors import MissingExtraError\n"
        f"try: connect({where!r})\nexcept MissingExtraError as error: print(error)"
    )
    told = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True, timeout=60, cwd=tmp_path
    )
    assert f"needs {missing}, which is not installed: pip install 'argus-otel[{extra}]'" in told.stdout
    assert MissingExtraError.passing is False
