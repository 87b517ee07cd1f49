"""Run statements in ClickHouse's engine as one of the users of a file of users: a process, since an engine has one.

The engine's only user is ``default``: the one that is meant is called so. It reads ``users.xml`` of the directory that
it is started in, if there is a ``config.xml`` beside it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import chdb

from argus_otel.history.models import installed_schema
from argus_otel.history.store import migrations
from argus_otel.history.store.address import Address
from argus_otel.history.store.client import connect

_OTHERS = """<clickhouse>
    <profiles><default/></profiles>
    <quotas><default/></quotas>
    <users>
        {default}
        <argus>
            <password>of its own</password>
            <networks><ip>::/0</ip></networks>
            <profile>default</profile>
            <quota>default</quota>
        </argus>
    </users>
</clickhouse>
"""
_DEFAULT = """<default>
    <password/><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>
    <access_management>1</access_management>
</default>"""

Answers = list[tuple[bool, str]]


def migrate(data: Path) -> None:
    """Make the shipped schema in a database ``argus``, whose views do what they do as the user ``argus``."""
    _child(data, data.parent, {}, "--migrate")
    views = "select name from system.tables where database = 'argus' and engine = 'MaterializedView'"
    ((_, names),) = run(data, [views])
    whose = "modify sql security definer definer = argus"
    answers = run(data, [f"alter table argus.{json.loads(name)} {whose}" for name in names.split()])
    assert all(well for well, _ in answers), answers


def run(data: Path, statements: list[str], user: Path | None = None, name: str = "", **environment: str) -> Answers:
    """Return for each statement whether it went well, and the answer or the error.

    Parameters
    ----------
    user, name:
        The file of users and whose of them is to run it; one who may do everything where none is given.
    """
    directory = data.with_name(f"as-{name or 'owner'}")
    (directory / "users.d").mkdir(parents=True, exist_ok=True)
    (directory / "config.xml").write_text("<clickhouse/>")
    (directory / "users.xml").write_text(_OTHERS.format(default="" if user else _DEFAULT))
    if user:
        shipped = ElementTree.parse(user)  # noqa: S314 - our own
        (meant,) = shipped.findall(f"./users/{name}")
        meant.tag = "default"
        meant.find("password").attrib.clear()  # type: ignore[union-attr] - the engine logs in without
        shipped.write(directory / "users.d" / user.name)
    return _child(data, directory, environment, json.dumps(statements))


def _child(data: Path, directory: Path, environment: dict[str, str], asked: str) -> Answers:
    command = [sys.executable, "-m", "tests.pipeline.as_user", str(data)]
    root = str(Path(__file__).resolve().parents[2])
    ended = subprocess.run(
        command, input=asked, cwd=directory, env={**os.environ, "PYTHONPATH": root, **environment},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return [(well, text) for well, text in json.loads(ended.stdout)]


def main(data: str, asked: str) -> None:
    if asked == "--migrate":
        store = connect(Address(directory=data, database="argus"))
        migrations.migrate(store, installed_schema())
        store.close()
        print("[]")
        return
    connection = chdb.connect(f"{data}?users_config=users.xml")
    answers: Answers = []
    for statement in json.loads(asked):
        answers.append(_answer(connection, statement))
    print(json.dumps(answers))


def _answer(connection: Any, statement: str) -> tuple[bool, str]:
    try:
        return True, str(connection.query(statement)).strip()
    except (RuntimeError, chdb.ChdbError) as error:
        return False, str(error)


if __name__ == "__main__":
    main(sys.argv[1], sys.stdin.read())
