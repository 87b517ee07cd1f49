from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from argus_otel.cli import main
from argus_otel.history.store.client import connect
from lab.clickhouse import ClickHouse

from ..history.runs import rows_of, trained


class Ended(NamedTuple):
    code: int
    out: str
    err: str


Training = Callable[..., Ended]


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
def training(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, known: str) -> Training:
    """Run ``argus-otel training`` on that store."""
    monkeypatch.setenv("ARGUS_HISTORY_STORE", known)

    def run(*words: object) -> Ended:
        capsys.readouterr()
        try:
            code = main(["training", *map(str, words)])
        except SystemExit as end:
            code = int(str(end.code or 0))
        out, err = capsys.readouterr()
        return Ended(code, out, err)

    return run
