from __future__ import annotations

from collections.abc import Iterator

import pytest

from argus_otel.history.store import migrations
from argus_otel.history.store.client import Store, connect
from argus_otel.history.store.schema import Schema
from argus_otel.sources.graphs.history import MODEL
from lab.clickhouse import ClickHouse

SCHEMA = Schema((MODEL,))


@pytest.fixture
def store(server: ClickHouse, request: pytest.FixtureRequest) -> Iterator[Store]:
    """A database of this test alone, with the tables of graphs."""
    name = "".join(letter if letter.isalnum() else "_" for letter in request.node.name)
    opened = connect(server.dsn(name[:120]))
    migrations.migrate(opened, SCHEMA)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def shared(server: ClickHouse, request: pytest.FixtureRequest) -> Iterator[Store]:
    """A database of the tests of one module, each of which has a service of its own."""
    opened = connect(server.dsn(request.module.__name__.replace(".", "_")))
    migrations.migrate(opened, SCHEMA)
    yield opened
    opened.close()
