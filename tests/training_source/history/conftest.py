from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from argus_otel.history.store import migrations
from argus_otel.history.store.client import Store, connect
from argus_otel.history.store.schema import Schema
from argus_otel.sources.training.history import MODEL, History
from lab.clickhouse import ClickHouse

SCHEMA = Schema((MODEL,))


ASKING = """
import sys
from argus_otel.sources.training.history import History
with History.open(f"files:{sys.argv[1]}") as history:
    for question in sys.argv[2:]:
        print(repr(eval(question)))
"""


def asked_of_files(directory: Path, *questions: str) -> list[str]:
    """Ask daily files, and return the answers' texts. In a process of its own: an engine has one directory in each."""
    command = [sys.executable, "-c", ASKING, str(directory), *questions]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=90).stdout.splitlines()


@pytest.fixture
def store(server: ClickHouse, request: pytest.FixtureRequest) -> Iterator[Store]:
    """A database of this test alone, with the tables of training runs."""
    name = "".join(letter if letter.isalnum() else "_" for letter in request.node.name)
    opened = connect(server.dsn(name[:120]))
    migrations.migrate(opened, SCHEMA)
    yield opened
    opened.close()


@pytest.fixture
def history(store: Store) -> History:
    """Questions to that database."""
    return History(store)
