"""What rows tell of a check, case by case; the same is counted minute by minute in test_queries.py."""

from __future__ import annotations

from argus_otel.sources.checks.history.outages import outages
from argus_otel.sources.checks.history.states import BEST, WORST, Span, Stretch, Told, combined, spans, totals


def change(time: int, state: str, since: int = 0, ends: int = 1000, error: str = "") -> Told:
    return Told(time, ends, True, state, since, False, error)


def state(time: int, state: str, since: int = 0, ends: int = 1000, *, muted: bool = False) -> Told:
    return Told(time, ends, False, state, since, muted)


def span(begin: int, end: int, state: str, *, muted: bool = False, since: int = 0) -> Span:
    return Span(begin, end, state, muted, since or begin)


def test_a_change_holds_from_its_since_and_replaces_what_was_told_in_between() -> None:
    told = [state(0, "up"), state(60, "up"), change(70, "down", since=50)]
    assert [(each.begin, each.end, each.state) for each in spans(told)] == [(0, 50, "up"), (50, 1000, "down")]


def test_a_state_ends_when_it_is_not_told_again() -> None:
    told = [state(0, "up", ends=100), state(300, "up", ends=400)]
    assert [(each.begin, each.end) for each in spans(told)] == [(0, 100), (300, 400)]


def test_a_mute_ends_when_it_is_not_told_again() -> None:
    """The agent was gone for longer than it holds; a change that is told in between does not tell of mutes."""
    told = [
        state(0, "up", ends=100, muted=True),
        change(90, "down", since=80, ends=190),
        state(300, "down", since=80, ends=400),
    ]
    assert [(each.begin, each.end, each.level) for each in spans(told)] == [
        (0, 80, "muted"),
        (80, 100, "muted"),
        (100, 190, "down"),
        (300, 400, "down"),
    ]


def test_a_mute_that_begins_before_a_change_is_confirmed_does_not_hide_its_beginning() -> None:
    told = [state(0, "up"), state(60, "up", muted=True), change(70, "down", since=50), state(75, "down", since=50)]
    assert [(each.begin, each.end, each.level) for each in spans(told)][:3] == [
        (0, 50, "up"),
        (50, 60, "down"),
        (60, 75, "muted"),
    ]


def test_what_is_not_known_has_no_span() -> None:
    assert spans([]) == []
    assert [each.level for each in spans([change(0, "down")])] == ["down"]  # no other row tells of mutes
    assert spans([state(0, "unknown"), change(50, "unknown")]) == []


def test_the_best_and_the_worst_of_two_locations() -> None:
    here = [span(0, 100, "up"), span(100, 200, "down"), span(200, 300, "up", muted=True)]
    there = [span(50, 150, "degraded"), span(150, 250, "down")]
    assert combined([here, there], BEST) == [
        Stretch(0, 100, "up"),
        Stretch(100, 150, "degraded"),
        Stretch(150, 250, "down"),
        Stretch(250, 300, "muted"),
    ]
    assert combined([here, there], WORST)[1] == Stretch(50, 100, "degraded")
    assert totals(combined([here, there], BEST), 0, 400) == {
        "up": 0.1, "degraded": 0.05, "down": 0.1, "muted": 0.05, "unknown": 0.1,
    }  # fmt: skip


def test_outages_that_touch_are_one() -> None:
    """It fails at one place in the moment in which it works again at another one: it has never worked everywhere."""
    found = outages({"a": [span(0, 100, "down"), span(100, 300, "up")], "b": [span(100, 200, "down")]}, 300)
    assert [(each.begin, each.end, each.open, each.locations) for each in found] == [(0, 200, False, ["a", "b"])]


def test_outages_with_good_news_in_between_are_two() -> None:
    found = outages({"a": [span(0, 100, "down"), span(100, 101, "up"), span(101, 200, "down")]}, 300)
    assert [(each.begin, each.end) for each in found] == [(0, 100), (101, 200)]


def test_what_is_not_known_does_not_end_an_outage() -> None:
    [outage] = outages({"a": [span(0, 100, "down"), span(200, 300, "down")]}, 300)
    assert (outage.begin, outage.end, outage.open, outage.down) == (0, 300, True, 200)


def test_an_outage_may_have_begun_before_everything_that_is_read() -> None:
    [outage] = outages({"a": [span(500, 600, "down", since=10), span(600, 700, "up")]}, 700)
    assert (outage.begin, outage.end) == (10, 600)


def test_an_outage_that_was_muted_in_part() -> None:
    [outage] = outages(
        {"a": [span(0, 40, "down", muted=True), span(40, 100, "down")], "b": [span(30, 50, "down")]}, 200
    )
    assert (outage.down, outage.counted) == (100, 70)
