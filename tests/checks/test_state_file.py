"""The journal of states: what is kept, what a damaged file costs, and which changes are reported again."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from argus_otel.sources.checks.agent import CheckState
from argus_otel.sources.checks.definition import Check
from argus_otel.sources.checks.errors import ErrorType
from argus_otel.sources.checks.judge import Change, Status
from argus_otel.sources.checks.mutes import MuteReason
from argus_otel.sources.checks.outcomes import Attempt, Failure, Outcome, Run
from argus_otel.sources.checks.state_file import REPORTED_AGAIN, StateFile

from .test_agent import check, hangs, works


class SetClock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1_700_000_000_000

    def wall(self) -> int:
        return self.now

    def monotonic(self) -> float:
        return float(self.now)


FAILURE = Failure(ErrorType.STATUS, "status is 500, not 2xx", "status: 2xx")


def failed(name: str, slot: int) -> Run:
    return Run(name, slot, 0, slot, (Attempt(Outcome.FAILED, FAILURE, 0.1),))


def down(checked: Check) -> tuple[CheckState, Change]:
    """Return the state of a check that has just become down."""
    state = CheckState(checked)
    for slot in (1000, 2000):
        state.judge.add(failed(checked.name, slot))
    change = state.judge.confirmed()
    assert change is not None
    state.judge.apply(change)
    return state, change


def kept(directory: Path, clock: Any, *states: tuple[CheckState, Change | None]) -> None:
    file = StateFile(directory, clock)
    file.load([state.check for state, _ in states])
    for state, change in states:
        file.keep(state, change)
    file.close()


def test_a_state_and_its_change_come_back_as_they_were(tmp_path: Path) -> None:
    clock = SetClock()
    shop = check("shop", works)
    state, change = down(shop)
    kept(tmp_path, clock, (state, change))
    saved = StateFile(tmp_path, clock).load([shop])
    assert saved.verdicts == {"shop": state.judge.verdict()}
    assert saved.verdicts["shop"].status is Status.DOWN
    assert saved.changes == [change]
    assert saved.written == clock.now


def test_a_muted_change_keeps_its_reasons(tmp_path: Path) -> None:
    clock = SetClock()
    state, change = down(check("shop", works))
    muted = replace(change, muted=frozenset({MuteReason.PARENT, MuteReason.MANUAL}))
    kept(tmp_path, clock, (state, muted))
    assert StateFile(tmp_path, clock).load([state.check]).changes == [muted]


def test_an_old_change_is_not_reported_again_and_its_state_stays(tmp_path: Path) -> None:
    clock = SetClock()
    state, change = down(check("shop", works))
    kept(tmp_path, clock, (state, change))
    clock.now += REPORTED_AGAIN + 1
    saved = StateFile(tmp_path, clock).load([state.check])
    assert saved.changes == []
    assert saved.verdicts["shop"].status is Status.DOWN


def test_a_check_that_measures_something_else_begins_anew(tmp_path: Path) -> None:
    clock = SetClock()
    state, change = down(check("shop", works))
    kept(tmp_path, clock, (state, change))
    assert StateFile(tmp_path, clock).load([check("shop", hangs)]).verdicts == {}


def test_a_torn_last_line_costs_that_line_alone(tmp_path: Path) -> None:
    clock = SetClock()
    states = [down(check(name, works)) for name in ("first", "second")]
    kept(tmp_path, clock, *states)
    path = tmp_path / "state.jsonl"
    path.write_bytes(path.read_bytes()[:-7])
    saved = StateFile(tmp_path, clock).load([state.check for state, _ in states])
    assert list(saved.verdicts) == ["first"]
    assert not (tmp_path / "state.damaged").exists()


def test_a_damaged_file_is_read_up_to_the_damage_and_set_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = SetClock()
    states = [down(check(name, works)) for name in ("first", "second", "third")]
    kept(tmp_path, clock, *states)
    path = tmp_path / "state.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(b"second", b"sekond")
    path.write_bytes(b"".join(lines))
    damaged = path.read_bytes()
    saved = StateFile(tmp_path, clock).load([state.check for state, _ in states])
    assert list(saved.verdicts) == ["first"]
    assert (tmp_path / "state.damaged").read_bytes() == damaged
    assert "is damaged" in caplog.text


def test_the_file_stays_small_however_often_a_check_changes(tmp_path: Path) -> None:
    clock = SetClock()
    state, change = down(check("shop", works))
    file = StateFile(tmp_path, clock)
    file.load([state.check])
    for _ in range(20_000):
        clock.now += 1000
        file.keep(state, change)
    file.close()
    assert (tmp_path / "state.jsonl").stat().st_size < 2_000_000
    assert StateFile(tmp_path, clock).load([state.check]).verdicts["shop"] == state.judge.verdict()


def test_the_file_is_its_owners_alone_and_has_no_option_of_a_check(tmp_path: Path) -> None:
    clock = SetClock()
    kept(tmp_path, clock, down(check("shop", works)))
    path = tmp_path / "state.jsonl"
    assert path.stat().st_mode & 0o077 == 0
    assert b"works" not in path.read_bytes()


def test_a_directory_that_cannot_be_written_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "state").write_text("a file where the directory should be")
    states = [down(check(name, works)) for name in ("first", "second")]
    kept(tmp_path / "state", SetClock(), *states)
    assert caplog.text.count("cannot be kept") == 1


def test_a_disk_that_was_full_for_a_moment_costs_no_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fault 7: a store that fails for a moment must not cost what is judged after it."""
    clock = SetClock()
    states = [down(check(name, works)) for name in ("first", "second", "third")]
    file = StateFile(tmp_path, clock)
    file.load([state.check for state, _ in states])
    file.keep(*states[0])
    whole = os.write

    def torn(descriptor: int, data: bytes) -> int:
        whole(descriptor, data[:20])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(os, "write", torn)
        file.keep(*states[1])
    clock.now += 2000
    file.keep(*states[2])
    file.close()
    saved = StateFile(tmp_path, clock).load([state.check for state, _ in states])
    assert list(saved.verdicts) == ["first", "second", "third"]
    assert saved.changes == [change for _, change in states]


def test_a_file_of_another_version_is_set_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = SetClock()
    shop = check("shop", works)
    text = b'{"check":"shop","state":"down"}'
    (tmp_path / "state.jsonl").write_bytes((b"%08x %s\n" % (crc32(text), text)) * 2)
    assert StateFile(tmp_path, clock).load([shop]).verdicts == {}
    assert (tmp_path / "state.damaged").exists()
    assert "is damaged" in caplog.text


def test_a_change_is_reported_again_though_the_clock_was_set_back(tmp_path: Path) -> None:
    clock = SetClock()
    state, change = down(check("shop", works))
    kept(tmp_path, clock, (state, change))
    clock.now -= 1500
    assert StateFile(tmp_path, clock).load([state.check]).changes == [change]


def test_the_time_of_the_last_write_outlives_a_second_start(tmp_path: Path) -> None:
    clock = SetClock()
    states = [down(check(name, works)) for name in ("first", "second")]
    kept(tmp_path, clock, *states)
    clock.now += 5000
    file = StateFile(tmp_path, clock)
    file.load([state.check for state, _ in states])
    file.keep(states[0][0], None)
    file.close()
    for _ in range(2):
        assert StateFile(tmp_path, clock).load([state.check for state, _ in states]).written == clock.now


def test_a_function_is_the_same_check_in_another_process(tmp_path: Path) -> None:
    def function(address: int) -> Check:
        class Options:
            def __repr__(self) -> str:
                return f"<function pool at {address:#x}>"

        return replace(check("pool", works), options=Options())

    clock = SetClock()
    state, change = down(function(0x7F0000000010))
    kept(tmp_path, clock, (state, change))
    assert "pool" in StateFile(tmp_path, clock).load([function(0x7FEEEEEEEE20)]).verdicts
