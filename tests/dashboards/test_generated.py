"""The files in grafana/dashboards are those that the code makes, and have only fields that Grafana knows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from argus_otel.catalogues import CATALOGUES, EXTERNAL
from argus_otel.scrape.series import prometheus_name
from tools.dashboards.__main__ import DIRECTORY, files, write
from tools.dashboards.board import Board, Panel, Row
from tools.dashboards.boards import discover

ALL = [board for boards in discover().values() for board in boards]
EACH = pytest.mark.parametrize("board", ALL, ids=lambda board: board.uid)

# The SDK does not know them, but Grafana writes them itself when a dashboard is saved.
UNKNOWN_TO_THE_SDK = re.compile(
    r"\.templating\.list\[\d+\]\.definition"
    # Of an annotation it knows the query of Grafana's own data source only; a plugin's is as in a panel.
    r"|\.annotations\.list\[\d+\]\.target\.(datasource|pluginVersion|editorType|queryType|format|rawSql|meta|refId)"
)


def panels(board: Board) -> list[dict[str, Any]]:
    return [panel for panel in board.model()["panels"] if panel["type"] != "row"]


def targets() -> list[dict[str, Any]]:
    """Those of PromQL."""
    found = (target for board in ALL for panel in panels(board) for target in panel["targets"])
    return [target for target in found if target["datasource"]["type"] == "prometheus"]


def expressions() -> list[str]:
    return [target["expr"] for target in targets()]


# -- files


def test_the_files_in_the_tree_are_those_that_the_code_makes():
    made = files()
    found = [path.relative_to(DIRECTORY).as_posix() for path in DIRECTORY.rglob("*") if path.is_file()]
    assert sorted(found) == sorted(made), "make dashboards"
    assert [name for name, text in made.items() if (DIRECTORY / name).read_text(encoding="utf-8") != text] == [], (
        "make dashboards"
    )


def test_writing_twice_writes_the_same_and_removes_files_of_former_dashboards(tmp_path: Path):
    write(tmp_path)
    first = {path: path.read_bytes() for path in tmp_path.glob("*/*")}
    (next(iter(first)).parent / "argus-former.json").write_text("{}")
    write(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.glob("*/*")} == first
    assert len(first) == len(ALL)


def test_no_two_dashboards_have_a_uid_or_a_title_in_common():
    assert len({board.uid for board in ALL}) == len({board.title for board in ALL}) == len(ALL)


# -- the builder


def test_panels_go_from_left_to_right_and_into_the_next_line_where_they_do_not_fit():
    sizes = [(12, 4), (8, 6), (8, 2), (24, 3)]
    row = Row("a row", [Panel(width, height, {"title": str(number)}) for number, (width, height) in enumerate(sizes)])
    model = Board("uid", "title", "", [], [row, Row("another", [])]).model()
    assert [tuple(panel["gridPos"][key] for key in "xywh") for panel in model["panels"]] == [
        (0, 0, 24, 1),
        (0, 1, 12, 4),
        (12, 1, 8, 6),
        (0, 7, 8, 2),
        (0, 9, 24, 3),
        (0, 12, 24, 1),
    ]
    assert [panel["id"] for panel in model["panels"]] == [1, 2, 3, 4, 5, 6]


# -- panels and queries


@EACH
def test_each_panel_tells_something_that_no_other_of_its_dashboard_tells(board: Board):
    found = panels(board)
    assert len({(panel["type"], panel["title"]) for panel in found}) == len(found)
    assert len({panel["description"] for panel in found}) == len(found)


def test_every_metric_there_is_is_on_some_panel():
    asked = " ".join(expressions())
    metrics = [metric for catalogue in (*CATALOGUES, *EXTERNAL) for metric in catalogue.metrics]
    missing = [
        metric.name
        for metric in metrics
        if not re.search(rf"\b{prometheus_name(metric)}(_bucket|_count|_sum)?\b", asked)
    ]
    assert missing == []


def test_a_query_over_time_looks_back_over_what_fits_its_step():
    """Or points between two steps would be left out, or a scrape interval of a minute would leave nothing."""
    asked = [target["expr"] for target in targets() if not target["instant"]]
    over_time = [re.sub(r'"[^"]*"', "", expression) for expression in asked]  # a pattern may have brackets too
    windows = {window for expression in over_time for window in re.findall(r"\[([^\]:]+)(?::[^\]]*)?\]", expression)}
    assert windows - {"5m", "10m", "30m", "1h", "6h", "$__range"} == {"$__rate_interval"}


# -- Grafana's own model


def lost(made: Any, back: Any, where: str = "") -> Iterator[str]:
    """Yield the fields of a model that are missing afterwards, or have another value."""
    if isinstance(made, dict) and isinstance(back, dict):
        for key, value in made.items():
            if key in back:
                yield from lost(value, back[key], f"{where}.{key}")
            else:
                yield f"{where}.{key}"
    elif isinstance(made, list) and isinstance(back, list) and len(made) == len(back):
        for index, (one, other) in enumerate(zip(made, back, strict=True)):
            yield from lost(one, other, f"{where}[{index}]")
    elif made != back:
        yield f"{where}: {made!r} became {back!r}"


def through_the_sdk(model: dict[str, Any]) -> dict[str, Any]:
    """A dashboard as Grafana's own model of it has it."""
    dashboard = pytest.importorskip(
        "grafana_foundation_sdk.models.dashboard", reason="needs Python 3.11 and grafana-foundation-sdk"
    )
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins

    register_default_plugins()
    return json.loads(json.dumps(dashboard.Dashboard.from_json(model), cls=JSONEncoder))


@EACH
def test_every_field_is_one_that_grafana_knows(board: Board):
    model = board.model()
    problems = [one for one in lost(model, through_the_sdk(model)) if not UNKNOWN_TO_THE_SDK.fullmatch(one)]
    assert problems == []


def test_a_field_that_grafana_does_not_know_is_noticed():
    model = ALL[0].model()
    number, panel = next((n, panel) for n, panel in enumerate(model["panels"]) if panel["type"] == "stat")
    panel["options"]["colourMode"] = "value"
    assert f".panels[{number}].options.colourMode" in list(lost(model, through_the_sdk(model)))
