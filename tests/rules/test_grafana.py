"""grafana/provisioning/alerting/: the same alerts, as Grafana wants them."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tools import grafana_alerts
from tools.grafana.model import DIRECTORY

from .rulebook import ROOT, alerts

DATA_SOURCES = ROOT / "grafana" / "provisioning" / "datasources" / "argus-otel.yaml"
SOURCES = list(grafana_alerts.by_source())
# The fields of a rule, and of a query of it, that Grafana's provisioning reads:
# https://grafana.com/docs/grafana/latest/alerting/set-up/provision-alerting-resources/file-provisioning/
RULE = {"uid", "title", "condition", "data", "noDataState", "execErrState", "for", "labels", "annotations"}
QUERY = {"refId", "relativeTimeRange", "datasourceUid", "model"}


@pytest.fixture(scope="module")
def provisioned() -> list[dict[str, Any]]:
    documents = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in grafana_alerts.DIRECTORY.iterdir()]
    assert {document["apiVersion"] for document in documents} == {1}
    return [rule for document in documents for group in document["groups"] for rule in group["rules"]]


def test_the_files_are_those_that_the_rules_make():
    assert {path.name for path in grafana_alerts.DIRECTORY.iterdir()} == {f"{source}.yaml" for source in SOURCES}
    for source in SOURCES:
        text = (grafana_alerts.DIRECTORY / f"{source}.yaml").read_text(encoding="utf-8")
        assert text == grafana_alerts.text(source), "run `make dashboards`"


@pytest.mark.parametrize("source", SOURCES)
def test_a_sources_alerts_are_in_the_folder_of_its_dashboards(source: str):
    assert {group["folder"] for group in grafana_alerts.document(source)["groups"]} == {source}
    assert (DIRECTORY / source).is_dir()


def test_each_alert_is_there_once_and_one_more_says_that_the_rules_are_missing(provisioned: list[dict[str, Any]]):
    titles = [rule["title"] for rule in provisioned]
    assert sorted(titles) == sorted([*alerts(), "RulesNotLoaded"])
    uids = [rule["uid"] for rule in provisioned]
    assert len(set(uids)) == len(uids)
    assert all(re.fullmatch(r"[a-z-]{1,40}", uid) for uid in uids)


def test_an_alert_fires_for_each_row_of_its_query_and_for_none(provisioned: list[dict[str, Any]]):
    for rule in provisioned:
        assert set(rule) == RULE
        query, condition = rule["data"]
        assert set(query) == set(condition) == QUERY
        known = alerts().get(rule["title"])
        if known:
            assert query["model"]["expr"] == known["expr"]
            assert rule["for"] == known.get("for", "0s")
            assert rule["labels"] == known["labels"]
        assert query["model"]["instant"] is True
        assert rule["condition"] == condition["refId"] == "B"
        assert condition["model"]["expression"] == query["refId"] == "A"
        assert condition["model"]["conditions"] == [{"evaluator": {"type": "gt", "params": [-1]}}]
        assert rule["noDataState"] == "OK"


def test_data_sources_are_the_provisioned_ones(provisioned: list[dict[str, Any]]):
    sources = {one["uid"]: one for one in yaml.safe_load(DATA_SOURCES.read_text(encoding="utf-8"))["datasources"]}
    asked = {query["datasourceUid"] for rule in provisioned for query in rule["data"]}
    assert asked == {"argus-prometheus", "__expr__"}
    assert sources["argus-prometheus"]["type"] == "prometheus"
    # Otherwise each alert would be listed twice, Prometheus's own beside Grafana's.
    assert sources["argus-prometheus"]["jsonData"]["manageAlerts"] is False


def test_templates_are_grafanas_and_nothing_in_the_file_is_taken_for_a_variable_of_the_environment(
    provisioned: list[dict[str, Any]],
):
    for rule in provisioned:
        for text in rule["annotations"].values():
            assert not re.search(r"\$value\b", text)
            assert "${" not in text
            assert "| query" not in text
        # Grafana leaves models and annotations alone, and looks for $NAME in the rest.
        assert "$" not in str({name: value for name, value in rule.items() if name != "annotations"})


def test_nobodys_address_is_made_up():
    for source in SOURCES:
        assert set(grafana_alerts.document(source)) == {"apiVersion", "groups"}  # no contactPoints, no policies
