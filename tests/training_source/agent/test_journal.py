"""The journal: what is in it is on the disk, and what a failing disk leaves of it can be read."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from argus_otel.sources.training.agent.commands import Result
from argus_otel.sources.training.agent.journal import Answer, Journal, JournalError

NOW = datetime(2026, 12, 1, tzinfo=timezone.utc)


def opened(directory: Path) -> Journal:
    journal = Journal(directory)
    journal.open()
    return journal


def test_what_is_taken_up_is_known_after_a_restart(tmp_path: Path) -> None:
    journal = opened(tmp_path / "state")
    journal.begin(NOW)
    journal.begin(NOW + timedelta(days=1))
    journal.take_up("a", "x", NOW)
    journal.answer(Answer("a", Result.DONE, "because", "run", 7))
    journal.close()
    again = opened(tmp_path / "state")
    assert again.began == NOW
    assert again.digests_of("a") == {"x"}
    assert again.untold == (Answer("a", Result.DONE, "because", "run", 7),)
    again.told(again.untold[0])
    again.close()
    assert opened(tmp_path / "state").untold == ()


def test_its_files_are_for_its_user_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        journal = opened(tmp_path / "argus" / "state")
    finally:
        os.umask(before)
    journal.take_up("a", "x", NOW)
    for directory in (tmp_path / "argus", tmp_path / "argus" / "state"):  # who may write above it could replace it
        assert directory.stat().st_mode & 0o777 == 0o700
    assert {each.stat().st_mode & 0o777 for each in (tmp_path / "argus" / "state").iterdir()} == {0o600}


def test_it_is_synced_before_anything_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = opened(tmp_path)
    synced: list[bytes] = []
    real = os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda file: (real(file), synced.append((tmp_path / "journal.jsonl").read_bytes()))
    )
    journal.take_up("a", "x", NOW)
    assert b'"digest": "x"' in synced[-1]


@settings(deadline=None, max_examples=40)  # each line is synced
@given(cut=some.integers(min_value=0, max_value=400))
def test_a_line_that_the_power_cut_is_left_out(cut: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("cut")
    journal = opened(directory)
    journal.begin(NOW)
    for name in "abc":
        journal.take_up(name, "x", NOW)
        journal.answer(Answer(name, Result.DONE))
    journal.close()
    path = directory / "journal.jsonl"
    whole = path.read_bytes()
    left = whole[: min(cut, len(whole))]
    path.write_bytes(left)
    again = opened(directory)
    complete = [line for line in left.split(b"\n")[:-1] if b"digest" in line]
    known = [name for name in "abc" if again.digests_of(name)]
    assert len(known) == len(complete)
    again.take_up("d", "x", NOW)
    again.close()
    assert opened(directory).digests_of("d") == {"x"}


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = opened(tmp_path)
    journal.take_up("a", "x", NOW)
    real = os.write
    left = [10]

    def write(file: int, data: bytes) -> int:
        if not left:
            raise OSError(28, "No space left on device")
        return real(file, data[: left.pop()])

    with monkeypatch.context() as full:
        full.setattr(os, "write", write)
        with pytest.raises(JournalError, match="No space left"):
            journal.take_up("b", "x", NOW)
    journal.take_up("c", "x", NOW)
    journal.close()
    again = opened(tmp_path)
    assert [name for name in "abc" if again.digests_of(name)] == ["a", "c"]


def test_a_damaged_line_stops_the_agent(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.take_up("a", "x", NOW)
    journal.close()
    with (tmp_path / "journal.jsonl").open("a") as file:
        file.write("damaged\n")
    with pytest.raises(JournalError, match=r"journal\.jsonl:2 cannot be read"):
        opened(tmp_path)


def test_one_agent_has_it_at_a_time(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    program = (
        "import sys; from pathlib import Path; from argus_otel.sources.training.agent.journal import Journal\n"
        "Journal(Path(sys.argv[1])).open()"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False)
    assert "another agent uses" in ended.stderr
    journal.close()
    assert subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False).returncode == 0


def test_a_directory_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(0o770)
    with pytest.raises(JournalError, match="nobody else may write it"):
        opened(tmp_path / "state")


def test_links_in_its_place_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "elsewhere").write_text("")
    (tmp_path / "state" / "journal.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(JournalError):
        opened(tmp_path / "state")


def test_old_commands_are_forgotten_and_others_are_not(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.begin(NOW)
    for name, days in (("old", 0), ("new", 40)):
        journal.take_up(name, "x", NOW + timedelta(days=days))
        journal.answer(Answer(name, Result.DONE))
        journal.told(Answer(name, Result.DONE))
    journal.take_up("open", "x", NOW + timedelta(days=40))
    journal.close()
    again = opened(tmp_path)
    assert [name for name in ("old", "new", "open") if again.digests_of(name)] == ["new", "open"]
    assert [answer.id for answer in again.untold] == ["open"]
    again.close()
    last = opened(tmp_path)
    assert last.began == NOW
    assert '"old"' not in (tmp_path / "journal.jsonl").read_text()
    assert (tmp_path / "journal.jsonl").stat().st_mode & 0o777 == 0o600
    assert [answer.id for answer in last.untold] == ["open"]
