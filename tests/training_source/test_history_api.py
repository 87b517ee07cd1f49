"""What users import to ask for training runs: ``from argus_otel import training``."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from typing import get_type_hints

import pytest

from argus_otel import training
from argus_otel.history.store.errors import AddressError, StoreError
from argus_otel.sources.training.history import History, results


def test_every_name_is_there_and_documented() -> None:
    assert sorted(training.__all__) == training.__all__
    for name in training.__all__:
        assert getattr(training, name).__doc__, name
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        training.nothing  # noqa: B018 # pyright: ignore[reportAttributeAccessIssue]
    assert training.History is History


def test_every_result_is_one_of_them_and_frozen() -> None:
    named = {name for name in vars(results) if dataclasses.is_dataclass(getattr(results, name))}
    assert named < set(training.__all__)
    for name in named:
        assert getattr(training, name).__dataclass_params__.frozen, name


def test_every_question_is_typed_and_documented() -> None:
    questions = [name for name in vars(History) if not name.startswith("_")]
    assert questions == ["runs", "run", "lost", "curve", "compare", "best"]
    for name in questions:
        method = getattr(History, name)
        assert method.__doc__
        assert "return" in get_type_hints(method)


def test_history_is_opened_by_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AddressError):
        training.history("postgres://x")
    monkeypatch.setenv("ARGUS_HISTORY_STORE", "chdb:/nowhere/at/all")
    with pytest.raises(StoreError, match="does not exist"):
        training.history()


def test_logging_imports_nothing_of_history() -> None:
    program = """
import sys
from argus_otel import training
with training.run("x") as run:
    run.log(loss=1.0)
heavy = ("opentelemetry.sdk", "clickhouse_connect", "chdb", "sqlite3", "argus_otel.history", "argus_otel.terminal")
print(*(name for name in sys.modules if name.startswith(heavy)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
