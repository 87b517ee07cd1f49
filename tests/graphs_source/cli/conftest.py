from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from argus_otel.cli import main
from argus_otel.history.row import Row
from argus_otel.history.store.client import connect
from argus_otel.sources.graphs import promises
from argus_otel.sources.graphs.history import History
from argus_otel.sources.graphs.history.results import Run
from lab.clickhouse import ClickHouse
from tests.typed import Typed, command

from ..history.graphs import Changing, judged, nested, working
from ..history.recorded import rows_of


def drifting_rows() -> list[Row]:
    """Of a graph that runs 12 times, and 12 times more without a key."""
    graph = Changing()
    rows = rows_of(lambda: graph.run(12))
    graph.docs = None
    return rows + rows_of(lambda: graph.run(12))


def known_rows() -> list[Row]:
    """Of runs that fail, that end well, and that drift."""
    config = {"configurable": {"thread_id": "42"}}
    return [
        *rows_of(
            lambda: nested().invoke({"question": "?"}, config),
            lambda: nested(["a", "b"]).invoke({"question": "?"}, config),
            lambda: nested(["a"]).invoke({"question": "?"}),
        ),
        *rows_of(lambda: judged().invoke({"question": "?"}), content=True),
        *(replace(row, service="worker") for row in rows_of(lambda: working().invoke({"question": "?"}))),
        *drifting_rows(),
    ]


@pytest.fixture(scope="session")
def known(server: ClickHouse) -> str:
    """The address of a store with known runs."""
    address = server.dsn("graphs_typed")
    assert main(["store", "migrate", "--store", address]) == 0
    with connect(address) as store:
        store.insert(known_rows())
    promises.forget()
    return address


@pytest.fixture
def history(known: str) -> Iterator[History]:
    with History.open(known) as opened:
        yield opened


@pytest.fixture
def failed(history: History) -> Run:
    """The run that failed."""
    [run] = history.runs("support", outcome="error")
    return run


@pytest.fixture
def healthy(history: History) -> Run:
    """A run of the same graph that ended well."""
    return history.runs("support", outcome="ok")[0]


@pytest.fixture
def graphs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, known: str) -> Typed:
    """Run ``argus-otel graphs`` on that store."""
    monkeypatch.setenv("ARGUS_HISTORY_STORE", known)

    return command(capsys, "graphs")
