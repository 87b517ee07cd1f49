"""The doctor's checks of history: packages, spool, store and its tables; and of a bot that records one."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from argus_otel.cli.doctor import history, serving
from argus_otel.discovery import installed
from argus_otel.history.record.spool import Spool
from argus_otel.settings import Settings
from argus_otel.terminal.findings import Finding
from lab.clickhouse import ClickHouse
from tests.history_bot.conftest import row
from tests.launch.conftest import free_port


def look(tmp_path: Path, *, network: bool = True, **variables: str) -> dict[str, tuple[str, str, str]]:
    settings = Settings.resolve({"ARGUS_HISTORY_SPOOL": str(tmp_path / "spool"), **variables})
    found = history.look_at_history(settings, network=network)
    return {finding.name: (finding.status.value, finding.detail, finding.remedy) for finding in found}


def test_history_that_is_off_or_goes_where_logs_go(tmp_path: Path) -> None:
    assert look(tmp_path)["history"][:2] == ("info", "off; ARGUS_HISTORY=true keeps one")
    told = look(tmp_path, ARGUS_HISTORY="true", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:4317")
    assert told["history"][0] == told["spool"][0] == "ok"


def test_what_waits_in_the_spool_and_a_spool_that_cannot_be_used(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", 1 << 20)
    spool.append([row(1), row(2)])
    spool.close()
    told = look(tmp_path, ARGUS_HISTORY="store")
    assert told["spool"][1].endswith("2 events wait, 0.0 of 256 MiB")
    (tmp_path / "file").touch()
    status, detail, remedy = look(tmp_path, ARGUS_HISTORY="store", ARGUS_HISTORY_SPOOL=str(tmp_path / "file"))["spool"]
    assert (status, remedy) == ("fail", "set ARGUS_HISTORY_SPOOL to another directory")
    assert "is not a directory" in detail


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX'")
def test_directories_that_others_may_enter(tmp_path: Path) -> None:
    above = Path(tempfile.mkdtemp(dir="/tmp"))  # as those above pytest's keep others out
    above.chmod(0o755)
    try:
        places = {"ARGUS_HISTORY_STORE": f"chdb:{above / 'my store'}", "ARGUS_HISTORY_SPOOL": str(above / "spool")}
        kinds = {"store's directory": above / "my store", "spool's directory": above / "spool"}
        assert kinds.keys().isdisjoint(look(tmp_path, ARGUS_HISTORY="store", **places))  # neither is there yet
        for name, directory in kinds.items():
            directory.mkdir()
            for mode, seen in ((0o700, False), (0o755, True), (0o750, True), (0o701, True)):
                directory.chmod(mode)
                found = look(tmp_path, ARGUS_HISTORY="store", **places)
                assert (name in found) is seen
                if seen:
                    status, detail, remedy = found[name]
                    assert status == "warn"
                    assert f"{directory} has mode {mode:04o}: other users can enter it" in detail
                    assert remedy == f"chmod 0700 {shlex.quote(str(directory))}, unless that is intended"
                assert directory.stat().st_mode & 0o777 == mode
            above.chmod(0o700)  # which keeps others out of what is below it
            assert name not in look(tmp_path, ARGUS_HISTORY="store", **places)
            above.chmod(0o755)
            directory.chmod(0o700)
    finally:
        shutil.rmtree(above)


def test_an_address_that_cannot_be_read(tmp_path: Path) -> None:
    status, detail, remedy = look(tmp_path, ARGUS_HISTORY="store", ARGUS_HISTORY_STORE="mysql://host")["store"]
    assert status == "fail"
    assert "it has to begin with clickhouse://" in detail
    assert "host" not in detail
    assert "chdb:DIRECTORY" in remedy


def test_a_package_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "find_spec", lambda name: None if name == "chdb" else find_spec(name))
    assert look(tmp_path, ARGUS_HISTORY="store")["store"] == (
        "fail",
        "chdb:argus-history needs chdb, which is not installed",
        "pip install 'argus-otel[embedded]'",
    )


def test_a_server_with_and_without_tables_and_one_that_does_not_answer(tmp_path: Path) -> None:
    from argus_otel.history.models import installed_schema
    from argus_otel.history.store import client, migrations

    with ClickHouse.running_in(tmp_path / "data") as server:
        variables = {"ARGUS_HISTORY": "store", "ARGUS_HISTORY_STORE": server.dsn()}
        assert look(tmp_path, network=False, **variables)["store"][0] == "info"
        status, _, remedy = look(tmp_path, **variables)["store"]
        assert (status, remedy) == ("fail", "create them: argus-otel store migrate")
        with client.connect(server.dsn()) as opened:
            migrations.migrate(opened, installed_schema())
        found = look(tmp_path, **variables)
        assert found["store"][0] == "ok"
        models = {name for name, spec in installed().specs.items() if spec.history}
        assert {"checks", "discord", "graphs", "training"} <= models
        assert {name for name in found if name.startswith("tables of ")} == {
            f"tables of {name}" for name in (*models, "the engine")
        }
        assert {found[name] for name in found if name.startswith("tables of ")} == {("ok", "up to date", "")}
        assert all(server.password not in detail for _, detail, _ in found.values())
        nobody = server.dsn().replace(str(server.port), str(free_port()))
        assert look(tmp_path, ARGUS_HISTORY="store", ARGUS_HISTORY_STORE=nobody)["store"][0] == "fail"


def test_each_model_whose_tables_are_not_those_of_its_source_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from argus_otel.history.store import client, migrations
    from argus_otel.history.store.schema import Layout, Migration, Schema
    from argus_otel.sources.discord.history import MODEL as DISCORD
    from tests.history.jobs import MODEL as JOBS

    monkeypatch.setattr(history, "installed_schema", lambda: Schema((DISCORD, JOBS)))

    with ClickHouse.running_in(tmp_path / "data") as server:
        variables = {"ARGUS_HISTORY": "store", "ARGUS_HISTORY_STORE": server.dsn()}

        def tables() -> dict[str, tuple[str, str, str]]:
            found = look(tmp_path, **variables)
            assert found["store"][0] == "ok"
            prefix = "tables of "
            return {name.removeprefix(prefix): found[name] for name in found if name.startswith(prefix)}

        with client.connect(server.dsn()) as opened:
            where = Layout(opened.address.database)
            migrations.migrate(opened, Schema((DISCORD,)))
            found = tables()
            assert (found["the engine"][0], found["discord"][0]) == ("ok", "ok")
            status, detail, remedy = found["jobs"]
            assert (status, remedy) == ("fail", "apply them: argus-otel store migrate")
            assert "lacks 1 migration(s)" in detail
            assert "jobs 1 (" in detail

            migrations.migrate(opened, Schema((DISCORD, JOBS)))
            assert {state for state, _, _ in tables().values()} == {"ok"}

            opened.command("truncate table argus_claims")
            found = tables()
            assert found["the engine"][0] == "ok"
            assert {found[name][::2] for name in ("discord", "jobs")} == {
                ("fail", "apply it: argus-otel store migrate")
            }

            migrations.migrate(opened, Schema((DISCORD, JOBS)))
            migrations._note(opened, Migration("discord", 99, "of_the_future", ""), "applied", where)
            migrations._note(opened, Migration("jobs", 1, "jobs", "something else"), "applied", where)
            found = tables()
            assert found["the engine"][0] == "ok"
            status, detail, remedy = found["discord"]
            assert (status, remedy) == ("fail", "upgrade: pip install -U argus-otel")
            assert "discord 99 (of the future)" in detail
            status, detail, remedy = found["jobs"]
            assert status == "fail"
            assert "with the checksum" in detail
            assert remedy.startswith("use the release that applied it")


def test_a_bot_that_has_lost_events_says_so() -> None:
    told: dict[str, Any] = {"mode": "otlp", "where": "there", "recorded": 9, "waiting": {"memory": 1, "disk": 2}}
    fine: Finding = serving._history(told)
    assert (fine.status.value, fine.detail) == ("ok", "9 events, by otlp to there; waiting: 1 in memory, 2 in disk")
    bad = serving._history({**told, "dropped": {"spool_full": 3}, "last_error": "away"})
    assert bad.status.value == "warn"
    assert bad.detail.endswith("lost: 3 (spool_full); away")
