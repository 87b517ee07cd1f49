"""The tables of training runs: what goes into them, once, for how long, and how it is erased."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path

import pytest

from argus_otel import training
from argus_otel.history.files.transfer import import_files
from argus_otel.history.files.writer import DayFileWriter
from argus_otel.history.row import Row
from argus_otel.history.store import migrations
from argus_otel.history.store.client import Store, connect
from argus_otel.history.store.erasure import erase
from argus_otel.history.store.schema import Layout, Schema
from argus_otel.sources.checks.history import MODEL as CHECKS
from argus_otel.sources.training.history import MODEL, History
from lab.clickhouse import ClickHouse

from .conftest import SCHEMA, asked_of_files
from .runs import of, point, rows_of, trained

INFINITE = [0.5, math.nan, math.inf, -math.inf, 0.25]
EXACT = 1e-15
"""The engine reads the last digit of a text with many of them in its own way."""

TABLES = ("training_rows", "training_points", "training_runs", "training_curves")


@pytest.fixture
def rows() -> list[Row]:
    """Of a run of 250 steps, and one that fails."""
    return rows_of(trained("long", (1 / (step + 1) for step in range(250))), trained("bad", [1.0, 2.0], fails=True))


def count(store: Store, what: str) -> int:
    return int(store.query(f"select count() from {what}")[0][0])


def summed(store: Store) -> tuple[int, int, int, int]:
    """How many rows there are, points, events of runs, and points that the curves have counted."""
    [[rolled]] = store.query("select sum(count) from training_curves")
    rows, points, runs = (count(store, table) for table in TABLES[:3])
    return rows, points, runs, int(rolled)


def wanted(rows: list[Row]) -> tuple[int, int, int, int]:
    logged = of(rows, "training.points")
    points = sum(len(str(row.attributes["argus.training.step"]).split(",")) for row in logged)  # of one value each
    return len(rows), points, len(rows) - len(logged), points


def test_every_row_is_claimed_and_nothing_else(store: Store, rows: list[Row]) -> None:
    other = replace(rows[0], event="shop.sale", event_id="2c1b0a3e-0000-4000-8000-000000000001")
    store.insert([*rows, other])
    assert summed(store) == wanted(rows)
    assert count(store, "history_unclaimed") == 1


def test_what_is_sent_twice_counts_once(store: Store, rows: list[Row]) -> None:
    for some in (rows[:100], rows, rows, rows + rows):
        store.insert(some)
    assert summed(store) == wanted(rows)


def test_values_are_kept_as_they_were(store: Store) -> None:
    store.insert(rows_of(trained("odd", [*INFINITE, 1e-300, 1.7976931348623157e308, 0.1 + 0.2])))
    found = [value for (value,) in store.query("select value from training_points order by step")]
    assert [repr(value) for value in found[:5]] == [*map(repr, INFINITE)]
    assert found[5:] == pytest.approx([1e-300, 1.7976931348623157e308, 0.1 + 0.2], rel=EXACT)
    [[total, wrong, low, high, last]] = store.query("select count, nonfinite, low, high, last from training_curves")
    assert (total, wrong, low, high) == (8, 3, found[5], found[6])
    assert last == (7, found[7])


def test_of_values_that_are_all_infinite_the_curve_has_no_band(store: Store) -> None:
    store.insert(rows_of(trained("nan", [math.nan, math.inf])))
    assert store.query("select count, nonfinite, low, high, total from training_curves") == [
        (2, 2, math.inf, -math.inf, 0.0)
    ]


def test_a_step_with_many_values_has_them_all(store: Store) -> None:
    values = {f"metric,{number}": number / 7 for number in range(60)}

    def train() -> None:
        with training.run("wide") as run:
            run.log(values, step=3)

    store.insert(rows_of(train))
    found = dict(store.query("select metric, value from training_points"))
    assert found == pytest.approx({name.replace(",", ";"): value for name, value in values.items()}, rel=EXACT)


def test_of_texts_that_were_cut_the_whole_values_are_kept(store: Store) -> None:
    store.insert([point("r", 1, time.time(), "0.5,0.25,what", names="loss,lr,x,y,z")])
    assert store.query("select metric, value from training_points order by all") == [("loss", 0.5), ("lr", 0.25)]


def test_columns_have_what_the_attributes_have(store: Store) -> None:
    rows = rows_of(trained("base", [1.0, 0.5], group="sweep"))
    store.insert([replace(row, attributes={**row.attributes, "later": "x"}) for row in rows])
    [start] = store.query(
        "select name, framework, model, run_group, service, host, instance, attempt, config, attributes"
        " from training_runs where event = 'training.run.start'"
    )
    config = '{"lr": 0.1, "api_key": "[redacted]"}'
    assert start == ("base", "loop", "Net", "sweep", "shop", "gpu-1", "i-1", 1, config, {"later": "x"})
    [end] = store.query("select outcome, step, epoch, duration > 0 from training_runs where event = 'training.run.end'")
    assert end == ("ok", 2, 0.1, True)
    [[begun, ended]] = store.query(
        "select minIf(time, event = 'training.run.start'), maxIf(time, event = 'training.run.end') from training_runs"
    )
    assert begun <= ended
    [last] = store.query("select phase, rank, attempt, step, epoch, instance from training_points where step = 1")
    assert last == ("train", 0, 1, 1, 0.1, "i-1")


def test_daily_files_answer_as_rows_that_were_inserted(store: Store, rows: list[Row], tmp_path: Path) -> None:
    writer = DayFileWriter(tmp_path, 1 << 28, 90, lambda _rows, _reason: None)
    writer.append(rows)
    writer.close()
    assert import_files(store, SCHEMA, tmp_path).new == len(rows)
    assert import_files(store, SCHEMA, tmp_path).new == 0
    store.insert(rows)
    assert summed(store) == wanted(rows)
    history = History(store)
    runs = history.runs()
    assert len(runs) == 2
    questions = ["history.runs()"]
    answers: list[object] = [runs]
    for run in runs:
        questions += [f"history.run({run.id!r})", f"history.curve({run.id!r}, 'loss', points=40)"]
        answers += [history.run(run.id), history.curve(run.id, "loss", points=40)]
    assert asked_of_files(tmp_path, *questions) == [repr(answer) for answer in answers]


def test_a_run_is_erased_from_every_table(store: Store, rows: list[Row]) -> None:
    store.insert(rows)
    [gone] = {row.attributes["argus.training.run.id"] for row in rows if "bad" in row.attributes.values()}
    left = [row for row in rows if row.attributes["argus.training.run.id"] != gone]
    erased = {each.table: each.rows for each in erase(store, SCHEMA, "run", str(gone))}
    assert all(erased[table] for table in TABLES), erased
    assert summed(store) == wanted(left)
    assert [run.name for run in History(store).runs()] == ["long"]
    assert {each.rows for each in erase(store, SCHEMA, "run", str(gone))} == {0}
    with pytest.raises(ValueError, match="a run has an id"):
        erase(store, SCHEMA, "run", "")


def test_how_long_rows_are_kept(store: Store) -> None:
    ages = migrations.kept(store, SCHEMA, migrations.layout(store))
    assert {subject: age for subject, age in ages.items() if subject.startswith("training")} == {
        "training_rows": 90 * 24,
        "training_points": 400 * 24,
        "training_runs": None,
        "training_curves": None,
    }
    changed = SCHEMA.parse_ages("training_curves=1y,training_points=7d")
    assert migrations.migrate(store, SCHEMA, keep=changed).kept == {
        "training_curves": 365 * 24,
        "training_points": 7 * 24,
    }


def test_values_of_long_ago_are_kept_from_when_they_were_stored(store: Store) -> None:
    store.insert([point("r", step, 1_500_000_000 + step, 0.5) for step in range(3)])
    store.command("optimize table training_points final")
    assert count(store, "training_points") == 3


def test_what_was_stored_before_the_model_was_known_is_adopted(server: ClickHouse, rows: list[Row]) -> None:
    with connect(server.dsn("training_adopted")) as store:
        migrations.migrate(store, Schema((CHECKS,)))
        store.insert(rows)
        assert migrations.migrate(store, Schema((CHECKS, MODEL))).adopted == {"training": len(rows)}
        assert summed(store) == wanted(rows)


def test_on_a_cluster_every_table_is_replicated_and_distributed() -> None:
    script = migrations.script(SCHEMA, Layout("argus", "prod"), {})
    for table in TABLES:
        assert f"create table if not exists argus.{table}_local on cluster `prod`" in script
        assert f"engine = Distributed('prod', 'argus', '{table}_local', cityHash64(run_id))" in script
    assert "engine = ReplicatedReplacingMergeTree(" in script
    assert "to argus.training_points_local as" in script
    assert "${" not in script
