from __future__ import annotations

import pytest

from argus_otel.endpoint.page import snapshots
from argus_otel.endpoint.page.snapshots import APART, REACH, Snapshots
from argus_otel.panels.reading import NOTHING_READ, Cells, Reading
from argus_otel.sources.discord import attributes, catalogue
from argus_otel.telemetry import Telemetry


def reading(count: float, points: int = 1) -> Reading:
    return Reading({"a": {frozenset({("n", str(number))}): count for number in range(points)}}, {})


def taken(times: list[float], points: int = 1) -> Snapshots:
    now = 0.0
    kept = Snapshots(lambda _: reading(now, points))
    for now in times:
        kept.take(now)
    return kept


class TestSnapshots:
    def test_those_that_follow_too_soon_are_not_kept(self) -> None:
        kept = taken([0.0, 10.0, 59.0, 60.0, 61.0])
        assert [one.at for one in kept.back_to(1e9, 200.0, 0.0)] == [0.0, 0.0, 60.0]

    def test_the_last_minutes_are_fine_and_the_hour_is_coarse(self) -> None:
        minutes = [minute * APART for minute in range(241)]
        kept = taken(minutes)
        now = minutes[-1] + 30
        hour = [now - one.at for one in kept.back_to(REACH, now, 0.0)]
        assert REACH <= hour[0] < REACH + 400
        assert len(hour) < 20
        five = [now - one.at for one in kept.back_to(300.0, now, 0.0)]
        assert 300 <= five[0] < 400
        assert all(later - 61 <= sooner for sooner, later in zip(five[1:], five, strict=False))

    def test_a_program_that_is_younger_than_the_period_is_told_from_its_start(self) -> None:
        kept = taken([100.0, 160.0])
        assert [one.at for one in kept.back_to(3600.0, 200.0, 40.0)] == [40.0, 100.0, 160.0]
        assert kept.back_to(3600.0, 200.0, 40.0)[0].reading is NOTHING_READ

    def test_of_an_older_program_only_what_was_seen_is_told(self) -> None:
        kept = taken([10_000.0, 10_060.0])
        assert [one.at for one in kept.back_to(3600.0, 10_100.0, 0.0)] == [10_000.0, 10_060.0]

    def test_without_any_snapshot_it_is_since_the_start(self) -> None:
        assert [one.at for one in taken([]).back_to(300.0, 10_000.0, 0.0)] == [0.0]

    def test_memory_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(snapshots, "MAX_POINTS", 50)
        kept = taken([minute * APART for minute in range(20)], points=10)
        assert sum(one.reading.points for one in kept._kept) <= 50
        assert kept._kept[-1].at == 19 * APART

    def test_is_due(self) -> None:
        kept = taken([0.0])
        assert not kept.is_due(59.0)
        assert kept.is_due(60.0)


class TestCells:
    @pytest.fixture
    def telemetry(self) -> Telemetry:
        return Telemetry()

    @pytest.fixture
    def cells(self, telemetry: Telemetry) -> Cells:
        return Cells(telemetry, (catalogue.GATEWAY_EVENTS, catalogue.COMMAND_DURATION, catalogue.GUILDS))

    def test_what_a_scrape_would_show(self, telemetry: Telemetry, cells: Cells) -> None:
        telemetry.counter(catalogue.GATEWAY_EVENTS)["READY"].value += 3
        telemetry.histogram(catalogue.COMMAND_DURATION)["play", "slash", "ok", None].record(0.02)
        telemetry.gauge(catalogue.GUILDS, lambda: [({}, 12)])
        telemetry.counter(catalogue.UNACKNOWLEDGED)["component", "x"].value += 1  # which is not asked for
        metrics = cells.metrics(cells.read(), cells.gauges())
        assert metrics.by(catalogue.GATEWAY_EVENTS, attributes.EVENT_TYPE) == {("READY",): 3.0}
        assert metrics.total(catalogue.GUILDS) == 12.0
        assert metrics.whole(catalogue.COMMAND_DURATION).count == 1
        assert metrics.total(catalogue.UNACKNOWLEDGED) is None

    def test_differences(self, telemetry: Telemetry, cells: Cells) -> None:
        cell = telemetry.histogram(catalogue.COMMAND_DURATION)["play", "slash", "ok", None]
        cell.record(0.02)
        before = cells.read()
        cell.record(2.0)
        now = cells.read(before)
        added = cells.metrics(now.since(before), {})
        assert added == cells.metrics(now, {}).since(cells.metrics(before, {}))
        assert added.whole(catalogue.COMMAND_DURATION).count == 1
        assert added.whole(catalogue.COMMAND_DURATION).sum == pytest.approx(2.0)

    def test_what_has_not_changed_is_shared(self, telemetry: Telemetry, cells: Cells) -> None:
        busy, idle = (telemetry.histogram(catalogue.COMMAND_DURATION)[name, "slash", "ok", None] for name in ("a", "b"))
        idle.record(1.0)
        before = cells.read()
        busy.record(1.0)
        now = cells.read(before)
        old, new = (one.buckets[catalogue.COMMAND_DURATION.name] for one in (before, now))
        shared = [old[labels] is new[labels] for labels in old]
        assert sorted(shared) == [False, True]
