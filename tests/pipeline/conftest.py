from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from argus_otel.history.models import installed_schema
from argus_otel.history.store import migrations
from argus_otel.history.store.client import connect
from lab.clickhouse import ClickHouse
from lab.collector import Collector

from .emitting import Program

Migrated = Callable[[ClickHouse, str], str]


@pytest.fixture(scope="session")
def migrated() -> Migrated:
    """Make the shipped schema in a database of a server; return the database's name."""

    def migrate(server: ClickHouse, database: str) -> str:
        store = connect(server.dsn(database))
        try:
            migrations.migrate(store, installed_schema())
        finally:
            store.close()
        return database

    return migrate


@pytest.fixture(scope="module")
def database(clickhouse: ClickHouse, migrated: Migrated) -> str:
    """A database with the shipped schema, for one module."""
    return migrated(clickhouse, f"pipeline_{uuid.uuid4().hex[:8]}")


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory, clickhouse: ClickHouse, database: str) -> Iterator[Collector]:
    """A Collector on single.yaml, for one module."""
    directory = tmp_path_factory.mktemp("collector")
    with Collector.running_in(directory, clickhouse=clickhouse, database=database, TRACES_SHARE="0") as started:
        yield started


@pytest.fixture
def program(collector: Collector, request: pytest.FixtureRequest) -> Iterator[Program]:
    """A program that sends to that Collector; its service has the test's name."""
    with Program.sending_to(collector.endpoint, request.node.name) as sending:
        yield sending


@pytest.fixture(scope="session")
def queues(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for ``COLLECTOR_QUEUES`` of configs that are only validated."""
    return tmp_path_factory.mktemp("queues")
