"""The panels of training runs, drawn from what real loops record."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console

from argus_otel import training
from argus_otel.panels import Facts, Table, Tone, View
from argus_otel.panels.reading import Cells
from argus_otel.scrape.exposition import parse
from argus_otel.scrape.series import Metrics
from argus_otel.sources.training import catalogue as c
from argus_otel.sources.training import panels as panels_module
from argus_otel.sources.training.panels import PANELS
from argus_otel.terminal.drawn_panels import drawn
from argus_otel.testing import Observation

Rows = dict[str, dict[str, str]]


def metrics_of(observation: Observation) -> Metrics:
    cells = Cells(observation.telemetry, {m.name: m for panel in PANELS for m in panel.metrics}.values())
    return cells.metrics(cells.read(), cells.gauges())


def view_of(whole: Metrics, rows: int = 10) -> View:
    return View(whole, whole, 60.0, "last 60 s", rows)


def table_of(name: str, view: View) -> Table:
    [panel] = [each for each in PANELS if each.name == name]
    [table] = panel.draw(view)
    assert isinstance(table, Table)
    return table


def rows_of(name: str, view: View) -> Rows:
    """Return the rows by their first cell, as texts by heading."""
    table = table_of(name, view)
    headings = [column.heading for column in table.columns]
    return {row[0].text: dict(zip(headings, (cell.text for cell in row), strict=True)) for row in table.rows}


def facts_of(name: str, view: View) -> dict[str, str]:
    [panel] = [each for each in PANELS if each.name == name]
    return {fact.name: fact.cell.text for part in panel.draw(view) if isinstance(part, Facts) for fact in part.facts}


def headline(view: View) -> dict[str, str]:
    return {fact.name: fact.cell.text for panel in PANELS for fact in panel.headline(view)}


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let time pass for who looks at the panels."""

    began = time.time()

    def let(seconds: float) -> None:
        now = began + seconds
        monkeypatch.setattr(panels_module.time, "time", lambda: now)

    return let


def test_a_run_that_goes_on(observed: Observation) -> None:
    with training.run("baseline", total_steps=8) as run:
        for step in range(2):
            run.log({"loss": 0.5}, step=step)
        view = view_of(metrics_of(observed))
        [row] = rows_of("training runs", view).values()
        assert (row["by"], row["state"], row["steps"], row["done"]) == ("loop", "running", "2", "25%")
        assert row["left"] not in ("", "-")
        assert headline(view) == {"training runs": "1", "runs failed": "0", "loss": "0.5"}


def test_how_runs_ended(observed: Observation) -> None:
    with training.run("one") as run:
        run.log({"loss": 1.0})
    with pytest.raises(ValueError, match="broken"), training.run("two"):
        raise ValueError("broken")
    view = view_of(metrics_of(observed))
    [row] = rows_of("training runs", view).values()
    assert (row["state"], row["ended"]) == ("ended", "error: 1, ok: 1")
    assert (row["epoch"], row["done"], row["left"]) == ("-", "-", "-")
    assert headline(view) == {"training runs": "0", "runs failed": "1"}
    [cells] = table_of("training runs", view).rows
    assert cells[-1].tone is Tone.BAD


def test_a_run_that_stands_still(observed: Observation, later: Callable[[float], None]) -> None:
    with training.run("slow") as run:
        for step in range(3):
            run.log({"loss": 0.5}, step=step)
        metrics = metrics_of(observed)
        later(50)
        assert [row["state"] for row in rows_of("training runs", view_of(metrics)).values()] == ["running"]
        later(242)
        [row] = rows_of("training runs", view_of(metrics)).values()
        assert row["state"] == "no progress for 4.0 min"


def test_before_the_first_step_nothing_stands_still(observed: Observation, later: Callable[[float], None]) -> None:
    with training.run("compiles"):
        later(3600)
        [row] = rows_of("training runs", view_of(metrics_of(observed))).values()
        assert row["state"] == "running"


def test_values_that_are_not_finite_come_first(observed: Observation) -> None:
    with training.run() as run:
        run.log({"accuracy": 0.25, "loss": math.nan, "z": -math.inf, "grad_norm": 12345.678})
        run.log({"val_loss": 2.0}, phase="validation")
        view = view_of(metrics_of(observed))
        table = table_of("logged values", view)
        assert [[cell.text for cell in row] for row in table.rows] == [
            ["loss", "train", "NaN", "nan: 1"],
            ["z", "train", "-Inf", "inf: 1"],
            ["val_loss", "validation", "2", "-"],
            ["accuracy", "train", "0.25", "-"],
            ["grad_norm", "train", "1.235e+04", "-"],
        ]
        assert [row[2].tone for row in table.rows] == [Tone.BAD, Tone.BAD, *[Tone.PLAIN] * 3]
        assert headline(view)["loss"] == "NaN"
        few = table_of("logged values", replace(view, rows=2))
        assert (len(few.rows), few.rest) == (2, "and 3 more")


def test_what_steps_take(observed: Observation) -> None:
    with training.run() as run:
        run.log({"loss": 1.0}, step=0)
        with run.validation():
            pass
        run.log({"loss": 1.0}, step=1)
    facts = facts_of("training steps", view_of(metrics_of(observed)))
    assert facts["guard"] == "nothing"
    assert "validation, mean" in facts
    assert "first step, mean" in facts
    assert "checkpoint, mean" not in facts


PAGE = """\
# TYPE training_run_active gauge
training_run_active{argus_training_framework="keras",argus_training_model="Net"} 2
# TYPE training_progress gauge
training_progress{argus_training_framework="keras",argus_training_model="Net"} 1.5
# TYPE training_step_duration_seconds histogram
training_step_duration_seconds_bucket{argus_training_framework="keras",le="1.0"} 10
training_step_duration_seconds_bucket{argus_training_framework="keras",le="+Inf"} 10
training_step_duration_seconds_sum{argus_training_framework="keras"} 10
training_step_duration_seconds_count{argus_training_framework="keras"} 10
# TYPE training_data_wait_seconds histogram
training_data_wait_seconds_bucket{argus_training_framework="keras",le="1.0"} 10
training_data_wait_seconds_bucket{argus_training_framework="keras",le="+Inf"} 10
training_data_wait_seconds_sum{argus_training_framework="keras"} 7.5
training_data_wait_seconds_count{argus_training_framework="keras"} 10
# TYPE training_guard_trips_total counter
training_guard_trips_total{argus_training_rule="stall",argus_training_action="warn"} 1
# TYPE training_commands_total counter
training_commands_total{argus_training_command="stop",argus_training_command_result="accepted"} 1
# TYPE hw_gpu_utilization gauge
hw_gpu_utilization{hw_id="GPU-a",hw_type="gpu"} 0.02
hw_gpu_utilization{hw_id="GPU-b",hw_type="gpu"} 0.9
# TYPE hw_gpu_memory_usage_bytes gauge
hw_gpu_memory_usage_bytes{hw_id="GPU-a",hw_type="gpu"} 1073741824
hw_gpu_memory_usage_bytes{hw_id="GPU-b",hw_type="gpu"} 2040109465
# TYPE hw_gpu_memory_limit_bytes gauge
hw_gpu_memory_limit_bytes{hw_id="GPU-a",hw_type="gpu"} 2147483648
hw_gpu_memory_limit_bytes{hw_id="GPU-b",hw_type="gpu"} 2040109466
# TYPE hw_temperature_celsius gauge
hw_temperature_celsius{hw_id="GPU-a",hw_type="gpu"} 65
# TYPE hw_power_watts gauge
hw_power_watts{hw_id="GPU-a",hw_type="gpu"} 250
# TYPE training_agent_commands_total counter
training_agent_commands_total{argus_training_command="stop",argus_training_command_result="refused",\
argus_training_agent_refusal="user"} 2
# TYPE training_agent_poll_time_seconds gauge
training_agent_poll_time_seconds 1000
"""


@pytest.fixture
def scraped(monkeypatch: pytest.MonkeyPatch) -> View:
    """What is seen of a page of several processes, 10 seconds after an agent has asked."""
    monkeypatch.setattr(panels_module.time, "time", lambda: 1010.0)
    return view_of(parse(PAGE))


def test_several_runs_have_no_epoch_and_no_progress(scraped: View) -> None:
    row = rows_of("training runs", scraped)["Net"]
    assert (row["state"], row["done"]) == ("2 running", "-")


def test_waiting_for_data_and_what_was_noticed(scraped: View) -> None:
    facts = facts_of("training steps", scraped)
    assert (facts["waits for data"], facts["guard"], facts["commands"]) == ("75%", "stall: 1", "stop accepted: 1")


def test_gpus(scraped: View) -> None:
    table = table_of("GPUs", scraped)
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["GPU-a", "2%", "1,024 MiB", "2,048 MiB", "-", "65 °C", "250 W"],
        ["GPU-b", "90%", "1,946 MiB", "1,946 MiB", "-", "-", "-"],
    ]
    tones = [[cell.tone for cell in row[1:3]] for row in table.rows]
    assert tones == [[Tone.CAUTION, Tone.PLAIN], [Tone.PLAIN, Tone.CAUTION]]


def test_the_agent(scraped: View, monkeypatch: pytest.MonkeyPatch) -> None:
    assert facts_of("agent of training runs", scraped) == {
        "asked ClickHouse": "10 s ago",
        "commands": "stop refused: 2",
        "refused for": "user: 2",
    }
    for now, tone in ((1010.0, Tone.GOOD), (1070.0, Tone.BAD)):
        monkeypatch.setattr(panels_module.time, "time", lambda now=now: now)
        [part] = PANELS[-1].draw(scraped)
        assert isinstance(part, Facts)
        assert part.facts[0].cell.tone is tone


def test_all_panels_say_so_when_there_is_nothing() -> None:
    empty = view_of(Metrics())
    told = [part.rest for panel in PANELS for part in panel.draw(empty) if isinstance(part, Table)]
    assert told == ["no training run has begun yet", "no value has been logged yet", "no GPU is read now"]
    assert facts_of("agent of training runs", empty) == {"agent": "none in this process"}
    assert headline(empty) == {"training runs": "0", "runs failed": "0"}


@pytest.mark.parametrize("width", [40, 80, 160])
def test_no_panel_is_higher_than_it_says(scraped: View, width: int) -> None:
    for panel in PANELS:
        console = Console(record=True, width=width, height=100)
        console.print(drawn(panel, scraped, width))
        lines = console.export_text().rstrip("\n").splitlines()
        assert len(lines) <= panel.lines + (scraped.rows if panel.grows else 0), (panel.name, lines)


def test_every_metric_is_on_a_panel_but_one() -> None:
    shown = {metric.name for panel in PANELS for metric in panel.metrics}
    left_out = {"training.gpu.memory.allocated"}  # it is a part of what is reserved
    assert {each.name for each in c.CATALOGUE.metrics} - shown == left_out
