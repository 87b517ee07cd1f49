"""The rules as they are shipped, in a real Prometheus that scrapes a real program whose training runs go wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from argus_otel.history.models import installed_schema
from argus_otel.history.store import migrations
from argus_otel.history.store.client import connect
from lab.clickhouse import ClickHouse
from lab.prometheus import Prometheus
from lab.trainee.trainee import SERVICE, Trainee

from .firing import assert_fires, assert_nothing_else_fires, watched

FIRE = (
    ("TrainingValueNotFinite", {"argus_training_metric": "loss", "argus_training_nonfinite": "nan"}),
    ("TrainingValueNotFinite", {"argus_training_metric": "loss", "argus_training_nonfinite": "inf"}),
    ("TrainingRunFailed", {"argus_training_model": "Ridge", "error_type": "ValueError"}),
)
"""What is wrong in each third round, and with what. The other alerts wait for longer."""


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory, clickhouse: ClickHouse) -> Iterator[Prometheus]:
    directory = tmp_path_factory.mktemp("training")
    address = clickhouse.dsn("firing_training")
    with connect(address) as store:
        migrations.migrate(store, installed_schema())
    with watched(Trainee(directory, ARGUS_HISTORY_STORE=address), SERVICE, directory) as server:
        yield server


@pytest.mark.parametrize(("name", "about"), FIRE)
def test_an_alert_fires_with_what_it_is_about(prometheus: Prometheus, name: str, about: dict[str, str]):
    assert_fires(prometheus, name, {"job": SERVICE, **about})


def test_nothing_else_fires_and_no_rule_fails(prometheus: Prometheus):
    assert_nothing_else_fires(prometheus, {name for name, _ in FIRE})
