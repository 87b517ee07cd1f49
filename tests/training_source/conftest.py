from __future__ import annotations

from collections.abc import Iterator

import pytest

from argus_otel.testing import Observation, observe
from lab.clickhouse import ClickHouse


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    """A ClickHouse server: the engine in a process of its own."""
    with ClickHouse.running_in(tmp_path_factory.mktemp("training") / "data") as running:
        yield running


@pytest.fixture(autouse=True)
def _control(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the runs of whoever runs the tests."""
    monkeypatch.setenv("ARGUS_CONTROL", str(tmp_path_factory.getbasetemp() / "no-control"))


@pytest.fixture
def observed() -> Iterator[Observation]:
    """The source, installed and started. Every trace is sampled."""
    with observe("training") as observation:
        yield observation
    assert not observation.points().get("argus.hook.errors"), observation.telemetry.guard.faults
