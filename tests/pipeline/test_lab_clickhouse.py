from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest

from lab.clickhouse import ClickHouse

clickhouse_connect = pytest.importorskip("clickhouse_connect", reason="needs pip install argus-otel[clickhouse]")


@pytest.fixture
def client(clickhouse: ClickHouse):
    clickhouse.query("create database if not exists front")
    made = clickhouse_connect.get_client(dsn=clickhouse.dsn("front"))
    yield made
    made.close()


def test_a_client_creates_inserts_and_asks(client):
    client.command(
        "create or replace table things (id UInt64, name LowCardinality(String)) engine MergeTree order by id"
    )
    rows = [[number, f"name {number % 10}"] for number in range(200_000)]
    # More than one compressed frame, and all of it has to arrive.
    written = client.insert("things", rows, column_names=["id", "name"])
    assert written.written_rows == len(rows)
    assert client.query("select count(), sum(id) from things").result_rows == [(200_000, sum(range(200_000)))]
    asked = client.query("select id, name from things where id = {id:UInt64}", parameters={"id": 7})
    assert asked.result_rows == [(7, "name 7")]
    assert client.command("select count() from things") == 200_000
    assert client.query("select id from things where id > 1000000").result_rows == []


def test_settings_hold_for_the_query_only(client):
    with pytest.raises(Exception, match="TOO_MANY_ROWS"):
        client.query("select * from numbers(1000)", settings={"max_result_rows": 10, "result_overflow_mode": "throw"})
    assert len(client.query("select * from numbers(1000)").result_rows) == 1000
    client.command("set max_result_rows = 10")
    client.command("use system")
    assert client.command("select currentDatabase()") == "front"


def test_errors_have_their_codes(client):
    with pytest.raises(Exception, match="UNKNOWN_TABLE") as raised:
        client.query("select * from nowhere")
    assert "60" in str(raised.value)


def test_a_wrong_password_is_refused(clickhouse: ClickHouse):
    with pytest.raises(Exception, match="AUTHENTICATION_FAILED"):
        clickhouse_connect.get_client(dsn=clickhouse.dsn("default", password="another"))


def test_data_and_port_stay_over_restarts_and_kills(tmp_path: Path):
    with ClickHouse.running_in(tmp_path / "data", version="22.3.1.1") as server:
        server.query("create table things (id UInt64) engine MergeTree order by id")
        server.query("insert into things select number from numbers(10)")
        port = server.port
        server.kill()
        assert not server.answers()
        server.start()
        server.query("insert into things format TSV\n10\n11\n")
        server.restart()
        assert server.port == port
        assert server.rows("select count(), version() from things") == [["12", "22.3.1.1"]]
        client = clickhouse_connect.get_client(dsn=server.dsn("default"))
        assert client.server_version == "22.3.1.1"
        client.close()


def test_each_column_is_framed(clickhouse: ClickHouse):
    from lab.native import framed  # which needs what is not installed everywhere

    sql = """select number a, toString(number) b, map('k', toLowCardinality('v')) c, [[1, 2], []] d, (1, 'x') e,
        if(number = 1, null, 1.5) f, toLowCardinality(toNullable('y')) g, now64(9) h, toDecimal64(1, 3) i,
        cast([], 'Array(LowCardinality(String))') j, generateUUIDv4() k, toFixedString('abc', 3) l from numbers(3)
        format Native"""
    login = {"X-ClickHouse-User": clickhouse.user, "X-ClickHouse-Key": clickhouse.password}

    def asked(revision: int) -> bytes:
        address = f"{clickhouse.url}/?client_protocol_version={revision}"
        with urllib.request.urlopen(urllib.request.Request(address, sql.encode(), login)) as answer:
            return answer.read()

    plain = asked(0)
    # Block info, and a byte for each of the twelve columns.
    assert len(framed(plain, 54460)) == len(plain) + 8 + 12
    assert len(asked(54460)) == len(plain) + 8 + 12
