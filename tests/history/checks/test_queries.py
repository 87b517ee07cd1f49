"""Every question, and what a count of all minutes of a made-up history says to it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from math import ceil

import pytest

from argus_otel.history.store import migrations
from argus_otel.history.store.client import Store
from argus_otel.history.store.schema import Schema
from argus_otel.history.store.time_range import QueryError
from argus_otel.sources.checks.history import MODEL, History
from argus_otel.sources.checks.history.latency import LatencyObjective
from argus_otel.sources.checks.history.results import Uptime

from .world import DAYS, MINUTES, Place, World, at

BEST = ("up", "degraded", "down", "muted")
WORST = ("down", "degraded", "up", "muted")

WINDOWS = [(0, MINUTES), (60, 26 * 60), (24 * 60, 48 * 60), (47 * 60, 50 * 60), (30 * 60, MINUTES)]
"""Of minutes; the second and the last but one begin and end within days."""


@pytest.fixture(scope="module", params=range(6))
def world(request: pytest.FixtureRequest) -> World:
    return World(request.param)


@pytest.fixture(scope="module")
def history(database: Callable[[str], Store], world: World) -> History:
    """The made-up history in an embedded store; every row was sent twice, in batches that are not the same."""
    store = database(f"checks_{world.seed}")
    migrations.migrate(store, Schema((MODEL,)))
    rows = world.rows()
    store.insert(rows)
    random.Random(7).shuffle(rows)  # noqa: S311 - so that each run does the same
    store.insert(rows[: len(rows) // 2])
    store.insert(rows)
    return History(store)


def within(window: tuple[int, int]) -> dict[str, object]:
    return {"since": at(window[0]), "until": at(window[1])}


@pytest.mark.parametrize("window", WINDOWS)
def test_uptime(history: History, world: World, window: tuple[int, int]) -> None:
    found = {each.check: each for each in history.uptime(**within(window))}
    for check in world.checks:
        assert_uptime(found.get(check), world, check, *window)


def assert_uptime(found: Uptime | None, world: World, check: str, begin: int, end: int) -> None:
    seconds = world.seconds(check, begin, end, BEST)
    if found is None:
        assert set(world.levels(check, BEST)[begin:end]) == {"unknown"}
        return
    assert {level: getattr(found, level) for level in seconds} == seconds, check
    good = seconds["up"] + seconds["degraded"]
    assert found.availability == (pytest.approx(good / (good + seconds["down"])) if good + seconds["down"] else None)
    ran, fine = world.points(check, begin, end)
    assert found.uptime == (pytest.approx(fine / ran) if ran else None)
    runs = world.runs(check, begin, end)
    judged = runs["ok"] + runs["warn"] + runs["failed"]
    assert found.reachability == (pytest.approx((runs["ok"] + runs["warn"]) / judged) if judged else None)


def test_uptime_by_day(history: History, world: World) -> None:
    found = {(each.check, each.day): each for each in history.uptime(by_day=True, **within((0, MINUTES)))}
    assert len(found) == len(world.checks) * DAYS
    for check in world.checks:
        for day in range(DAYS):
            begin = day * 24 * 60
            assert_uptime(found[check, at(begin).date()], world, check, begin, begin + 24 * 60)


@pytest.mark.parametrize("window", WINDOWS)
def test_reachability(history: History, world: World, window: tuple[int, int]) -> None:
    found = {each.check: each for each in history.reachability(**within(window))}
    for check in world.checks:
        counts = world.runs(check, *window)
        assert sum(counts.values()) == (sum(getattr(found[check], name) for name in counts) if check in found else 0)
        if check in found:
            assert {name: getattr(found[check], name) for name in counts} == counts
            durations = sorted(
                place.duration(minute)
                for place in world.of(check)
                for minute in range(*window)
                if place.states[minute] not in ("away", "unknown") and not place.muted[minute]
            )
            assert found[check].runs == len(durations)
            assert found[check].longest == (durations[-1] if durations else None)
            for level, value in ((0.5, found[check].p50), (0.95, found[check].p95)):
                assert value == (
                    pytest.approx(durations[ceil(level * len(durations)) - 1], rel=0.011) if durations else None
                )


def test_reachability_by_location_and_day(history: History, world: World) -> None:
    found = history.reachability(by_location=True, by_day=True, **within((0, MINUTES)))
    for each in found:
        assert each.day is not None
        begin = (each.day - at(0).date()).days * 24 * 60
        [place] = [place for place in world.of(each.check) if place.location == each.location]
        outcomes = [world._outcome(place, minute) for minute in range(begin, begin + 24 * 60)]
        assert (each.ok, each.failed, each.muted) == tuple(map(outcomes.count, ("ok", "failed", "muted")))
    assert {(each.check, each.location) for each in found} == {(each.check, each.location) for each in world.places}


@pytest.mark.parametrize("window", WINDOWS)
def test_incidents(history: History, world: World, window: tuple[int, int]) -> None:
    found = history.incidents(**within(window))
    for check in world.checks:
        wanted = world.incidents(check, *window)
        got = [
            (each.begin, each.end, each.duration, each.muted, tuple(sorted(each.locations)))
            for each in found
            if each.check == check
        ]
        assert got == [
            (at(begin), None if open_ else at(end), (end - begin) * 60.0, muted * 60.0, names)
            for begin, end, open_, muted, names in wanted
        ]
    assert all(each.service == "web" for each in found)
    assert {each.error for each in found} <= {"status", ""}


@pytest.mark.parametrize("window", WINDOWS)
def test_reliability(history: History, world: World, window: tuple[int, int]) -> None:
    begin, end = window
    found = {each.check: each for each in history.reliability(**within(window))}
    for check, each in found.items():
        wanted = world.incidents(check, begin, end)
        ended = [(last - first) * 60 for first, last, open_, *_ in wanted if not open_]
        seconds = world.seconds(check, begin, end, WORST)
        assert (each.incidents, each.open) == (len(wanted), len(wanted) - len(ended))
        assert each.mttr == (pytest.approx(sum(ended) / len(ended)) if ended else None)
        assert each.mtbf == (pytest.approx((seconds["up"] + seconds["degraded"]) / len(wanted)) if wanted else None)
        assert each.down == sum(last - max(first, begin) for first, last, *_ in wanted) * 60


def test_a_timeline(history: History, world: World) -> None:
    found = history.timeline(["shop"], number=36, **within((0, MINUTES)))
    assert len(found) == 36
    for number, stage in enumerate(found):
        length = MINUTES // 36
        seconds = world.seconds("shop", number * length, (number + 1) * length, BEST)
        assert stage.start == at(number * length)
        assert {level: getattr(stage, level) for level in seconds} == seconds
        levels = [level for level in ("down", "degraded", "up", "muted", "unknown") if seconds[level]]
        assert stage.state == levels[0]


def test_timelines_by_location(history: History, world: World) -> None:
    found = history.timeline(["shop"], number=1, by_location=True, **within((0, MINUTES)))
    assert [each.location for each in found] == sorted(each.location for each in world.of("shop"))
    for stage, each in zip(found, sorted(world.of("shop"), key=lambda place: place.location), strict=True):
        seen = ["muted" if muted else state for state, muted in each.seen()]
        assert (stage.up, stage.down, stage.muted) == tuple(60.0 * seen.count(name) for name in ("up", "down", "muted"))


@pytest.mark.parametrize("hours", [1, 6, 24, 60])
@pytest.mark.parametrize("end", [MINUTES, 61 * 60])
def test_budget(history: History, world: World, hours: int, end: int) -> None:
    found = history.budget({"*": (0.99, timedelta(hours=hours))}, until=at(end))
    for each in found:
        seconds = world.seconds(each.check, end - hours * 60, end, BEST)
        assert each.spent == seconds["down"]
        assert each.budget == pytest.approx(hours * 36)
        assert each.left == pytest.approx(hours * 36 - seconds["down"])
        assert each.left_share == pytest.approx(1 - seconds["down"] / (hours * 36))
        for burn, back in ((each.burn_1h, 1), (each.burn_6h, 6)):
            recent = world.seconds(each.check, end - back * 60, end, BEST)
            known = recent["up"] + recent["degraded"] + recent["down"]
            assert burn == (pytest.approx(recent["down"] / known / 0.01) if known else None)


@pytest.mark.parametrize("hours", [1, 6, 24, 60])
@pytest.mark.parametrize("end", [MINUTES, 61 * 60, 61 * 60 + 30])
@pytest.mark.parametrize("under", [0.2, 0.5, 2.0])
def test_latency_budget(history: History, world: World, hours: int, end: int, under: float) -> None:
    found = history.latency_budget({"*": LatencyObjective(under, 0.9, timedelta(hours=hours))}, until=at(end))
    end = end // 60 * 60  # ranges are of whole hours
    begin = end - hours * 60
    ran = {check for check in world.checks if sum(world.runs(check, begin, end).values())}
    assert {each.check for each in found} == ran
    assert [each.left_share or 0 for each in found if each.runs] == sorted(
        each.left_share for each in found if each.runs
    )
    for each in found:
        runs, fast = world.fast(each.check, begin, end, under)
        assert (each.under, each.objective, each.window) == (under, 0.9, hours * 3600)
        if not runs:
            assert (each.runs, each.share, each.left, each.burn_1h) == (None, None, None, None)
            assert each.note == "no answer: no run of the window was judged"
            continue
        assert (each.runs, each.fast, each.spent) == (runs, fast, runs - fast)
        first = world.first(each.check, begin)
        assert each.note == (f"no run before {at(first):%Y-%m-%d %H:%M} is known" if first - begin > 60 else "")
        assert each.share == pytest.approx(fast / runs)
        assert each.budget == pytest.approx(runs / 10)
        assert each.left == pytest.approx(runs / 10 - (runs - fast))
        assert each.left_share == pytest.approx(1 - (runs - fast) / (runs / 10))
        for burn, back in ((each.burn_1h, 1), (each.burn_6h, 6)):
            recent, quick = world.fast(each.check, max(begin, end - back * 60), end, under)
            assert burn == (pytest.approx((recent - quick) / recent / 0.1) if recent else None)


def test_a_latency_budget_leaves_out_what_the_agent_was_too_slow_to_measure(database: Callable[[str], Store]) -> None:
    store = database("checks_disturbed")
    migrations.migrate(store, Schema((MODEL,)))
    plain = Place("plain", "fra1", ["up"] * 120, [False] * 120)
    rows = [plain.run(minute) for minute in range(120)]
    slow = [number for number in range(120) if plain.duration(number) > 0.5]
    fast = [number for number in range(120) if number not in slow]
    failed = slow[10]
    rows[failed] = replace(rows[failed], attributes={**rows[failed].attributes, "argus.check.outcome": "failed"})
    for number in (*slow[:11], *fast[:5]):
        rows[number] = replace(rows[number], attributes={**rows[number].attributes, "argus.check.disturbed": True})
    store.insert(rows)
    objective = LatencyObjective(0.5, 0.9, timedelta(hours=4))
    (found,) = History(store).latency_budget({"plain": objective}, until=at(120))
    assert (found.runs, found.spent) == (110, len(slow) - 10)
    assert found.note == f"no run before {at(0):%Y-%m-%d %H:%M} is known"


def test_a_latency_budget_of_runs_that_are_not_all_kept_has_no_numbers(database: Callable[[str], Store]) -> None:
    store = database("checks_expired")
    migrations.migrate(store, Schema((MODEL,)))
    plain = Place("plain", "fra1", ["up"] * 240, [False] * 240)
    store.insert([plain.run(minute) for minute in range(240)])
    store.command(
        f"alter table checks_events delete where slot < '{at(90):%Y-%m-%d %H:%M:%S}' settings mutations_sync = 1"
    )
    history = History(store)
    (told,) = history.latency_budget({"p*": LatencyObjective(0.5, 0.9, timedelta(hours=4))}, until=at(240))
    assert (told.runs, told.left_share, told.note) == (
        None,
        None,
        "no answer: 90 runs of the window are not kept any more",
    )
    (later,) = history.latency_budget({"p*": LatencyObjective(0.5, 0.9, timedelta(hours=2))}, until=at(240))
    assert (later.runs, later.note) == (120, "")


def test_a_latency_budget_says_what_the_file_keeps(history: History) -> None:
    window = timedelta(hours=60)
    found = history.latency_budget(
        {"shop": LatencyObjective(0.5, 0.9, window, "changes"), "db-1": LatencyObjective(0.5, 0.9, window, "1/10")},
        until=at(MINUTES),
    )
    assert [(each.check, each.runs is None) for each in found] == [("db-1", False), ("shop", True)]
    assert found[0].note.endswith("of the runs that are kept (keep: 1/10)")
    assert found[1].note == "no answer: keep: changes keeps no runs"


@pytest.mark.parametrize(
    "objective",
    [
        LatencyObjective(0.0, 0.9, timedelta(days=1)),
        LatencyObjective(0.5, 1.0, timedelta(days=1)),
        LatencyObjective(0.5, 0.0, timedelta(days=1)),
        LatencyObjective(0.5, 0.9, timedelta()),
    ],
)
def test_a_promise_of_nothing_or_of_everything_is_refused(history: History, objective: LatencyObjective) -> None:
    with pytest.raises(QueryError, match="share between 0 and 1"):
        history.latency_budget({"shop": objective})


def test_slowest(history: History, world: World) -> None:
    found = history.slowest(**within((0, MINUTES)))
    assert [each.p95 for each in found] == sorted((each.p95 for each in found), reverse=True)
    for each in found:
        durations = [
            place.duration(minute)
            for place in world.of(each.check)
            for minute in range(MINUTES)
            if place.states[minute] not in ("away", "unknown")
        ]
        assert (each.runs, each.longest) == (len(durations), max(durations))
        durations.sort()
        assert each.p50 == pytest.approx(durations[len(durations) // 2], rel=0.02)
        assert each.p95 == pytest.approx(durations[int(len(durations) * 0.95)], rel=0.02)
        assert each.dns_p95 == pytest.approx(each.p95 / 4, rel=1e-3)
        assert each.connect_p50 == pytest.approx(each.p50 / 2, rel=1e-3)
        assert each.tls_p50 is each.transfer_p95 is None


def test_names_and_patterns(history: History) -> None:
    def names(*checks: str, service: str = "") -> list[str]:
        return sorted(each.check for each in history.reachability(checks, service=service))

    assert names() == ["db-1", "db-2", "shop"]
    assert names("db-*") == ["db-1", "db-2"]
    assert names("db-?", "shop") == ["db-1", "db-2", "shop"]
    assert names("db.1") == names("db.*") == names("sho") == names("*", service="other") == []
    assert names("shop", service="web") == ["shop"]
    assert [each.check for each in history.uptime(["s*"], **within((0, MINUTES)))] == ["shop"]
