"""Every path of a bot's metrics into a store shows the same: each dashboard's queries, and what each rule looks at.

One bot is scraped by Prometheus 2, Prometheus 3 and VictoriaMetrics, and sends the same OTLP to our Collector, to
Prometheus 3 and to VictoriaMetrics. docs/pipeline.md has the table, "What works where".
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from argus_otel.scrape.series import prometheus_name
from argus_otel.telemetry import Metric
from lab.built import built
from lab.clickhouse import ClickHouse
from lab.jukebox import world as made
from lab.jukebox.world import METRICS, World
from tools.grafana.frames import is_empty
from tools.grafana.model import shipped
from tools.grafana.session import Choice, Session
from tools.grafana.sources import ClickHouse as ClickHouseSource
from tools.grafana.sources import Prometheus

from ..rules.rulebook import rules
from .promql import read

# Two worlds at a time are more than two cores can do.
pytestmark = pytest.mark.alone

PATHS = ("Collector, scrape", "Prometheus 3, scrape", "Prometheus 3, OTLP", "VictoriaMetrics, scrape",
         "VictoriaMetrics, OTLP")  # fmt: skip
EACH = pytest.mark.parametrize("path", PATHS)
CHOICES: tuple[Choice, ...] = ("saved", "one")

Asked = dict[tuple[str, str, str], bool]
"""Whether a query has an answer, by dashboard, panel and letter of the query."""

WITHOUT_TARGETS = ("Collector, scrape", "Prometheus 3, OTLP", "VictoriaMetrics, OTLP")
"""Paths on which a bot is no target, and so has no ``up``: BotGone takes EndpointDown's place."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, clickhouse: ClickHouse) -> Iterator[World]:
    """A busy bot, over and done with, whose metrics went everywhere."""
    for name in ("prometheus", "victoriametrics"):
        built(name)
    with made.busy(tmp_path_factory.mktemp("world"), clickhouse, 10, events=100, everywhere=True) as finished:
        yield finished


def server(world: World, path: str) -> Prometheus:
    """Return the server at the end of a path; ``""`` is Prometheus 2, which scraped the bot."""
    found = world.direct if not path else world.collected if path == PATHS[0] else world.others[path]
    return Prometheus(found.url, scrape=1.0)


@pytest.fixture(scope="module")
def answered(world: World) -> dict[tuple[str, Choice], Asked]:
    """What has an answer: by path and choice of variables."""
    return {(path, choice): _ask(world, path, choice) for path in ("", *PATHS) for choice in CHOICES}


def _ask(world: World, path: str, choice: Choice) -> Asked:
    asked: Asked = {}
    store = world.clickhouse
    history = ClickHouseSource(store.url, world.database, store.user, store.password)
    for shown in shipped():
        targets = [target for target in shown.targets() if target.promql and "otelcol_" not in target.promql]
        if not targets:
            continue
        session = Session(shown, server(world, path), history, world.began, world.until, choice)
        for target in targets:
            asked[shown.uid, target.panel["title"], target.ref_id] = not is_empty(session.ask(target))
    return asked


@EACH
@pytest.mark.parametrize("choice", CHOICES)
def test_every_query_has_an_answer_where_a_scrape_has_one(
    answered: dict[tuple[str, Choice], Asked], path: str, choice: Choice
) -> None:
    direct, other = answered["", choice], answered[path, choice]
    assert sum(direct.values()) > 150
    assert {key for key, has in direct.items() if has and not other[key]} == set()


@EACH
def test_every_rule_finds_what_it_looks_at(world: World, path: str) -> None:
    """Each selector of each rule that has a series on a scrape has one here; recorded series are not looked at."""
    lacking: dict[str, set[str]] = {}
    for rule in rules():
        for selector in read(rule["expr"]).selectors:
            if ":" in selector.metric or "otelcol" in selector.metric:
                continue
            on_a_scrape, here = (
                bool(server(world, each).series(selector.text, world.began, world.until)) for each in ("", path)
            )
            if on_a_scrape and not here:
                lacking.setdefault(rule.get("alert", rule.get("record")), set()).add(selector.text)
    # BotGone only excludes what has a target.
    without = {"EndpointDown": {"up{}"}, "BotGone": {"up{}"}} if path in WITHOUT_TARGETS[1:] else {}
    assert lacking == without


@EACH
def test_names_and_labels_are_those_of_a_scrape(world: World, path: str) -> None:
    direct, here = (_labels(world, each) for each in ("", path))
    differing = {name: (direct[name], here.get(name)) for name in direct if direct[name] != here.get(name)}
    expected: set[str] = set()
    if path in WITHOUT_TARGETS:
        # Their unit is 1, by OpenTelemetry's conventions: queries ask for both names.
        expected = {prometheus_name(metric) for metric in METRICS if metric.unit == "1"}
    assert set(differing) == expected, differing


def _labels(world: World, path: str) -> dict[str, frozenset[str]]:
    return {name: _labels_of(world, path, name) for name in map(_series_name, METRICS)}


def _labels_of(world: World, path: str, name: str) -> frozenset[str]:
    found = server(world, path).series(name, world.began, world.until)
    return frozenset(label for one in found for label, value in one.items() if value)


def _series_name(metric: Metric) -> str:
    return prometheus_name(metric) + ("_bucket" if metric.boundaries else "")


@EACH
def test_every_process_has_its_job_instance_cluster_and_version(world: World, path: str) -> None:
    found = server(world, path).series("argus_process_info", world.began, world.until)
    names = ("job", "instance", "discord_cluster_id", "argus_check_location", "service_version")
    assert {tuple(one.get(name, "") for name in names) for one in found} == {
        *(("jukebox", f"jukebox-{number}", f"cluster-{number}", "", "2.1.0") for number in range(2)),
        ("lookout", "lookout-0", "", "fra1", "1.0.0"),
        ("receptionist", "receptionist-0", "", "", "1.0.0"),
        ("trainee", "trainee-0", "", "", "1.0.0"),
    }


def test_exemplars_are_on_a_scrape_too(world: World) -> None:
    for path in ("", "Collector, scrape", "Prometheus 3, scrape", "Prometheus 3, OTLP"):
        found = server(world, path).exemplars('{__name__=~"discord_.+_bucket"}', world.began, world.until)
        ids = [exemplar["labels"]["trace_id"] for one in found for exemplar in one["exemplars"]]
        assert len(ids) > 10, path
        assert all(len(one) == 32 for one in ids)
