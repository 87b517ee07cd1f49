from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.clickhouse import ClickHouse
from lab.jukebox import world as made
from lab.jukebox.world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, clickhouse: ClickHouse) -> Iterator[World]:
    """A busy bot, over and done with, and all that is known of it."""
    with made.busy(tmp_path_factory.mktemp("world"), clickhouse) as finished:
        yield finished
