from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from argus_otel.history.store import migrations
from argus_otel.history.store.address import Address
from argus_otel.history.store.client import Store, connect
from argus_otel.sources.discord.history import History
from lab.clickhouse import ClickHouse

from .dataset import ROWS, SCHEMA

pytest.importorskip("chdb", reason="needs ClickHouse's engine: pip install chdb-core-lite (Linux and macOS)")


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the engine of this process keeps its data: it has one directory, and a database for each test."""
    return tmp_path_factory.mktemp("chdb")


@pytest.fixture(scope="session")
def database(directory: Path) -> Iterator[Callable[[str], Store]]:
    """Open a database of its own on the engine; it is empty."""
    opened: list[Store] = []

    def opening(name: str) -> Store:
        opened.append(connect(Address(directory=str(directory), database=name)))
        return opened[-1]

    yield opening
    for store in opened:
        store.close()


@pytest.fixture
def store(database: Callable[[str], Store], request: pytest.FixtureRequest) -> Store:
    """A database of this test alone, with the schema."""
    name = "".join(letter if letter.isalnum() else "_" for letter in request.node.name)
    opened = database(name[:120])
    migrations.migrate(opened, SCHEMA)
    return opened


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    """A ClickHouse server."""
    with ClickHouse.running_in(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


@pytest.fixture(scope="session", params=["all rows", "rollups alone", "server"])
def history(database: Callable[[str], Store], server: ClickHouse, request: pytest.FixtureRequest) -> Iterator[History]:
    """The known history: as it is, after its raw rows have expired, and on a server."""
    if request.param == "server":
        store = connect(server.dsn("known"))
    else:
        store = database("known_" + request.param.replace(" ", "_"))
    migrations.migrate(store, SCHEMA)
    store.insert(ROWS)
    if request.param == "rollups alone":
        store.command("truncate table discord_events")
    yield History(store)
    if request.param == "server":
        store.close()
