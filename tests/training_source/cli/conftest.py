from __future__ import annotations

import pytest

from argus_otel.cli import main
from argus_otel.history.store.client import connect
from lab.clickhouse import ClickHouse
from tests.typed import Typed, command

from ..history.runs import rows_of, trained


@pytest.fixture(scope="session")
def known(server: ClickHouse) -> str:
    """The address of a store with known runs."""
    address = server.dsn("training_typed")
    assert main(["store", "migrate", "--store", address]) == 0
    with connect(address) as store:
        store.insert(
            rows_of(
                trained(
                    "one", [float("nan") if step in (40, 41) else 1 / (step + 1) for step in range(300)], group="s"
                ),
                trained("two", [2 / (step + 1) for step in range(300)], group="s"),
                trained("bad", [1.0], fails=True),
            )
        )
    return address


@pytest.fixture
def training(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, known: str) -> Typed:
    """Run ``argus-otel training`` on that store."""
    monkeypatch.setenv("ARGUS_HISTORY_STORE", known)

    return command(capsys, "training")
