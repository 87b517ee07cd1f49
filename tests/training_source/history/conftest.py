from __future__ import annotations

from collections.abc import Iterator

import pytest

from argus_otel.history.store import migrations
from argus_otel.history.store.client import Store, connect
from argus_otel.history.store.schema import Schema
from argus_otel.sources.training.history import MODEL, History
from lab.clickhouse import ClickHouse

SCHEMA = Schema((MODEL,))


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
