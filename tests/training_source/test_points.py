"""Logged values share rows of history until these are read; each is in one row, and in no other."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from argus_otel import training
from argus_otel.history.record import buffer
from argus_otel.history.record.buffer import LONGEST_TEXT, EventBuffer
from argus_otel.history.record.codec import decoded, encoded
from argus_otel.history.record.pending import PendingRows
from argus_otel.history.record.spool import Spool
from argus_otel.history.record.stats import Stats
from argus_otel.history.row import Row
from argus_otel.sources.training.points import MOST_STEPS, Points
from argus_otel.telemetry import AttributeValue, Telemetry
from argus_otel.telemetry.catalogue import HISTORY_DROPPED, HISTORY_EVENT, HISTORY_EVENTS
from argus_otel.testing import observe

from .history.runs import of, rows_of


def steps_of(row: dict[str, AttributeValue]) -> list[int]:
    return [int(step) for step in str(row["argus.training.step"]).split(",")]


def test_steps_share_a_row_until_it_is_read() -> None:
    row = Points({"argus.training.phase": "train"}, ["loss", "a,b"])
    assert row.add(7, 0.5, [1.0, float("nan")])
    assert row.add(8, 0.5, [0.25, float("-inf")])
    read = dict(row)
    assert not row.add(9, 0.5, [0.0, 0.0])
    assert dict(row) == read
    offsets = [int(offset) for offset in str(read.pop("argus.training.offsets")).split(",")]
    assert offsets[0] == 0 <= offsets[1] < 1_000_000
    assert read == {
        "argus.training.phase": "train",
        "argus.training.step": "7,8",
        "argus.training.epoch": "0.5",
        "argus.training.names": "loss,a;b",
        "argus.training.values": "1.0,nan,0.25,-inf",
    }


@pytest.mark.parametrize(("names", "most"), [(1, MOST_STEPS), (100, 20), (5000, 1)])
def test_a_row_is_bounded(names: int, most: int) -> None:
    row = Points({}, [f"value{number}" for number in range(names)])
    assert [row.add(step, 0.0, [0.5] * names) for step in range(most + 1)] == [True] * most + [False]


def test_a_run_has_few_rows_and_none_is_cut() -> None:
    def train() -> None:
        with training.run() as run:
            for step in range(250):
                run.log(loss=1 / (step + 1), step=step, epoch=step / 100)

    rows = of(rows_of(train), "training.points")
    assert [len(steps_of(dict(row.attributes))) for row in rows] == [MOST_STEPS, MOST_STEPS, 50]
    texts = [str(row.attributes["argus.training.values"]) for row in rows]
    assert max(map(len, texts)) > LONGEST_TEXT
    values = [float(text) for each in texts for text in each.split(",")]
    assert values == [1 / (step + 1) for step in range(250)]
    epochs = [float(text) for row in rows for text in str(row.attributes["argus.training.epoch"]).split(",")]
    assert epochs == [step / 100 for step in range(250)]


@pytest.fixture
def hasty_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty_switches")
def test_no_step_is_lost_and_none_is_there_twice_while_rows_are_read() -> None:
    rows: list[Points] = [Points({}, ["loss"])]
    changing = threading.Lock()
    ended = threading.Event()
    each, threads = 3000, 4

    def log(first: int) -> None:
        for step in range(first, first + each):
            row = rows[-1]
            while not row.add(step, 0.0, [float(step)]):
                with changing:
                    if rows[-1] is row:
                        rows.append(Points({}, ["loss"]))
                row = rows[-1]

    def read() -> None:
        while not ended.is_set():
            dict(rows[-1])

    reader = threading.Thread(target=read)
    reader.start()
    writers = [threading.Thread(target=log, args=(number * each,)) for number in range(threads)]
    for thread in writers:
        thread.start()
    for thread in writers:
        thread.join()
    ended.set()
    reader.join()
    found = Counter(step for row in map(dict, rows) if row["argus.training.step"] for step in steps_of(row))
    assert found == Counter(range(each * threads))


def test_rows_of_other_names_and_phases_are_others() -> None:
    def train() -> None:
        with training.run() as run:
            for step in range(4):
                run.log(loss=1, step=step)
                if step % 2:
                    run.log(loss=2, lr=3, step=step)
                    run.log(loss=4, phase="validation")

    rows: list[Row] = of(rows_of(train), "training.points")
    assert Counter(
        (row.attributes["argus.training.phase"], row.attributes["argus.training.names"]) for row in rows
    ) == {
        ("train", "loss"): 1,
        ("train", "loss,lr"): 1,
        ("validation", "loss"): 1,
    }


def test_a_step_that_finds_no_room_is_lost_alone_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    stats = Stats(Telemetry(), "exporter:history test")
    events = EventBuffer("test", {}, (), str, stats)
    with observe("training") as observed:
        observed.telemetry.history = events
        with training.run() as run:
            monkeypatch.setattr(buffer, "LIMIT", len(events))
            for step in range(3):
                run.log(loss=0.0, step=step)
            assert stats.buffer_full.value == 3
            monkeypatch.undo()
            for step in range(3, 6):
                run.log(loss=0.0, step=step)
            rows = events.take()
    assert [steps_of(dict(row.attributes)) for row in of(rows, "training.points")] == [[3, 4, 5]]
    assert stats.buffer_full.value == 3


def test_what_is_lost_of_rows_is_counted_by_their_steps(tmp_path: Path) -> None:
    telemetry = Telemetry()
    stats = Stats(telemetry, "exporter:history test")
    events = EventBuffer("test", {}, (), str, stats)
    with observe("training") as observed:
        observed.telemetry.history = events
        with training.run() as run:
            for step in range(1000):
                run.log(loss=0.0, step=step)
    rows = of(events.take(), "training.points")
    assert [row.number for row in rows] == [MOST_STEPS] * 10
    assert [decoded(encoded(row)) for row in rows] == rows
    events_counted = {str(labels[HISTORY_EVENT.name]): value for labels, value in telemetry.points(HISTORY_EVENTS)}
    assert events_counted["training.points"] == 1000
    held = PendingRows(Spool(tmp_path, 4 * len(encoded(rows[0]))), stats)
    held.add(rows)
    held.spool_all()
    held.close_segment()
    (segment,) = held.spool.claim() if held.spool else ()
    kept = len(segment.rows)
    assert 0 < kept < 10
    segment.leave()
    lost = [value for _, value in telemetry.points(HISTORY_DROPPED) if value]
    assert lost == [(10 - kept) * MOST_STEPS]
