"""The shipped users of ClickHouse have the rights that they need, and no others: checked with the engine itself."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from tools.backends import ROOT
from tools.grafana.model import shipped
from tools.grafana.session import Session
from tools.grafana.sources import Prometheus

pytest.importorskip("chdb", reason="needs ClickHouse's engine: pip install chdb-core-lite (Linux and macOS)")

from . import as_user

USERS = ROOT / "clickhouse" / "users.d" / "argus-otel.xml"
PASSWORDS = {"CLICKHOUSE_READER_PASSWORD": "read", "CLICKHOUSE_WRITER_PASSWORD": "write"}
RECORD = """(Timestamp, ServiceName, Body, LogAttributes) select now64(9), 'bot', 'said', map('argus.history.id',
    '11111111-1111-1111-1111-111111111111', 'event.name', 'discord.command', 'discord.guild.id', '7')"""
OUTSIDE = (
    "select * from url('http://127.0.0.1:1', 'CSV', 'a String')",
    "select * from file('/etc/hostname', 'LineAsString')",
    "select * from remote('127.0.0.1', 'argus', 'history')",
    "select * from s3('http://127.0.0.1:1/bucket/key', 'CSV', 'a String')",
    "insert into function file('/tmp/argus-otel-outside', 'CSV', 'a UInt8') select 1",
    "insert into function url('http://127.0.0.1:1', 'CSV', 'a UInt8') select 1",
    "select * from other.kept",
    "select * from system.users",
    "create table argus.mine (a UInt8) engine Memory",
    "create temporary table mine (a UInt8)",
    "create user mine",
    "drop table argus.discord_events",
    "drop database argus",
    "truncate table argus.otel_logs",
    "alter table argus.discord_events delete where 1",
    "alter table argus.discord_events add column mine UInt8",
    "rename table argus.discord_events to argus.mine",
    "optimize table argus.discord_events",
    "grant all on *.* to argus",
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The schema of `argus-otel store migrate`, and somebody else's table."""
    data = tmp_path_factory.mktemp("users") / "data"
    as_user.migrate(data)
    made = as_user.run(
        data,
        [
            "create database other",
            "create table other.kept (a UInt8) engine MergeTree order by a",
            f"insert into argus.otel_logs {RECORD}",
        ],
    )
    assert all(well for well, _ in made), made
    return data


def refused(answers: as_user.Answers) -> list[bool]:
    """Whether each was refused for want of a grant."""
    return [not well and ("ACCESS_DENIED" in text or "READONLY" in text) for well, text in answers]


def test_grafanas_user_reads_and_does_nothing_else(data: Path):
    forbidden = [
        *OUTSIDE,
        f"insert into argus.otel_logs {RECORD}",
        f"insert into argus.otel_history_inbox {RECORD}",
        "set readonly = 0",
    ]
    answers = as_user.run(data, ["select count() from argus.otel_logs", *forbidden], USERS, "argus_reader", **PASSWORDS)
    assert answers[0] == (True, "1")
    assert [one for one, well in zip(forbidden, refused(answers[1:]), strict=True) if not well] == []


def test_grafanas_user_may_set_how_a_query_runs_as_the_plugin_does(data: Path):
    asked = ["set max_execution_time = 5", "select count() from argus.otel_logs settings max_threads = 1"]
    assert all(well for well, _ in as_user.run(data, asked, USERS, "argus_reader", **PASSWORDS))


def test_grafanas_user_may_ask_every_query_of_every_dashboard(data: Path):
    asked = ["use argus"]
    for shown in shipped():
        names = [variable["name"] for variable in shown.variables if variable["type"] != "datasource"]
        session = Session(shown, Prometheus("http://127.0.0.1:9"), None, 0, 86400, typed=dict.fromkeys(names, "x"))
        asked += [session.sql(target.sql, 60) for target in shown.targets() if target.sql]
        for variable in shown.variables:
            query = variable["query"]
            if isinstance(query, dict) and "rawSql" in query:
                asked.append(session.sql(query["rawSql"], 60))
    answers = as_user.run(data, asked, USERS, "argus_reader", **PASSWORDS)
    assert len(asked) > 40
    assert [text for well, text in answers if not well] == []


def test_the_collectors_user_inserts_and_does_nothing_else(data: Path):
    tables = ("otel_logs", "otel_traces", "otel_history_inbox")
    wanted = [
        *(f"desc table argus.{table}" for table in tables),
        f"insert into argus.otel_logs {RECORD}",
        f"insert into argus.otel_history_inbox {RECORD}",
        "insert into argus.otel_traces (Timestamp, TraceId) select now64(9), 'aa'",
    ]
    forbidden = [
        *OUTSIDE,
        *(
            f"select count() from argus.{table}"
            for table in ("discord_events", "history_unclaimed", "otel_logs", "otel_traces")
        ),
        "insert into argus.discord_events (event) values ('forged')",
    ]
    answers = as_user.run(data, [*wanted, *forbidden], USERS, "argus_writer", **PASSWORDS)
    assert [text for well, text in answers[: len(wanted)] if not well] == []
    assert [one for one, well in zip(forbidden, refused(answers[len(wanted) :]), strict=True) if not well] == []
    counted = as_user.run(data, ["select count() from argus.discord_events", "select count() from argus.otel_traces"])
    assert counted == [(True, "1"), (True, "1")]  # the view has made a row of the inbox


def test_each_password_is_one_that_whatever_starts_the_server_insists_on():
    users = ElementTree.parse(USERS)  # noqa: S314 - our own
    assert {one.get("from_env") for one in users.findall("./users/*/password")} == PASSWORDS.keys()
    started = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["clickhouse"]
    for name in PASSWORDS:
        assert started["environment"][name] == f"${{{name}:?see .env.example}}"
    text = (ROOT / "examples" / "kubernetes" / "clickhouse.yaml").read_text(encoding="utf-8")
    (pod,) = (one["spec"]["template"]["spec"] for one in yaml.safe_load_all(text) if one["kind"] == "StatefulSet")
    for variable in pod["containers"][0]["env"]:
        if variable["name"] in PASSWORDS:
            assert "optional" not in variable["valueFrom"]["secretKeyRef"]
    assert {one["name"] for one in pod["containers"][0]["env"]} >= PASSWORDS.keys()


def test_the_sql_of_the_docs_makes_the_same_users():
    docs = (ROOT / "docs" / "pipeline.md").read_text(encoding="utf-8")
    told = {
        (user, " ".join(grant.lower().split()))
        for grant, user in re.findall(r"^ *(grant (?:select|insert) on \S+) to (\w+);$", docs, re.MULTILINE)
    }
    users = ElementTree.parse(USERS)  # noqa: S314 - our own
    given = {
        (user.tag, query.text.lower())
        for user in users.findall("./users/*")
        for query in user.findall("./grants/query")
        if query.text
    }
    assert told == given
    assert re.search(r"create user argus_reader identified by '…' settings readonly = 2;", docs)
    (profile,) = users.findall("./users/argus_reader/profile")
    assert users.findtext(f"./profiles/{profile.text}/readonly") == "2"
