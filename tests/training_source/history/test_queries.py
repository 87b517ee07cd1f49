"""Questions to the history of training runs."""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argus_otel import training
from argus_otel.history.store import migrations
from argus_otel.history.store.client import Store, connect
from argus_otel.history.store.errors import NotFoundError
from argus_otel.history.store.time_range import QueryError
from argus_otel.sources.training.history import History
from argus_otel.sources.training.history.results import CurvePoint
from argus_otel.sources.training.history.values import is_maximised
from lab.clickhouse import ClickHouse

from .conftest import SCHEMA
from .runs import point, row, rows_of, trained

START, END, LOST = "training.run.start", "training.run.end", "training.run.lost"
NOW = 0.0
"""When the test began: a module may be read long before its tests run."""


@pytest.fixture(autouse=True)
def now() -> None:
    global NOW
    NOW = time.time()


def means(points: Iterable[CurvePoint]) -> list[tuple[int, float | None]]:
    return [(each.step, each.mean) for each in points]


# -- runs and their states


def test_runs_that_ended_come_back_as_they_did(store: Store, history: History) -> None:
    store.insert(
        rows_of(
            trained("good", [3.0, math.nan, 1.0, 2.0], group="sweep"), trained("bad", [5.0], fails=True), service="cv"
        )
    )
    bad, good = history.runs()
    assert (bad.name, bad.state, bad.error, bad.steps) == ("bad", "error", "KeyError", 1)
    assert (good.name, good.state, good.error, good.steps, good.attempts) == ("good", "ok", "", 4, 1)
    assert (good.metric, good.last, good.best, good.nonfinite) == ("loss", 2.0, 1.0, 1)
    assert (good.group, good.model, good.host, good.instance, good.service) == ("sweep", "Net", "gpu-1", "i-1", "cv")
    assert good.duration > 0
    assert history.runs(state="error") == [bad]
    assert history.runs(group="sweep") == history.runs(state="ok", limit=1) == [good]
    assert history.runs(limit=1) == [bad]
    assert history.runs(service="nlp") == []


@pytest.mark.parametrize("outcome", ["ok", "stopped", "guarded", "interrupted", "error", "unknown"])
def test_a_run_is_in_the_state_that_its_end_says(store: Store, history: History, outcome: str) -> None:
    store.insert([row("r", START, NOW - 5), row("r", END, NOW - 5, duration=5.0, outcome=outcome)])
    [run] = history.runs()
    assert run.state == outcome
    assert run.duration == pytest.approx(5.0, abs=1e-3)


def test_a_run_without_an_end_is_running_until_it_is_silent(store: Store, history: History) -> None:
    store.insert([row("r", START, NOW - 7200), *(point("r", step, NOW - 3600 + step, 1.0) for step in range(10))])
    assert [run.state for run in history.runs()] == ["silent"]
    [run] = history.runs(silent_after=timedelta(hours=1, minutes=30))
    assert (run.state, run.steps) == ("running", 10)
    assert run.duration == pytest.approx(3609, abs=1)
    assert [run.id for run in history.lost()] == ["r"]
    assert history.lost(silent_after=timedelta(hours=1, minutes=30)) == []
    store.insert([point("r", 10, time.time(), 1.0)])
    assert history.lost() == []


def test_a_lost_run_is_lost_until_it_ends_or_is_resumed(store: Store, history: History) -> None:
    store.insert([row("r", START, NOW - 900), row("r", LOST, NOW - 500, step=40), row("r", LOST, NOW - 500, step=40)])
    [run] = history.lost()
    assert (run.state, run.steps) == ("lost", 40)
    store.insert([row("r", START, NOW - 100, attempt=2)])
    detail = history.run("r")
    assert detail.run.state == "running"
    assert [(each.attempt, each.state) for each in detail.attempts] == [(1, "lost"), (2, "running")]
    store.insert([row("r", END, NOW - 100, attempt=2, duration=50.0, outcome="ok")])
    [run] = history.runs()
    assert (run.state, run.attempts) == ("ok", 2)
    assert run.duration == pytest.approx(450, abs=1)


def test_a_process_that_goes_on_with_a_run_as_the_same_attempt_makes_it_run_again(
    store: Store, history: History
) -> None:
    store.insert([row("r", START, NOW - 60), row("r", END, NOW - 60, duration=10.0, outcome="error")])
    store.insert([row("r", START, NOW - 20)])
    assert [run.state for run in history.runs()] == ["running"]


def test_a_run_is_named_by_the_first_letters_of_its_id(store: Store, history: History) -> None:
    store.insert([row(run, START, NOW) for run in ("abc1", "abd2", "ab", "x")])
    assert history.run("ABD").run.id == "abd2"
    assert history.run("ab").run.id == "ab"
    with pytest.raises(QueryError, match="3 runs whose id begins with a;"):
        history.run("a")
    for unknown in ("y", "", "abc12", "%"):
        with pytest.raises(NotFoundError, match="there is no run"):
            history.run(unknown)


def test_a_run_has_its_files_and_values(store: Store, history: History, tmp_path: object) -> None:
    def train() -> None:
        with training.run("base") as run:
            run.log(loss=1.0, lr=0.1)
            with run.validation():
                run.log(loss=2.0, phase="validation")
            with run.checkpoint("last.ckpt"):
                pass

    store.insert(rows_of(train))
    detail = history.run(history.runs()[0].id)
    assert [(each.path, each.step) for each in detail.files] == [("last.ckpt", 1)]
    assert [(each.metric, each.phase, each.last, each.count) for each in detail.values] == [
        ("loss", "train", 1.0, 1),
        ("loss", "validation", 2.0, 1),
        ("lr", "train", 0.1, 1),
    ]
    assert detail.run.last == 1.0


# -- curves


def test_at_each_step_the_greatest_attempt_counts(store: Store, history: History) -> None:
    store.insert([row("r", START, NOW)])
    store.insert([point("r", step, NOW + 100 + step, 2.0, attempt=2) for step in range(5, 8)])
    store.insert([point("r", step, NOW + step, 1.0) for step in range(10)])
    curve = history.curve("r", "loss")
    assert means(curve.points) == [(step, 2.0 if 5 <= step < 8 else 1.0) for step in range(10)]
    assert [(each.attempt, each.step) for each in curve.resumes] == [(2, 5)]


def test_steps_that_go_back_are_kept(store: Store, history: History) -> None:
    store.insert([row("r", START, NOW), *(point("r", step, NOW + n, step) for n, step in enumerate((5, 6, 1, 2, 9)))])
    assert means(history.curve("r", "loss").points) == [(1, 1.0), (2, 2.0), (5, 5.0), (6, 6.0), (9, 9.0)]
    by_time = [point.step for point in history.curve("r", "loss", by="time").points]
    assert by_time == [5, 6, 1, 2, 9]


def test_a_step_that_is_logged_twice_has_its_last_value(store: Store, history: History) -> None:
    store.insert([row("r", START, NOW), point("r", 1, NOW, 2.0), point("r", 1, NOW + 1, 3.0)])
    assert means(history.curve("r", "loss").points) == [(1, 3.0)]


def test_ranks_have_curves_of_their_own(store: Store, history: History) -> None:
    store.insert([row("r", START, NOW), *(point("r", 0, NOW, rank, rank=rank) for rank in (0, 1))])
    assert means(history.curve("r", "loss").points) == [(0, 0.0)]
    assert means(history.curve("r", "loss", rank=1).points) == [(0, 1.0)]
    with pytest.raises(NotFoundError, match="no values of loss of rank 2"):
        history.curve("r", "loss", rank=2)


def test_a_curve_by_epochs(store: Store, history: History) -> None:
    store.insert([row("r", START, NOW), *(point("r", step, NOW, step, epoch=step / 10) for step in range(100))])
    curve = history.curve("r", "loss", points=10, by="epoch")
    assert len(curve.points) == 10
    assert [curve.place(each) for each in curve.points] == sorted(each.epoch for each in curve.points)
    assert curve.count == 100


def test_what_cannot_be_asked(store: Store, history: History) -> None:
    store.insert([row("r", START, NOW), point("r", 1, NOW, "1.0,2.0", names="loss,lr")])
    with pytest.raises(NotFoundError, match="has logged no acc; what it has logged: loss, lr"):
        history.curve("r", "acc")
    with pytest.raises(NotFoundError, match="no loss in the phase test, but in train"):
        history.curve("r", "loss", "test")
    with pytest.raises(QueryError, match="by is 'hour'"):
        history.curve("r", "loss", by="hour")
    with pytest.raises(QueryError, match="points is 0"):
        history.curve("r", "loss", points=0)
    with pytest.raises(QueryError, match="the state is 'gone'"):
        history.runs(state="gone")


_ANY = st.floats(width=16)


@pytest.fixture(scope="module")
def many(server: ClickHouse) -> Store:
    opened = connect(server.dsn("training_bands"))
    migrations.migrate(opened, SCHEMA)
    return opened


@settings(max_examples=20, deadline=None)
@given(
    values=st.dictionaries(st.integers(-1000, 5000), _ANY, min_size=1, max_size=60),
    points=st.integers(1, 40),
)
def test_bands_are_those_of_the_values_in_them(many: Store, values: dict[int, float], points: int) -> None:
    run = str(uuid.uuid4())
    many.insert([row(run, START, NOW), *(point(run, step, NOW, value) for step, value in values.items())])
    curve = History(many).curve(run, "loss", points=points)
    assert len(curve.points) <= points
    assert curve.count == len(values)
    bounds = [each.step for each in curve.points] + [10_000]
    for each, end in zip(curve.points, bounds[1:], strict=True):
        inside = [value for step, value in values.items() if each.step <= step < end]
        good = [value for value in inside if math.isfinite(value)]
        assert (each.count, each.nonfinite) == (len(inside), len(inside) - len(good))
        if not good:
            assert (each.low, each.high) == (None, None)
        else:
            assert (each.low, each.high) == pytest.approx((min(good), max(good)), rel=1e-15)
            assert each.mean == pytest.approx(math.fsum(good) / len(good), rel=1e-6, abs=1e-6 * max(map(abs, good)))


def test_a_curve_whose_values_have_expired_has_hundreds_of_steps(store: Store, history: History) -> None:
    rows = rows_of(trained("long", [math.nan, *(1.0 + step % 100 for step in range(999))]))
    store.insert(rows)
    [run] = history.runs()
    before = history.curve(run.id, "loss", points=10)
    store.command("truncate table training_points")
    after = history.curve(run.id, "loss", points=10)
    assert (before.coarse, after.coarse) == (False, True)
    assert len(after.points) == 10
    for one, other in zip(before.points, after.points, strict=True):
        assert (one.step, one.count, one.nonfinite, one.low, one.high, one.last) == (
            other.step, other.count, other.nonfinite, other.low, other.high, other.last
        )  # fmt: skip
        assert one.mean == pytest.approx(other.mean)
    assert [each.count for each in history.curve(run.id, "loss", points=3).points] == [400, 400, 200]
    assert (history.runs()[0].last, history.runs()[0].best) == (run.last, run.best) == (99.0, 1.0)


def test_runs_are_compared_in_the_order_asked_for(store: Store, history: History) -> None:
    store.insert(rows_of(trained("one", [1.0]), trained("two", [2.0])))
    ids = {run.name: run.id for run in history.runs()}
    curves = history.compare([ids["two"], ids["one"]], "loss")
    assert [(curve.name, curve.points[0].mean) for curve in curves] == [("two", 2.0), ("one", 1.0)]


# -- the best runs


def test_the_best_runs_by_what_the_name_says(store: Store, history: History) -> None:
    def train(name: str, values: list[float], group: str) -> Callable[[], object]:
        def run() -> None:
            with training.run(name, group=group, config={"lr": len(values)}) as made:
                for step, value in enumerate(values):
                    made.log(val_loss=value, accuracy=1 - value, step=step)

        return run

    store.insert(
        rows_of(
            train("a", [0.9, 0.1, 0.5], "s"), train("b", [0.2], "s"), train("c", [math.nan], "s"), train("d", [0], "")
        )
    )
    found = history.best("val_loss", group="s")
    assert [(each.name, each.best, each.step, each.last) for each in found] == [("a", 0.1, 1, 0.5), ("b", 0.2, 0, 0.2)]
    assert found[0].config == '{"lr": 3}'
    assert [(each.name, each.best) for each in history.best("accuracy")] == [("d", 1.0), ("a", 0.9), ("b", 0.8)]
    assert [each.name for each in history.best("accuracy", minimise=True, limit=1)] == ["a"]
    assert history.best("nothing") == []
    assert history.best("val_loss", phase="validation") == []


def test_values_of_validations_count_before_those_of_training(store: Store, history: History) -> None:
    store.insert([row("r", START, NOW), point("r", 0, NOW, 1.0), point("r", 0, NOW, 7.0, phase="validation")])
    assert [(each.best, each.phase) for each in history.best("loss")] == [(7.0, "validation")]
    assert [each.best for each in history.best("loss", phase="train")] == [1.0]


@pytest.mark.parametrize(
    ("name", "greatest"),
    [
        ("val_accuracy", True),
        ("F1", True),
        ("eval/reward", True),
        ("loss", False),
        ("score_loss", False),
        ("lr", False),
    ],
)
def test_whether_the_greatest_is_the_best(name: str, greatest: bool) -> None:
    assert is_maximised(name) is greatest
