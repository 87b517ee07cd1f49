"""Every dashboard can be imported into a fresh Grafana, and each check of that finds the fault that it is for."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from argus_otel.catalogues import CATALOGUES, EXTERNAL
from argus_otel.telemetry import Catalogue, Metric
from tools.grafana.model import DIRECTORY, Dashboard, shipped

from . import answer_checks, model_checks
from .promql import read
from .valid_dashboard import PROVISIONED, dashboard, valid_dashboard

ROOT = Path(__file__).resolve().parents[2]
DASHBOARDS = shipped()
EACH = pytest.mark.parametrize("shown", DASHBOARDS, ids=lambda one: one.uid)

PAGE = (ROOT / "docs" / "dashboards.md").read_text(encoding="utf-8")

Check = Callable[[Dashboard], Iterator[str]]


def provisioned() -> dict[str, str]:
    """The data sources that ship: uid to type."""
    found: dict[str, str] = {}
    for path in (ROOT / "grafana" / "provisioning" / "datasources").glob("*.yaml"):
        for one in yaml.safe_load(path.read_text(encoding="utf-8"))["datasources"]:
            found[one["uid"]] = one["type"]
    return found


def units() -> set[str]:
    """The ids of Grafana's units, as its own SDK lists them."""
    listed = pytest.importorskip("grafana_foundation_sdk.models.units", reason="needs grafana-foundation-sdk")
    return {value for name, value in vars(listed).items() if isinstance(value, str) and not name.startswith("_")}


CHECKS: dict[str, Check] = {
    "identity": model_checks.identity,
    "ids": model_checks.ids,
    "grid": model_checks.grid,
    "compact": model_checks.compact,
    "kinds": model_checks.kinds,
    "sums": model_checks.sums,
    "units": lambda one: model_checks.units(one, units()),
    "sources": lambda one: model_checks.sources(one, provisioned()),
    "variables resolve": model_checks.variables_resolve,
    "variables are honoured": lambda one: model_checks.variables_honoured(one, catalogued_labels),
    "everything is everything": model_checks.everything_is_everything,
    "links": lambda one: model_checks.links(one, [*DASHBOARDS, one]),
    "metrics": answer_checks.unknown_metrics,
}


def catalogued_labels(metric: str) -> set[str]:
    """The labels that a metric has by the catalogue, and those of every series."""
    found = {"job", "instance"}
    for one in (one for catalogue in (*CATALOGUES, *EXTERNAL) for one in catalogue.metrics):
        if metric in answer_checks.names([Catalogue("one", metrics=(one,))]):
            found |= {attribute.name.replace(".", "_") for attribute in one.attributes}
    return found


def test_every_dashboard_has_its_section_and_its_picture_and_every_section_its_dashboard() -> None:
    uids = sorted(one.uid for one in DASHBOARDS)
    assert sorted(re.findall(r"^`([\w-]+)`[.,]", PAGE, re.MULTILINE)) == uids
    drawn = sorted(one.uid for one in DASHBOARDS if "tempo" not in one.plugins)  # of which the lab has none
    assert sorted(re.findall(r"^!\[.+\]\(pictures/([\w-]+)\.svg\)$", PAGE, re.MULTILINE)) == drawn


def test_every_dashboard_is_in_the_table_under_its_source() -> None:
    table = PAGE.partition("\n| Dashboard |")[2].partition("\n\n")[0]
    listed: dict[str, list[str]] = {}
    for source, title in re.findall(r"^\| (?:\*\*`(\w+)`\*\*|\[(.+?)\]\()", table, re.MULTILINE):
        if source:
            listed[source] = []
        else:
            listed[list(listed)[-1]].append(title)
    headings = re.findall(r"^## (.+)\n\n`([\w-]+)`", PAGE, re.MULTILINE)
    uids = {source: sorted(uid for heading, uid in headings if heading in titles) for source, titles in listed.items()}
    assert uids == {
        directory.name: sorted(path.stem for path in directory.glob("*.json"))
        for directory in DIRECTORY.iterdir() if directory.is_dir()
    }  # fmt: skip


@EACH
@pytest.mark.parametrize("check", CHECKS)
def test_a_dashboard_is_right(shown: Dashboard, check: str) -> None:
    assert list(CHECKS[check](shown)) == []


# -- faults are found


def panel(model: dict[str, Any], number: int) -> dict[str, Any]:
    return next(one for one in model["panels"] if one["id"] == number)


def target(model: dict[str, Any], number: int) -> dict[str, Any]:
    return panel(model, number)["targets"][0]


def link(url: str) -> dict[str, Any]:
    return {"defaults": {"unit": "short", "links": [{"title": "there", "url": url}]}, "overrides": []}


def replaced(number: int, key: str, old: str, new: str) -> Callable[[dict[str, Any]], None]:
    def change(model: dict[str, Any]) -> None:
        one = target(model, number)
        assert old in one[key]
        one[key] = one[key].replace(old, new)

    return change


BROKEN: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    ("identity", lambda model: model.update(uid="other"), "the uid is"),
    ("identity", lambda model: model.update(id=7), "it has an id"),
    ("identity", lambda model: model.update(tags=[]), "lacks the tag"),
    ("identity", lambda model: model.update(links=[]), "no link"),
    ("ids", lambda model: panel(model, 3).update(id=2), "is on 2 panels"),
    ("ids", lambda model: panel(model, 3)["targets"].append(target(model, 3)), "2 queries 'A'"),
    ("grid", lambda model: panel(model, 3)["gridPos"].update(x=5), "is upon 'Panel 2'"),
    ("grid", lambda model: panel(model, 3)["gridPos"].update(w=19), "outside of the grid"),
    ("grid", lambda model: panel(model, 3).pop("gridPos"), "has no place"),
    ("compact", lambda model: panel(model, 6)["gridPos"].update(y=12), "would move up from 12 to 11"),
    ("kinds", lambda model: panel(model, 3).update(type="graph"), "Grafana does not have"),
    ("kinds", lambda model: panel(model, 3).update(description=""), "no description"),
    ("kinds", lambda model: panel(model, 3).update(title=""), "no title"),
    ("kinds", lambda model: panel(model, 3).update(targets=[]), "asks nothing"),
    ("units", lambda model: panel(model, 2)["fieldConfig"]["defaults"].update(unit="secs"), "has the unit 'secs'"),
    ("sums", lambda model: panel(model, 3).update(options={"legend": {"calcs": ["sum"]}}) or
     replaced(3, "expr", "rate(", "increase(")(model), "more than a step"),
    ("sources", lambda model: target(model, 3).update(datasource={"type": "prometheus", "uid": "abc"}), "no variable"),
    ("sources", lambda model: target(model, 3)["datasource"].update(uid="${loki}"), "no variable"),
    ("sources", lambda model: target(model, 3)["datasource"].update(type="loki"), "of the type 'loki'"),
    ("sources", lambda model: model["templating"]["list"][0]["current"].update(value="x"), "not provisioned"),
    ("variables resolve", replaced(3, "expr", "$job", "$bot"), "uses $bot, which is not defined"),
    ("variables resolve", lambda model: model["templating"]["list"].reverse(), "not defined before it"),
    ("variables resolve", replaced(2, "expr", "$shard", "1"), "$shard is used by nothing"),
    ("variables are honoured", replaced(2, "expr", ',discord_shard_id=~"$shard"', ""), "keep to $shard"),
    ("variables are honoured", replaced(3, "expr", ',instance=~"$instance"', ""), "keep to $instance"),
    ("variables are honoured", replaced(3, "expr", 'job=~"$job",', ""), "keep to $job"),
    ("variables are honoured", replaced(5, "rawSql", "ServiceName in ($service) and", ""), "keep to $service"),
    ("variables are honoured", replaced(5, "rawSql", "$__timeFilter(Timestamp) and", ""), "the time range"),
    ("everything is everything", lambda model: model["templating"]["list"][4].update(allValue=".+"), "the label"),
    ("links", lambda model: panel(model, 3).update(fieldConfig=link("/d/nowhere")), "does not exist"),
    ("links", lambda model: panel(model, 3).update(fieldConfig=link("/d/valid?var-guild=1")), "has no $guild"),
    ("links", lambda model: panel(model, 3).update(fieldConfig=link("/d/valid?${guild:queryparam}")), "not defined"),
    ("links", lambda model: panel(model, 3).update(fieldConfig=link("elsewhere")), "no address"),
    ("metrics", replaced(2, "expr", "discord_shard_up", "discord_shard_is_up"), "the catalogue does not have"),
    ("metrics", replaced(3, "expr", "seconds_count", "seconds_total"), "the catalogue does not have"),
]  # fmt: skip


@pytest.mark.parametrize("check", CHECKS)
def test_nothing_is_wrong_with_a_valid_dashboard(check: str) -> None:
    assert list(CHECKS[check](dashboard(valid_dashboard()))) == []


@pytest.mark.parametrize(("check", "change", "told"), BROKEN, ids=[f"{check}: {told}" for check, _, told in BROKEN])
def test_a_fault_is_found(check: str, change: Callable[[dict[str, Any]], Any], told: str) -> None:
    model = copy.deepcopy(valid_dashboard())
    change(model)
    found = list(CHECKS[check](dashboard(model)))
    assert any(told in one for one in found), found


def test_every_check_has_been_seen_to_find_something() -> None:
    assert {check for check, _, _ in BROKEN} == CHECKS.keys()


def test_the_valid_dashboard_refers_to_data_sources_that_are_provisioned() -> None:
    assert PROVISIONED.items() <= provisioned().items()


# -- dashboards and catalogue

METRICS = [metric for catalogue in (*CATALOGUES, *EXTERNAL) for metric in catalogue.metrics]

NOT_SHOWN: set[str] = set()
"""Metrics that are on no dashboard, on purpose."""


def asked() -> set[str]:
    """Every metric that any dashboard asks for."""
    return {
        selector.metric
        for shown in DASHBOARDS
        for each in shown.targets()
        if each.promql
        for selector in read(each.promql).selectors
    }


def renamed(name: str) -> list[Catalogue]:
    """The catalogues, in which one metric is called otherwise."""

    def renamed_metric(one: Metric) -> Metric:
        return Metric(f"{name}.renamed", one.kind, one.unit, one.description, one.attributes, one.boundaries)

    def change(catalogue: Catalogue) -> Catalogue:
        metrics = (renamed_metric(one) if one.name == name else one for one in catalogue.metrics)
        return Catalogue(catalogue.name, tuple(metrics), catalogue.spans, catalogue.events, catalogue.span_attributes)

    return [change(one) for one in (*CATALOGUES, *EXTERNAL)]


@pytest.mark.parametrize("name", [metric.name for metric in METRICS])
def test_a_metric_that_is_renamed_in_the_catalogue_is_missed(name: str) -> None:
    if name in NOT_SHOWN:
        pytest.skip("it is on no dashboard, on purpose")
    found = [one for shown in DASHBOARDS for one in answer_checks.unknown_metrics(shown, renamed(name))]
    assert found, f"{name} is on no dashboard"
