"""What users import of agent graphs: ``from argus_otel import graphs``."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from typing import get_type_hints

import pytest

from argus_otel import graphs
from argus_otel.history.store.errors import AddressError, StoreError
from argus_otel.sources.graphs.history import History, results


def test_every_name_is_there_and_documented() -> None:
    assert sorted(graphs.__all__) == graphs.__all__
    for name in graphs.__all__:
        assert getattr(graphs, name).__doc__, name
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        graphs.nothing  # noqa: B018 # pyright: ignore[reportAttributeAccessIssue]
    assert graphs.History is History


def test_every_result_is_one_of_them_and_frozen() -> None:
    named = {name for name in vars(results) if dataclasses.is_dataclass(getattr(results, name))}
    assert named < set(graphs.__all__)
    for name in (*named, "Drift"):
        assert getattr(graphs, name).__dataclass_params__.frozen, name


def test_every_question_is_typed_and_documented() -> None:
    questions = [name for name in vars(History) if not name.startswith("_")]
    assert questions == [
        "runs",
        "run",
        "findings",
        "causes",
        "evaluations",
        "scores",
        "nodes",
        "difference",
        "baseline",
    ]
    for name in questions:
        method = getattr(History, name)
        assert method.__doc__
        assert "return" in get_type_hints(method)


def test_declaring_imports_neither_history_nor_langgraph() -> None:
    program = """
import sys
from argus_otel import graphs
graphs.graph("support", reads={"write": ["docs"]})
heavy = ("langgraph", "langchain_core", "opentelemetry.sdk", "statistics", "clickhouse_connect", "chdb",
         "argus_otel.history", "argus_otel.terminal")
print(*(name for name in sys.modules if name.startswith(heavy)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_store_that_cannot_be_opened() -> None:
    with pytest.raises(AddressError):
        graphs.history("nonsense")
    pytest.importorskip("chdb", reason="needs ClickHouse's engine")
    with pytest.raises(StoreError, match="does not exist"):
        graphs.history("chdb:/no/such/directory")
