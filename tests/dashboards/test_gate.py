"""Every query of every dashboard is run for real, on the telemetry of a busy bot in Prometheus and ClickHouse.

It is run on a Prometheus that scraped the bot itself, and on one that scraped the Collector; with everything chosen, as
a dashboard opens, and with one value of each variable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree

import pytest

from lab.jukebox.world import LAG, World, missing
from tools.grafana.model import Dashboard, Target, shipped
from tools.grafana.session import Choice, Session, seconds
from tools.grafana.sources import ClickHouse, Prometheus
from tools.pictures import page

from . import answer_checks, model_checks
from .answer_checks import Answers
from .exceptions import MAY_BE_EMPTY
from .test_models import replaced
from .valid_dashboard import dashboard, valid_dashboard

DASHBOARDS = [one for one in shipped() if "tempo" not in one.plugins]  # test_tempo_loki.py has the others
EACH = pytest.mark.parametrize("shown", DASHBOARDS, ids=lambda one: one.uid)
PATHS = ("direct", "collected")
CHOICES: tuple[Choice, ...] = ("saved", "one")

Cache = dict[tuple[str, str, str], Answers]


@pytest.fixture(scope="module")
def cache() -> Cache:
    """Answers, so that nothing is asked twice."""
    return {}


def history(world: World) -> ClickHouse:
    server = world.clickhouse
    return ClickHouse(server.url, world.database, server.user, server.password)


def metrics(world: World, path: str) -> Prometheus:
    server = world.direct if path == "direct" else world.collected
    return Prometheus(server.url, scrape=1.0)


def needs_the_collector(target: Target) -> bool:
    """Whether it queries metrics of the Collector itself."""
    return "otelcol_" in target.promql


def opened(
    world: World, shown: Dashboard, path: str, choice: Choice, typed: Mapping[str, str] | None = None
) -> Session:
    """Open a dashboard at the end of the busy time: one of months over months, others since the time began."""
    since = re.fullmatch(r"now-(\w+)", shown.model["time"]["from"])
    assert since, shown.model["time"]
    span = seconds(since[1])
    began = world.until - span if span >= 86400 else world.began
    return Session(shown, metrics(world, path), history(world), began, world.until, choice, typed=typed or {})


def answers(world: World, cache: Cache, shown: Dashboard, path: str, choice: Choice) -> Answers:
    key = (shown.uid, path, choice)
    if key not in cache:
        skipped = needs_the_collector if path == "direct" else lambda _: False
        cache[key] = Answers(opened(world, shown, path, choice), skipped)
    return cache[key]


def test_the_bot_has_emitted_every_metric_of_the_catalogue(world: World) -> None:
    assert missing(world.direct, world.until) == missing(world.collected, world.until) == set()


@EACH
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("check", [answer_checks.refused, answer_checks.empty, answer_checks.shapes,
                                   answer_checks.columns], ids=lambda check: check.__name__)  # fmt: skip
def test_every_query_has_an_answer(
    world: World, cache: Cache, shown: Dashboard, path: str, choice: Choice, check: Callable[..., Any]
) -> None:
    found = answers(world, cache, shown, path, choice)
    assert list(check(found, MAY_BE_EMPTY) if check is answer_checks.empty else check(found)) == []


@EACH
@pytest.mark.parametrize("path", PATHS)
def test_every_metric_label_and_legend_is_there(world: World, cache: Cache, shown: Dashboard, path: str) -> None:
    found = answers(world, cache, shown, path, "saved")
    labels = answer_checks.Labels(metrics(world, path), world.began, world.until)
    without = Dashboard(_without(shown, needs_the_collector), shown.name) if path == "direct" else shown
    assert list(answer_checks.unknown_labels(without, labels, MAY_BE_EMPTY)) == []
    assert list(model_checks.variables_honoured(without, labels)) == []
    assert list(answer_checks.selects_nothing(found, MAY_BE_EMPTY)) == []
    assert list(answer_checks.legends(found, MAY_BE_EMPTY)) == []


ANNOTATED = [(shown, one) for shown in DASHBOARDS for one in shown.model["annotations"]["list"] if "target" in one]


MARKED = {
    "argus-training-run": ("run", "select argMin(run_id, time) from training_runs where event = 'training.run.resume'")
}
"""What has to be typed in so that annotations have something to tell: a variable, and a question to history."""


@pytest.mark.parametrize(
    ("shown", "annotation"), ANNOTATED, ids=[f"{each.uid}-{one['name']}" for each, one in ANNOTATED]
)
def test_every_annotation_has_something_to_tell(world: World, shown: Dashboard, annotation: dict[str, Any]) -> None:
    variable, sql = MARKED[shown.uid]
    _, ((typed,), *_) = history(world).query(sql)
    session = opened(world, shown, "collected", "saved", {variable: typed})
    target = Target(annotation["target"], {"type": "table", "title": annotation["name"]})
    texts = [text for frame in session.ask(target) for one in frame.of_kind("string") for text in one.values]
    assert texts
    assert all(texts)


@EACH
def test_every_attribute_that_sql_looks_up_is_there(world: World, cache: Cache, shown: Dashboard) -> None:
    found = answers(world, cache, shown, "collected", "saved")
    assert list(answer_checks.unknown_attributes(found, history(world))) == []


@EACH
@pytest.mark.parametrize("choice", CHOICES)
def test_both_paths_show_the_same(world: World, cache: Cache, shown: Dashboard, choice: Choice) -> None:
    direct, collected = (answers(world, cache, shown, path, choice) for path in PATHS)
    for one, other in ((direct, collected), (collected, direct)):
        assert {**one.session.options, "collector": []} == {**other.session.options, "collector": []}
        assert list(answer_checks.lacking(one, other, LAG)) == []


@pytest.fixture(scope="module")
def traced(world: World) -> set[str]:
    """Return the histograms that have exemplars, and so points that belong to a trace."""
    series = metrics(world, "collected").exemplars('{__name__=~".+_bucket"}', world.began, world.until)
    return {one["seriesLabels"]["__name__"] for one in series}


@EACH
def test_panels_of_traced_histograms_show_exemplars(traced: set[str], shown: Dashboard) -> None:
    assert len(traced) > 5
    without = [
        panel["title"]
        for panel in shown.panels()
        if panel["type"] in ("timeseries", "heatmap")
        and any(re.search(rf"\b({'|'.join(traced)})\b", target.get("expr", "")) for target in panel["targets"])
        and not any(target.get("exemplar") for target in panel["targets"])
    ]
    assert without == []


def _without(shown: Dashboard, skipped: Callable[[Target], bool]) -> dict[str, Any]:
    panels = [
        {**panel, "targets": [one for one in panel.get("targets") or [] if not skipped(Target(one, panel))]}
        for panel in shown.model["panels"]
    ]
    return {**shown.model, "panels": panels}


# -- faults are found


def of_valid(world: World, change: Callable[[dict[str, Any]], Any] = lambda _: None) -> Answers:
    model = valid_dashboard()
    change(model)
    return Answers(opened(world, dashboard(model), "collected", "saved"))


def found_by(world: World, check: str, found: Answers) -> list[str]:
    shown = found.session.dashboard
    labels = answer_checks.Labels(found.session.prometheus, world.began, world.until)
    if check == "unknown_labels":
        return list(answer_checks.unknown_labels(shown, labels))
    if check == "unknown_attributes":
        return list(answer_checks.unknown_attributes(found, history(world)))
    if check == "lacking":
        return list(answer_checks.lacking(found, of_valid(world), LAG))
    return list(getattr(answer_checks, check)(found))


def table(**options: Any) -> Callable[[dict[str, Any]], None]:
    def change(model: dict[str, Any]) -> None:
        model["panels"][3]["transformations"] = [{"id": "organize", "options": options}]

    return change


BROKEN: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    ("refused", replaced(2, "expr", "sum(", "summ("), "unknown function"),
    ("refused", replaced(5, "rawSql", "otel_traces", "otel_spans"), "otel_spans"),
    ("refused", replaced(5, "rawSql", "ServiceName in", "Service in"), "Service"),
    ("refused", replaced(5, "rawSql", "$__timeFilter", "$__timeFilterr"), "no macro"),
    ("empty", replaced(2, "expr", "discord_shard_up", "discord_shard_is_up"), "is empty"),
    ("empty", replaced(5, "rawSql", "command != ''", "command = 'no such'"), "is empty"),
    ("empty", lambda model: model["templating"]["list"][2].update(query="label_values(nothing, job)"), "$job has"),
    ("selects_nothing", replaced(2, "expr", ")", ' or x{discord_outcome="eror"})'), 'outcome="eror"'),
    ("unknown_labels", replaced(3, "expr", "{job", '{command="play",job'), "has no label command"),
    ("unknown_labels", replaced(3, "expr", "(discord_command_name)", "(discord_command)"), "groups by discord_command"),
    ("legends", lambda model: model["panels"][2]["targets"][0].update(legendFormat="{{command}}"), "has command in"),
    ("columns", table(renameByName={"outcome": "Outcome"}), "'outcome'"),
    ("columns", table(excludeByName={"Thyme": True}), "'Thyme'"),
    ("shapes", replaced(6, "rawSql", "Body as body", "Body as text"), "has no body"),
    ("unknown_attributes", replaced(5, "rawSql", "discord.command.name", "discord.comand.name"), "no row has"),
    ("unknown_attributes", replaced(5, "rawSql", "!= ''", "!= 'discord.guild.joined'"), "no catalogue has"),
    ("lacking", replaced(3, "expr", "(discord_command_name)", "(discord_command_type)"), "on one path only"),
]  # fmt: skip
CHECKS = ("refused", "empty", "selects_nothing", "unknown_labels", "legends", "columns", "shapes", "unknown_attributes",
          "lacking")  # fmt: skip


@pytest.mark.parametrize("check", CHECKS)
def test_nothing_is_wrong_with_a_valid_dashboard(world: World, check: str) -> None:
    assert found_by(world, check, of_valid(world)) == []


@pytest.mark.parametrize(("check", "change", "told"), BROKEN, ids=[f"{check}: {told}" for check, _, told in BROKEN])
def test_a_fault_is_found(world: World, check: str, change: Callable[[dict[str, Any]], Any], told: str) -> None:
    found = found_by(world, check, of_valid(world, change))
    assert any(told in one for one in found), found


def test_every_check_has_been_seen_to_find_something() -> None:
    assert {check for check, _, _ in BROKEN} == set(CHECKS)


# -- pictures


@EACH
def test_a_picture_has_something_in_each_panel(world: World, shown: Dashboard) -> None:
    drawn, counts = page.draw(opened(world, shown, "collected", "saved"))
    nothing = [panel["title"] for panel in shown.panels() if panel["id"] in counts and not counts[panel["id"]]]
    assert set(nothing) <= set(MAY_BE_EMPTY)
    picture = ElementTree.fromstring(drawn)  # noqa: S314 - our own
    groups = {one.get("id") for one in picture.iter("{http://www.w3.org/2000/svg}g")}
    assert {f"panel-{panel['id']}" for panel in shown.panels()} <= groups
    assert "No data" not in drawn
