"""When checks are due: pure, so that hours take no time here."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from argus_otel.sources.checks.schedule import Due, Schedule
from argus_otel.sources.checks.slots import phase, slot_after

SECOND = 1000
HOUR = 3600 * SECOND
NOW = 1_796_000_000_000


def schedule(*checks: str, interval: int = 30 * SECOND, now: int = NOW) -> Schedule:
    made = Schedule()
    for check in checks:
        made.add(check, interval, now)
    return made


def run_until(made: Schedule, end: int) -> list[Due]:
    """Take what is due at the moment at which it is."""
    taken: list[Due] = []
    while (at := made.next) is not None and at <= end:
        taken += made.take(at)
    return taken


@given(st.text(), st.integers(1, 10**9), st.integers(0, 10**13))
def test_the_next_slot_is_the_first_of_the_grid_after_a_moment(name: str, interval: int, moment: int) -> None:
    slot = slot_after(moment, name, interval)
    assert moment < slot <= moment + interval
    assert slot % interval == phase(name, interval)


def test_a_thousand_checks_are_spread_over_their_interval() -> None:
    in_each_second = [0] * 30
    for number in range(1000):
        in_each_second[phase(f"check {number}", 30 * SECOND) // SECOND] += 1
    assert max(in_each_second) < 3 * 1000 / 30


def test_a_check_runs_in_each_slot_once() -> None:
    made = schedule("a", "b", interval=5 * SECOND)
    taken = run_until(made, NOW + HOUR)
    for check in "ab":
        slots = [due.slot for due in taken if due.check == check]
        assert len(slots) == 720
        assert {later - slot for slot, later in pairwise(slots)} == {5 * SECOND}
    assert [due.slot for due in taken] == sorted(due.slot for due in taken)


def test_a_restart_finds_the_same_slots() -> None:
    first = run_until(schedule("a"), NOW + HOUR)
    second = run_until(schedule("a", now=NOW + HOUR // 2), NOW + HOUR)
    assert second == first[-len(second) :]


def test_slots_that_pass_while_nothing_is_taken_are_counted() -> None:
    made = schedule("a", interval=SECOND)
    first = made.next
    assert first is not None
    (due,) = made.take(first + 4_100)
    assert due == Due("a", first, missed=4)
    assert made.next == first + 5 * SECOND


def test_a_check_that_is_unsure_runs_between_its_slots() -> None:
    made = schedule("a", interval=60 * SECOND)
    slot = made.next
    assert slot is not None
    made.take(slot)
    made.hasten("a", slot + 5 * SECOND)
    assert made.take(slot + 5 * SECOND) == [Due("a", slot + 5 * SECOND)]
    assert made.next == slot + 60 * SECOND
    made.hasten("a", slot + 61 * SECOND)  # after the slot, which comes first
    assert run_until(made, slot + 119 * SECOND) == [Due("a", slot + 60 * SECOND)]


def test_an_earlier_request_replaces_a_later_one() -> None:
    made = schedule("a", interval=60 * SECOND)
    slot = made.next
    assert slot is not None
    made.take(slot)
    made.hasten("a", slot + 9 * SECOND)
    made.hasten("a", slot + 5 * SECOND)
    made.hasten("a", slot + 7 * SECOND)
    assert [due.slot for due in run_until(made, slot + 60 * SECOND)] == [slot + 5 * SECOND, slot + 60 * SECOND]


def test_a_check_that_is_changed_or_removed_leaves_nothing_behind() -> None:
    made = schedule("a", "b", "c")
    made.add("a", 10 * SECOND, NOW)
    made.remove("b")
    made.remove("b")
    taken = run_until(made, NOW + 30 * SECOND)
    assert [due.check for due in taken].count("a") == 3
    assert [due.check for due in taken].count("b") == 0
    assert [due.check for due in taken].count("c") == 1
    made.keep(["c"])
    assert len(made) == 1
    assert {due.check for due in run_until(made, NOW + HOUR)} == {"c"}


def test_a_check_whose_interval_stays_keeps_its_place_when_it_is_added_again() -> None:
    made = schedule("a")
    made.hasten("a", NOW)
    made.add("a", 30 * SECOND, NOW + HOUR)
    assert made.take(NOW) == [Due("a", NOW)]


def test_a_clock_that_is_set_forward_runs_nothing_twice_and_no_burst() -> None:
    made = schedule("a", interval=30 * SECOND)
    before = run_until(made, NOW + HOUR)
    assert made.restart(NOW + 2 * HOUR, back=False) == 120
    after = run_until(made, NOW + 2 * HOUR + 30 * SECOND)
    assert len(after) == 1
    assert after[0].slot > before[-1].slot
    assert after[0].repeat == 0


def test_a_clock_that_is_set_back_goes_on_at_once_and_marks_slots_that_come_again() -> None:
    made = schedule("a", interval=30 * SECOND)
    before = run_until(made, NOW + 2 * HOUR)
    assert made.restart(NOW + HOUR, back=True) == 0
    again = run_until(made, NOW + 3 * HOUR)
    assert len(again) == 240
    seen = {(due.slot, due.repeat) for due in before}
    assert all((due.slot, due.repeat) not in seen for due in again)
    assert {due.repeat for due in again if due.slot <= before[-1].slot} == {1}
    assert {due.repeat for due in again if due.slot > before[-1].slot} == {0}


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from(["hasten", "take", "add", "remove"])), max_size=60))
def test_whatever_happens_no_slot_is_given_twice(steps: list[tuple[str, str]]) -> None:
    made, now = Schedule(), NOW
    seen: set[tuple[str, int, int]] = set()
    for check, step in steps:
        now += 777
        if step == "add":
            made.add(check, (ord(check) - 90) * SECOND, now)
        elif step == "remove":
            made.remove(check)
        elif step == "hasten":
            made.hasten(check, now + 500)
        for due in made.take(now):
            identity = (due.check, due.slot, due.repeat)
            assert due.slot <= now
            assert identity not in seen
            seen.add(identity)
