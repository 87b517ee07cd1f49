from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

os.environ.setdefault("LANGSMITH_TRACING", "false")
pytest.importorskip("langgraph.pregel", reason="install langgraph: uv sync")

from argus_otel.detections import detectors
from argus_otel.sources.graphs import promises
from argus_otel.testing import Observation, observe
from lab.clickhouse import ClickHouse


@pytest.fixture(autouse=True)
def nothing_is_declared() -> Iterator[None]:
    """After each test, forget what it has declared, and its detectors."""
    yield
    promises.forget()
    detectors.forget()


@pytest.fixture
def observed() -> Iterator[Observation]:
    """The source, installed and started. Every trace is sampled."""
    with observe("graphs") as observation:
        yield observation
    assert not observation.points().get("argus.hook.errors"), observation.telemetry.guard.faults


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    """A ClickHouse server: the engine in a process of its own."""
    with ClickHouse.running_in(tmp_path_factory.mktemp("graphs") / "data") as running:
        yield running
