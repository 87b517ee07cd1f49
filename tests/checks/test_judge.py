"""When a status is confirmed: runs as letters, `u` up, `w` with a warning, `d` down, `?` not judged."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argus_otel.sources.checks.errors import ErrorType
from argus_otel.sources.checks.judge import Change, Confirm, Judge, Status
from argus_otel.sources.checks.outcomes import Attempt, Failure, Outcome, Run

FAILURE = Failure(ErrorType.STATUS, "it answered 500")
OUTCOMES = {"u": Outcome.OK, "w": Outcome.WARN, "d": Outcome.FAILED, "?": Outcome.UNKNOWN}


def judged(letters: str, confirm: Confirm) -> tuple[Judge, list[tuple[int, Change]]]:
    """Judge one run in each second; return the changes, each with the number of the run that confirmed it."""
    judge, changes = Judge("shop", confirm), []
    for number, letter in enumerate(letters):
        outcome = OUTCOMES[letter]
        failure = None if outcome is Outcome.OK else FAILURE
        judge.add(Run("shop", number, 0, number, (Attempt(outcome, failure, 0.1),)))
        change = judge.confirmed()
        if change is not None:
            judge.apply(change)
            changes.append((number, change))
    return judge, changes


def statuses(letters: str, down: int = 2, up: int = 1) -> str:
    """Return the status after each run, by its first letter; `w` for degraded, and `?` for unknown."""
    names = {Status.UP: "u", Status.DEGRADED: "w", Status.DOWN: "d", Status.UNKNOWN: "?"}
    return "".join(names[judged(letters[: end + 1], Confirm(down, up))[0].status] for end in range(len(letters)))


@pytest.mark.parametrize(
    ("runs", "down", "up", "expected"),
    [
        ("uuuu", 2, 1, "uuuu"),
        ("uduu", 2, 1, "uuuu"),  # one failed run changes nothing
        ("udduu", 2, 1, "uuduu"),
        ("udduu", 2, 2, "??ddu"),
        ("dududududu", 2, 1, "?uuuuuuuuu"),
        ("uuddduuddduu", 3, 2, "?uuudduuuddu"),
        ("dd", 2, 1, "?d"),
        ("ww", 2, 1, "ww"),
        ("uwwu", 2, 1, "uuwu"),
        ("uwdd", 2, 1, "uuwd"),  # bad for two runs, and down for the last two
        ("ddwu", 2, 1, "?dwu"),
        ("ddww", 2, 2, "?ddw"),
        ("u??d?d", 2, 1, "uuuuud"),  # what is not judged neither counts nor interrupts
        ("??", 2, 1, "??"),
    ],
)
def test_a_status_changes_once_enough_runs_confirm_it(runs: str, down: int, up: int, expected: str) -> None:
    assert statuses(runs, down, up) == expected


def test_a_change_begins_with_the_first_run_that_confirms_it() -> None:
    judge, changes = judged("uuddd", Confirm(down=3, up=1))
    assert changes == [
        (0, Change("shop", Status.UNKNOWN, Status.UP, 0, 0, None)),
        (4, Change("shop", Status.UP, Status.DOWN, 2, 0, FAILURE, Status.UP)),
    ]
    assert judge.since == 2
    assert judge.failing_since == 2


def test_a_judge_is_unsure_while_runs_contradict_its_status() -> None:
    runs = "uuududdwdduuu"
    unsure = [judged(runs[: end + 1], Confirm(down=3, up=3))[0].unsure for end in range(len(runs))]
    #                 unknown     up  d     u      d     d     degraded
    assert unsure == [True, True, False, True, False, True, True, False, True, True, True, True, False]


@given(st.text("uwd?", max_size=40), st.integers(1, 4), st.integers(1, 4))
def test_two_changes_in_a_row_differ_and_their_times_ascend(runs: str, down: int, up: int) -> None:
    _, changes = judged(runs, Confirm(down, up))
    for (_, change), (_, later) in pairwise(changes):
        assert change.after is later.before
    for number, change in changes:
        assert change.before is not change.after
        assert change.since <= number


@given(st.text("ud", min_size=1, max_size=60), st.integers(2, 5))
def test_alternating_runs_never_change_a_status(runs: str, down: int) -> None:
    longest = max(len(streak) for streak in runs.split("u"))
    _, changes = judged(runs, Confirm(down, 1))
    assert any(change.after is Status.DOWN for _, change in changes) == (longest >= down)
