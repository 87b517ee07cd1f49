"""The rights of docs/sources/training-agent.md, judged by the engine: enough for an agent and people, and no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from argus_otel.history.store.errors import UnauthorizedError
from argus_otel.sources.training.agent.commands import LIFETIME, Request, Result
from argus_otel.sources.training.history.commands import Commands, commands_in
from lab.clickhouse import ClickHouse

from .conftest import HOST, NAME, migrated
from .programs import argus

DOCUMENT = Path(__file__).parents[3] / "docs" / "sources" / "training-agent.md"
DATABASE = "agent_grants"
LONG_AGO = datetime(1970, 1, 1, tzinfo=timezone.utc)


def documented(user: str) -> list[str]:
    """The rights that the document grants a user, without the user, in the database of this test."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return [
        f"GRANT {right} ON {DATABASE}.{table}"
        for right, table in re.findall(rf"^GRANT (\w+) ON argus\.(\w+) TO {user};$", text, re.MULTILINE)
    ]


@pytest.fixture(scope="module")
def server_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    server = ClickHouse(tmp_path_factory.mktemp("grants") / "data")
    server.start()
    migrated(server, "grants")
    yield server
    server.kill()


@pytest.fixture
def granted(server_with_tables: ClickHouse, request: pytest.FixtureRequest) -> Iterator[Commands]:
    """The store, for a user with the rights of the parameter."""
    server_with_tables.stop()
    server_with_tables.grants = documented(request.param)
    assert server_with_tables.grants
    server_with_tables.start()
    with commands_in(server_with_tables.dsn(DATABASE)) as opened:
        yield opened


def request(now: datetime) -> Request:
    return Request("5f0c7c52-8d1e-44aa-9b1c-0d6f3a1e2b4c", "stop", HOST, "x", "", {"now": "true"}, now + LIFETIME)


@pytest.mark.parametrize("granted", ["argus_training_agent"], indirect=True)
def test_an_agent_may_do_what_it_does_and_no_more(granted: Commands, server_with_tables: ClickHouse) -> None:
    granted.check_rights_of_agent()
    asked = request(granted.now())
    assert granted.pending([HOST], LONG_AGO) == []
    granted.acknowledge(asked.id, NAME, HOST, Result.DONE, "", "", None)
    granted.heard(NAME, HOST, started=asked.expires, version="1", runs=0, recipes=("a",), signed=True)
    with pytest.raises(UnauthorizedError):
        granted.issue(asked, "")
    with pytest.raises(UnauthorizedError):
        granted.answers(asked.id)
    with pytest.raises(UnauthorizedError):
        granted.agents()
    with pytest.raises(UnauthorizedError):
        granted.hosts_of("5")
    for statement in (
        f"insert into {DATABASE}.history_inbox (event) select 'training.run.end'",
        f"select * from {DATABASE}.training_runs",
        f"alter table {DATABASE}.training_commands delete where 1",
        f"drop table {DATABASE}.training_commands",
        f"truncate table {DATABASE}.training_command_acks",
    ):
        with pytest.raises(AssertionError, match="Not enough privileges"):
            server_with_tables.query(statement)


@pytest.mark.parametrize("granted", ["ada"], indirect=True)
def test_a_person_may_ask_and_read_the_answers_and_no_more(granted: Commands, server_with_tables: ClickHouse) -> None:
    asked = request(granted.now())
    granted.issue(asked, "")
    assert all(each.agent == NAME for each in granted.answers(asked.id))
    assert [each.agent for each in granted.agents()] in ([NAME], [])
    assert granted.hosts_of("5") == []
    with pytest.raises(UnauthorizedError):
        granted.pending([HOST], LONG_AGO)
    with pytest.raises(UnauthorizedError):
        granted.acknowledge(asked.id, NAME, HOST, Result.DONE, "", "", None)
    with pytest.raises(UnauthorizedError):
        granted.heard(NAME, HOST, started=asked.expires, version="1", runs=0, recipes=("a",), signed=True)
    with pytest.raises(AssertionError, match="Not enough privileges"):
        server_with_tables.query(f"alter table {DATABASE}.training_commands update host = 'x' where 1")


@pytest.mark.parametrize("granted", ["argus_training_agent", "ada"], indirect=True)
def test_the_check_says_what_is_missing(granted: Commands, server_with_tables: ClickHouse, tmp_path: Path) -> None:
    assert granted
    file = tmp_path / "agent.toml"
    file.write_text(f'host = "{HOST}"\nusers = ["ada"]\nstate = "{tmp_path}/state"\n')
    file.chmod(0o600)
    address = server_with_tables.dsn(DATABASE)
    control = str(tmp_path / "control")
    checked = argus(
        "training", "agent", "--check", "--config", file, ARGUS_HISTORY_STORE=address, ARGUS_CONTROL=control
    )
    if server_with_tables.grants == documented("ada"):
        assert checked.returncode == 1
        assert "the user 'argus' may not do this" in checked.stdout
        assert "SELECT" in checked.stdout
    else:
        assert checked.returncode == 0, checked
        assert "the user may do what an agent does" in checked.stdout
    assert server_with_tables.password not in checked.stdout + checked.stderr
