"""``argus-otel store`` and the queries of ``argus-otel discord``, as typed in a shell."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import pytest

from argus_otel.cli import main
from argus_otel.cli import store as store_command
from argus_otel.history.record.pseudonyms import hashed
from argus_otel.history.store.client import Store, connect
from argus_otel.sources.discord.cli import COMMANDS
from lab.clickhouse import ClickHouse

from .dataset import ROWS, use

Told = Callable[..., SimpleNamespace]

UNTIL = ("--until", "2026-02-09", "--service", "bot")


@pytest.fixture(scope="module")
def known(server: ClickHouse) -> str:
    """The address of a server that has the known history."""
    address = server.dsn("typed")
    assert main(["store", "migrate", "--store", address]) == 0
    with connect(address) as store:
        store.insert(ROWS)
    return address


@pytest.fixture
def argus(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Told:
    """Run the command in this process; keywords are variables of the environment."""

    def run(*words: str, **variables: str) -> SimpleNamespace:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        try:
            code = main(words)
        except SystemExit as end:
            code = int(str(end.code or 0))
        out, err = capsys.readouterr()
        assert "secret" not in out + err
        return SimpleNamespace(code=code, out=out, err=err)

    return run


# -- store


def test_migrate_and_status(argus: Told, server: ClickHouse) -> None:
    where = {"ARGUS_HISTORY_STORE": server.dsn("cli")}
    told = argus("store", "status", **where)
    assert told.code == 1
    assert "discord 2 (rollups)        not applied" in told.out
    assert told.err.endswith("create them: argus-otel store migrate\n")
    told = argus("store", "migrate", "--keep", "traces=3d,discord_daily=10y", **where)
    assert told.code == 0
    assert told.out.splitlines()[0].startswith(f"clickhouse://argus:***@127.0.0.1:{server.port}/cli (ClickHouse ")
    assert "applied 3 (inbox from collector)" in told.out
    told = argus("store", "migrate", "--keep", "traces=4d", **where)
    assert "All migrations had been applied already." in told.out
    assert "traces is kept 4d now" in told.out
    told = argus("store", "status", **where)
    assert (told.code, told.err) == (0, "")
    assert re.search(r"otel_traces +0 +0 B +4d\n", told.out)
    assert re.search(r"discord_daily +0 +0 B +10y\n", told.out)


def test_sql_needs_no_server(argus: Told) -> None:
    told = argus("store", "sql", "--store", "clickhouse://nobody/mine", "--keep", "discord_events=7d")
    assert told.code == 0
    assert "create database if not exists mine;" in told.out
    assert "ttl toDateTime(time) + interval 168 hour" in told.out
    assert "Distributed" not in told.out
    assert "Distributed('prod', 'argus'" in argus("store", "sql", "--cluster", "prod").out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("status", "--store", "postgres://db"), 2, "--store is not the address of a store: it begins with postgres:"),
        (("status", "--store", "chdb:/nowhere"), 1, "/nowhere does not exist"),
        (("migrate", "--keep", "logs=long"), 2, "--keep has logs=long, but it has to be a number"),
        (("migrate", "--store", "clickhouse://a:secret@127.0.0.1:9"), 1, "Connection refused"),
        ((), 2, "the following arguments are required: action"),
        (("sql", "--cluster", "a b"), 2, "name of a cluster"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(argus: Told, words: tuple[str, ...], code: int, said: str) -> None:
    told = argus("store", *words)
    assert told.code == code
    assert said in told.err.splitlines()[-1]
    assert told.out == ""


# -- history


def test_a_table(argus: Told, known: str) -> None:
    told = argus("discord", "top", *UNTIL, "--store", known)
    assert (told.code, told.err) == (0, "")
    assert told.out == (
        "command  type   uses  share  guilds  users  rejected  errors\n"
        "play     slash     8  50.0%       2      4         2       1\n"
        "song     slash     4  25.0%       2      2         0       1\n"
        "stop     slash     4  25.0%       2      2         0       0\n"
    )


def test_every_query_in_every_format(argus: Told, known: str) -> None:
    own = {"adoption": ("song", "--replaces", "play"), "guild": ("4",), "quiet": ("--for", "5d")}
    for name in COMMANDS:
        words = ("discord", name, *own.get(name, ()), *UNTIL, "--store", known)
        table = argus(*words)
        assert (table.code, table.err) == (0, ""), name
        assert len(table.out.splitlines()) > 1, name
        document = json.loads(argus(*words, "--format", "json").out)
        records = document["days"] if name == "guild" else document
        rows = list(csv.DictReader(io.StringIO(argus(*words, "--format", "csv").out)))
        assert len(rows) == len(records) > 0, name
        for row, record in zip(rows, records, strict=True):
            for key, value in record.items():
                if isinstance(value, float):  # whose last digit may differ from one asking to the next
                    assert float(row[key]) == pytest.approx(value)
                elif key != "active":
                    assert row[key] == ("" if value is None else str(value))


def test_ids_are_text_in_json(argus: Told, known: str) -> None:
    """A program that reads numbers as floats would round them."""
    told = argus("discord", "errors", "--by", "guild", *UNTIL, "--store", known, "--format", "json")
    assert [answer["guild_id"] for answer in json.loads(told.out)] == ["1", "4"]


def test_retention_has_a_column_for_each_period(argus: Told, known: str) -> None:
    told = argus("discord", "retention", "--until", "2026-02-01", "--service", "bot", "--store", known)
    assert [line.split() for line in told.out.splitlines()] == [
        ["start", "guilds", "0", "1", "2", "3"],
        ["2026-01-05", "3", "66.7%", "33.3%", "0.0%", "0.0%"],
        ["2026-01-12", "1", "100.0%", "0.0%", "0.0%"],
    ]


def test_nothing_fits(argus: Told, known: str) -> None:
    for form, out in (("table", "No matching history.\n"), ("json", "[]\n"), ("csv", "")):
        assert argus("discord", "top", "--service", "nobody", "--store", known, "--format", form).out == out
    assert argus("discord", "guild", "99", "--store", known).out == "No matching history.\n"
    assert argus("discord", "guild", "99", "--store", known, "--format", "json").out == "null\n"


def test_a_name_cannot_move_the_cursor(argus: Told, server: ClickHouse) -> None:
    address = server.dsn("terminal")
    argus("store", "migrate", "--store", address)
    with connect(address) as store:
        store.insert(use("2026-01-05T10:00", 1, "\x1b[2Jx\ny", 1.0))
    told = argus("discord", "top", "--store", address)
    assert "\x1b" not in told.out
    assert len(told.out.splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("top", "--since", "yesterday"), 2, "--since is 'yesterday', but it has to be a date such as 2026-03-01"),
        (("top", "--since", "2026-02-01", "--until", "2026-01-01"), 2, "has to be later than since"),
        (("quiet", "--for", "soon"), 2, "--for is 'soon', but it has to be a number with h, d or w"),
        (("busiest", "--time-zone", "Mars"), 2, "the time zone is 'Mars', but it has to be one such as Europe/Berlin"),
        (("guild", "my-guild"), 2, "'my-guild' is not an id"),
        (("top", "--limit", "0"), 2, "'0' is not a whole number above 0"),
        (("guild", "1; drop table history"), 2, "is not an id"),
    ],
)
def test_a_wrong_word_is_told(argus: Told, known: str, words: tuple[str, ...], code: int, said: str) -> None:
    told = argus("discord", *words, ARGUS_HISTORY_STORE=known)
    assert told.code == code
    assert said in told.err.splitlines()[-1]


def test_a_store_that_is_not_there_is_not_made(argus: Told, tmp_path: Path) -> None:
    told = argus("discord", "top", ARGUS_HISTORY_STORE=f"chdb:{tmp_path}/history")
    assert told.code == 1
    assert "name the store that history is written to" in told.err
    assert list(tmp_path.iterdir()) == []


def test_help_teaches(argus: Told) -> None:
    for name, command in COMMANDS.items():
        told = argus("discord", name, "--help")
        assert told.code == 0
        assert f"usage: argus-otel discord {name}" in told.out
        assert all(f"argus-otel {example}" in told.out for example in command.examples)


def test_on_a_terminal_it_is_drawn(known: str) -> None:
    """With rich where that is installed; the same words without it."""
    leader, follower = pty.openpty()
    words = [sys.executable, "-m", "argus_otel", "discord", "top", *UNTIL, "--store", known]
    environment = {**os.environ, "TERM": "xterm", "NO_COLOR": "1", "COLUMNS": "100"}
    with subprocess.Popen(words, stdout=follower, stderr=follower, env=environment) as asked:
        os.close(follower)
        shown = b""
        try:
            while piece := os.read(leader, 65536):
                shown += piece
        except OSError:  # that is how a terminal ends
            pass
        assert asked.wait(30) == 0
    os.close(leader)
    assert "─────" in shown.decode()
    assert re.search(r"song +slash +4 +25\.0%", shown.decode())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("store", "forget"), "one of the arguments --check --guild --user --thread --run is required"),
        (("store", "forget", "--guild", "1; drop table history"), "is not an id"),
        (("store", "dance"), "invalid choice: 'dance'"),
        (("discord", "dance"), "invalid choice"),
    ],
)
def test_a_wrong_action_is_told(argus: Told, known: str, words: tuple[str, ...], said: str) -> None:
    told = argus(*words, ARGUS_HISTORY_STORE=known)
    assert told.code == 2
    assert said in told.err.splitlines()[-1]


# -- what is typed is a value, and never a part of a statement

HOSTILE = [
    "' or 1=1 -- ",
    "\\' or 1=1 -- ",
    "'; drop table history; --",
    "x') union all select name, 1 from system.users --",
    "{service:String}",
    "%(service)s %s {0}",
    "back\\slash\\",
    'a`b"c\td\nü',
]


@pytest.fixture(scope="module")
def hostile(server: ClickHouse) -> str:
    """The address of a server whose bots and commands are called like that."""
    address = server.dsn("hostile")
    assert main(["store", "migrate", "--store", address]) == 0
    with connect(address) as store:
        for number, name in enumerate(HOSTILE):
            store.insert(use("2026-01-05T10:00", number + 1, name, 1.0, service=name))
        store.insert(use("2026-01-05T10:00", 99, "play", 1.0))
    return address


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_bound(argus: Told, hostile: str, name: str) -> None:
    guild = HOSTILE.index(name) + 1
    common = ("--format", "json", "--store", hostile)
    [answer] = json.loads(argus("discord", "top", "--service", name, *common).out)
    assert (answer["command"], answer["uses"]) == (name, 1)
    # One who is not there is no bot, whatever the name would do within a statement.
    assert json.loads(argus("discord", "top", "--service", f"{name}x", *common).out) == []
    until = ("--until", "2026-01-12", *common)
    for told in (argus("discord", "adoption", name, *until), argus("discord", "adoption", "play", *until)):
        assert [week["uses"] for week in json.loads(told.out)] == [1]
    [week] = json.loads(argus("discord", "adoption", "play", "--replaces", name, *until).out)
    assert (week["uses"], week["old_uses"]) == (1, 1)
    story = json.loads(argus("discord", "guild", str(guild), *common).out)
    assert [command["command"] for command in story["commands"]] == [name]
    assert rows(hostile) == len(HOSTILE) + 1


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_no_name_is_refused(argus: Told, hostile: str, text: str) -> None:
    address = hostile.replace("/hostile", f"/{quote(text, safe='')}")
    for words in (
        ("discord", "top", "--since", text),
        ("discord", "top", "--until", f"2026-01-01{text}"),
        ("discord", "top", "--limit", f"1{text}"),
        ("discord", "quiet", "--for", f"1d{text}"),
        ("discord", "guild", f"1{text}"),
        ("discord", "errors", "--guild", f"1{text}"),
        ("discord", "busiest", "--time-zone", f"UTC{text}"),
        ("store", "forget", "--yes", "--guild", f"1{text}"),
        ("store", "forget", "--yes", "--user", f"1{text}"),
        ("store", "migrate", "--keep", f"logs=1d{text}"),
        ("store", "migrate", "--keep", f"{text}=1d"),
        ("store", "sql", "--cluster", f"prod{text}"),
        ("store", "status", "--store", address),
        ("discord", "top", "--store", address),
    ):
        told = argus(*words, ARGUS_HISTORY_STORE=hostile)
        assert (told.code, told.out) == (2, ""), words
    # Asked last, since this store is known not to be a cluster's.
    assert argus("store", "migrate", "--cluster", f"prod{text}", ARGUS_HISTORY_STORE=hostile).code == 1
    assert rows(hostile) == len(HOSTILE) + 1


# -- forget


def rows(address: str) -> int:
    with connect(address) as store:
        return int(store.query("select count() from discord_events")[0][0])


@pytest.fixture
def forgettable(server: ClickHouse, request: pytest.FixtureRequest) -> str:
    address = server.dsn(request.node.name.partition("[")[0])
    main(["store", "migrate", "--store", address])
    with connect(address) as store:
        store.insert([*ROWS, *use("2026-01-05T10:00", 1, "play", 1.0, user=hashed("80351110224678912", "a key"))])
    return address


def test_forgetting_asks_for_confirmation(
    argus: Told, forgettable: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = rows(forgettable)
    capsys.readouterr()
    words = ("store", "forget", "--guild", "1", "--store", forgettable)
    told = argus(*words)
    assert (told.code, rows(forgettable)) == (1, before)
    assert "add --yes to confirm" in told.err
    monkeypatch.setattr(store_command.sys.stdin, "isatty", lambda: True, raising=False)
    for answer, code in (("yes", 1), ("1", 0)):
        monkeypatch.setattr("builtins.input", lambda _, answer=answer: answer)
        told = argus(*words)
        assert "It cannot be undone." in told.out
        assert told.code == code
        assert (rows(forgettable) < before) is (code == 0)
    assert re.search(r"discord_events +1\d rows", told.out)


def test_a_user_is_forgotten_by_the_key_of_the_settings(
    argus: Told, forgettable: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    words = ("store", "forget", "--user", "80351110224678912", "--yes", "--store", forgettable)
    told = argus(*words)
    assert re.search(r"discord_events +0 rows", told.out)
    assert "ARGUS_HISTORY_USER_KEY is not set" in told.err
    told = argus(*words, ARGUS_HISTORY_USER_KEY="a key")
    assert re.search(r"discord_events +1 rows", told.out)
    assert told.err == ""
    assert rows(forgettable) == len(ROWS)


def test_what_is_embedded_is_asked_the_same(argus: Told, store: Store) -> None:
    """In a database of its own, `argus`, on the engine of this process."""
    where = f"chdb:{store.address.directory}"
    assert argus("store", "migrate", "--store", where).code == 0
    assert argus("discord", "top", "--store", where).out == "No matching history.\n"
