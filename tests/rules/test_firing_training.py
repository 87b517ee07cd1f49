"""The rules as they are shipped, in a real Prometheus that scrapes a real program whose training runs go wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from argus_otel.history.models import installed_schema
from argus_otel.history.store import migrations
from argus_otel.history.store.client import connect
from lab.clickhouse import ClickHouse
from lab.prometheus import Prometheus
from lab.trainee.trainee import INSTANCE, SERVICE, Trainee

from .rulebook import ROOT
from .test_firing_graphs import CONFIG, firing

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
    program = Trainee(directory, ARGUS_HISTORY_STORE=address)
    rules = ROOT / "prometheus" / "rules" / "*.yaml"
    config = CONFIG.format(rules=rules, job=SERVICE, port=program.port, instance=INSTANCE)
    try:
        program.start()
        with Prometheus.running_in(directory / "prometheus", config) as server:
            server.wait_for(f'process_uptime_seconds{{job="{SERVICE}"}}')
            yield server
    finally:
        program.kill()


@pytest.mark.parametrize(("name", "about"), FIRE)
def test_an_alert_fires_with_what_it_is_about(prometheus: Prometheus, name: str, about: dict[str, str]):
    wanted = {"job": SERVICE, **about}
    prometheus.wait_until(
        lambda: any(wanted.items() <= labels.items() for labels in firing(prometheus).get(name, [])),
        f"fires {name}",
        60,
    )


def test_nothing_else_fires_and_no_rule_fails(prometheus: Prometheus):
    names = {name for name, _ in FIRE}
    prometheus.wait_until(lambda: names <= firing(prometheus).keys(), "fires all of it", 60)
    assert firing(prometheus).keys() == names
    told = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    assert {rule["name"]: rule.get("lastError") for rule in told if rule["health"] == "err"} == {}
