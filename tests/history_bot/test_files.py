"""Daily files at the bot: what is written, what is bounded, what damage costs, and what is told."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies

from argus_otel.history.files import compression, writer
from argus_otel.history.files.compression import Compressor, Lines
from argus_otel.history.files.erasure import erase_from_files
from argus_otel.history.files.listing import FilesError, listed, locked
from argus_otel.history.files.writer import DayFileWriter
from argus_otel.history.record.codec import decoded, encoded
from argus_otel.history.record.files_delivery import FilesDelivery
from argus_otel.history.record.pseudonyms import hashed
from argus_otel.history.record.stats import Stats
from argus_otel.history.row import Row
from argus_otel.history.store.schema import Schema
from argus_otel.sources.discord.history import MODEL
from argus_otel.telemetry import State, Telemetry
from argus_otel.telemetry.catalogue import HISTORY_EXPIRED
from discord_simulator import BackgroundSimulator
from tests.launch.conftest import Start

from .conftest import BOT, drive, driven, dropped, hand_over, row, status, until

RUN = [sys.executable, "-m", "argus_otel", "run"]
SCHEMA = Schema((MODEL,))
MIB = 1 << 20


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "files"


def opened(directory: Path, limit: int = 256 * MIB, days: int = 90) -> DayFileWriter:
    return DayFileWriter(directory, limit, days, lambda _rows, _reason: None)


def read(directory: Path) -> list[Row]:
    """Return all rows, and fail for a line that is none."""
    rows = [decoded(line) for file in listed(directory) for line in Lines(file.path)]
    assert None not in rows
    return [row for row in rows if row is not None]


class Clock:
    """The day that the writer sees."""

    def __init__(self, day: str) -> None:
        self.day = date.fromisoformat(day)

    def __call__(self) -> date:
        return self.day


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock("2026-03-01")
    monkeypatch.setattr(writer, "today", made)
    return made


# -- writing


def test_rows_are_on_the_disk_when_they_were_appended(directory: Path) -> None:
    made = opened(directory)
    rows = [row(number, attributes={"title": "é😀", "n": number}) for number in range(2500)]
    for start_ in range(0, len(rows), 500):
        assert made.append(rows[start_ : start_ + 500])
        assert read(directory) == rows[: start_ + 500]  # while its writer has it open
    made.close()
    (file,) = listed(directory)
    assert file.day == datetime.now(timezone.utc).date()
    assert gzip.decompress(file.path.read_bytes()) == b"".join(map(encoded, rows))  # any other program reads it too


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX'")
def test_only_the_owner_can_read_it(directory: Path) -> None:
    before = os.umask(0)
    try:
        opened(directory).append([row(1)])
    finally:
        os.umask(before)
    assert directory.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in directory.iterdir()} == {0o600}


def test_a_process_has_one_file_a_day_and_the_clock_may_go_back(directory: Path, clock: Clock) -> None:
    made = opened(directory)
    for day, number in (("2026-03-01", 1), ("2026-03-02", 2), ("2026-03-01", 3), ("2026-03-01", 4)):
        clock.day = date.fromisoformat(day)
        made.append([row(number)])
    assert [file.day.day for file in listed(directory)] == [1, 1, 2]
    assert {each.event_id for each in read(directory)} == {row(number).event_id for number in (1, 2, 3, 4)}
    clock.day = date(2026, 3, 3)
    made.tick()
    for file in listed(directory):
        gzip.decompress(file.path.read_bytes())  # all of them have an end


def test_two_processes_write_at_once(directory: Path) -> None:
    program = """
import sys
from pathlib import Path
from argus_otel.history.files.writer import DayFileWriter
from argus_otel.history.row import Row
made = DayFileWriter(Path(sys.argv[1]), 1 << 28, 90, print)
for number in range(100):
    ids = [f"{sys.argv[2]}0000000-0000-4000-8000-{number * 10 + each:012x}" for each in range(10)]
    assert made.append([Row(1_700_000_000_000_000, "song.played", one, "bot") for one in ids])
"""
    command = [sys.executable, "-c", program, str(directory)]
    both = [subprocess.Popen([*command, str(name)]) for name in (1, 2)]
    assert [process.wait(60) for process in both] == [0, 0]
    assert len(listed(directory)) == 2
    assert len({each.event_id for each in read(directory)}) == 2000


def test_a_killed_process_loses_nothing_that_was_appended(directory: Path) -> None:
    program = """
import sys
from pathlib import Path
from argus_otel.history.files.writer import DayFileWriter
from tests.history_bot.conftest import row
made = DayFileWriter(Path(sys.argv[1]), 1 << 28, 90, print)
number = 0
while True:
    made.append([row(number)])
    number += 1
    print(number, flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", program, str(directory)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) >= 50:
            break
    process.kill()
    written = 50 + process.stdout.read().count("\n")
    process.wait()
    assert len(read(directory)) in (written, written + 1)
    opened(directory).append([row(10_000)])  # the next process begins a file of its own
    assert len(listed(directory)) == 2


# -- the limits


def expired_of(telemetry: Telemetry) -> dict[str, float]:
    return {str(next(iter(a.values()))): value for a, value in telemetry.points(HISTORY_EXPIRED) if value}


def test_days_that_are_too_old_are_removed_and_counted(
    directory: Path, clock: Clock, telemetry: Telemetry, stats: Stats
) -> None:
    made = DayFileWriter(directory, 256 * MIB, 3, stats.expired)
    for number in range(5):
        made.append([row(2 * number), row(2 * number + 1)])
        clock.day += timedelta(days=1)
    clock.day -= timedelta(days=1)
    made.tick()
    assert [file.day.day for file in listed(directory)] == [3, 4, 5]
    assert expired_of(telemetry) == {"age": 4}


def test_the_oldest_day_goes_when_the_directory_is_full(
    directory: Path, clock: Clock, telemetry: Telemetry, stats: Stats
) -> None:
    made = DayFileWriter(directory, 18_000, 90, stats.expired)
    for _ in range(6):
        made.append([row(each, attributes={"noise": os.urandom(200).hex()}) for each in range(20)])
        clock.day += timedelta(days=1)
    made.tick()
    kept = listed(directory)
    assert [file.day.day for file in kept] == [4, 5, 6]
    assert sum(file.size for file in kept) <= 18_000
    assert expired_of(telemetry) == {"size": 60}


def test_a_single_day_is_bounded_too(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_LOOK", 0)
    made = opened(directory, limit=50_000)
    for number in range(50):
        made.append([row(number * 10 + each, attributes={"noise": os.urandom(200).hex()}) for each in range(10)])
        made.tick()
    size = sum(file.size for file in listed(directory))
    assert 25_000 < size <= 50_000
    assert read(directory)[-1].event_id == row(499).event_id


# -- what fails


def limited_append(directory: Path, size: int) -> str:
    """Append in a process that may write files of ``size`` bytes only, as on a full disk; return what it says."""
    program = """
import resource, sys
from pathlib import Path
from argus_otel.history.files.listing import FilesError
from argus_otel.history.files.writer import DayFileWriter
from tests.history_bot.conftest import row
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
made = DayFileWriter(Path(sys.argv[1]), 1 << 28, 90, print)
kept = 0
try:
    for number in range(1000):
        made.append([row(number)])
        kept += 1
except FilesError as error:
    print(kept, error)
"""
    command = [sys.executable, "-c", program, str(directory), str(size)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def test_what_fits_on_a_full_disk_stays_readable(directory: Path) -> None:
    told = limited_append(directory, 2000)
    assert "cannot be written: File too large" in told
    assert [each.event_id for each in read(directory)] == [
        row(number).event_id for number in range(int(told.split()[0]))
    ]
    assert len(read(directory)) > 10


def test_a_disk_that_is_full_from_the_start_gets_no_empty_files(directory: Path) -> None:
    assert limited_append(directory, 1).startswith("0 ")
    assert listed(directory) == []


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root mounts a small disk, on Linux")
def test_a_full_disk_is_told_and_rows_wait(tmp_path: Path, telemetry: Telemetry, stats: Stats) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)], check=False).returncode:
        pytest.skip("this container may not mount")
    try:
        made = FilesDelivery("files:x", opened(disk / "files"), stats)
        rows = [row(number, attributes={"noise": os.urandom(200).hex()}) for number in range(1000)]
        for start_ in range(0, 1000, 20):
            hand_over(made, rows[start_ : start_ + 20])
            if made.pending():
                break
        assert "No space left on device; events wait in memory only" in stats.last_error
        assert telemetry.health.parts()["exporter:history test"].state is State.FAILED
        kept = len(read(disk / "files"))
        assert made.pending() == 20
        assert not made.ready
        made._backoff.reset()
        made.tick()
        assert made.pending() == 20
        made.finish(time.monotonic())
        assert dropped(telemetry) == {"shutdown": 20}
        assert len(read(disk / "files")) == kept > 20
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_rows_wait_while_the_directory_is_none(directory: Path, telemetry: Telemetry, stats: Stats) -> None:
    made = FilesDelivery("files:x", opened(directory), stats)
    hand_over(made, [row(1)])
    for path in directory.iterdir():
        path.unlink()
    directory.rmdir()
    directory.touch()
    hand_over(made, [row(2)])
    assert telemetry.health.parts()["exporter:history test"].state is State.FAILED
    directory.unlink()
    made._backoff.reset()
    made.tick()
    assert telemetry.health.parts()["exporter:history test"].state is State.OK
    assert [each.event_id for each in read(directory)] == [row(2).event_id]
    assert dropped(telemetry) == {}


def test_a_directory_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FilesError, match="is not a directory"):
        opened(tmp_path / "file" / "files").check()
    opened(tmp_path / "not" / "yet").check()


# -- damage


@given(strategies.integers(0, 10**6), strategies.integers(1, 255))
@settings(deadline=None, max_examples=20)
def test_damage_reaches_no_further_than_its_member(
    tmp_path_factory: pytest.TempPathFactory, position: int, mask: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compression, "MEMBER_SIZE", 2000)
        compressor = Compressor()
        parts: list[bytes] = []
        rows = [row(number, attributes={"noise": f"{number * 7919 % 10007:x}" * 3}) for number in range(400)]
        for start_ in range(0, 400, 5):
            parts.append(compressor.compressed(b"".join(map(encoded, rows[start_ : start_ + 5]))))
            compressor.written()
        data = bytearray(b"".join(parts) + compressor.end())
    data[position % len(data)] ^= mask
    path = tmp_path_factory.mktemp("damaged") / "file"
    path.write_bytes(data)
    lines = Lines(path)
    found = {each.event_id for line in lines if (each := decoded(line))} & {each.event_id for each in rows}
    assert lines.damaged <= 3
    assert len(found) > 250  # of some twelve members, one or two
    path.write_bytes(data[: position % len(data)])
    for line in Lines(path):
        decoded(line)


def test_what_was_cut_off_costs_only_itself(directory: Path) -> None:
    made = opened(directory)
    rows = [row(number) for number in range(200)]
    for each in rows:
        made.append([each])
    (file,) = listed(directory)
    whole = file.path.read_bytes()
    for size in range(len(whole) - 60, len(whole)):
        file.path.write_bytes(whole[:size])
        lines = Lines(file.path)
        found = [decoded(line) for line in lines]
        assert found == rows[: len(found)]
        assert len(found) >= 190
        if size == len(whole) - 60:
            assert lines.damaged <= 1


def test_a_later_reading_begins_where_members_end(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "MEMBER_SIZE", 1000)
    made = opened(directory)
    for number in range(100):
        made.append([row(number, attributes={"noise": os.urandom(20).hex()})])
    (file,) = listed(directory)
    lines = Lines(file.path)
    first = list(lines)
    made.append([row(100)])
    rest = list(Lines(file.path, lines.resume))
    assert 0 < len(rest) < 20
    assert {*first, *rest} == {encoded(each) for each in read(directory)}
    assert encoded(row(100)) in rest


# -- erasure under a running writer


def of(user: int, number: int) -> Row:
    return row(number, attributes={"discord.user.id": str(user), "discord.guild.id": str(10 + user)})


def test_erasing_replaces_files_and_the_writer_goes_on(directory: Path) -> None:
    made = opened(directory)
    made.append([of(number % 3, number) for number in range(30)])
    erased = erase_from_files(directory, SCHEMA, "guild", "11")
    assert (erased.rows, erased.files, erased.damaged) == (10, 1, 0)
    made.append([of(2, 100)])
    assert [each.attributes["discord.user.id"] for each in read(directory)].count("1") == 0
    assert len({each.event_id for each in read(directory)}) == 21
    assert erase_from_files(directory, SCHEMA, "guild", "11").rows == 0
    assert not list(directory.glob(".erasing*"))


def test_a_hashed_person_is_found_with_the_key(directory: Path) -> None:
    made = opened(directory)
    made.append(
        [row(1, attributes={"discord.user.id": hashed("5", "key")}), row(2, attributes={"discord.user.id": "5"})]
    )
    made.append([row(3, attributes={"title": "5"})])
    assert erase_from_files(directory, SCHEMA, "user", "5", "key").rows == 2
    assert [each.event_id for each in read(directory)] == [row(3).event_id]


def test_rows_wait_while_others_are_erased(directory: Path, stats: Stats, telemetry: Telemetry) -> None:
    made = FilesDelivery("files:x", opened(directory), stats)
    hand_over(made, [row(1)])
    with locked(directory, shared=False) as free:
        assert free
        hand_over(made, [row(2)])
        assert made.pending() == 1
    made.tick()
    assert [each.event_id for each in read(directory)] == [row(1).event_id, row(2).event_id]
    assert stats.last_error == ""


def test_no_row_is_lost_while_a_writer_and_an_erasure_race(directory: Path) -> None:
    made = opened(directory)
    ended = threading.Event()
    written: list[str] = []

    def write() -> None:
        number = 0
        while not ended.is_set():
            rows = [of(2, number), of(1, number + 1)]
            if made.append(rows):
                written.append(rows[0].event_id)
                number += 2

    thread = threading.Thread(target=write)
    thread.start()
    for _ in range(10):
        erase_from_files(directory, SCHEMA, "user", "1")
    ended.set()
    thread.join()
    erase_from_files(directory, SCHEMA, "user", "1")
    assert len(read(directory)) == len(written)
    assert {each.event_id for each in read(directory)} == set(written)


# -- a real bot


WITHOUT_ENGINE = """
import os, sys
from importlib.machinery import PathFinder

found = PathFinder.find_spec
hidden = ("chdb", "clickhouse_connect")
PathFinder.find_spec = lambda name, *rest: None if name.partition(".")[0] in hidden else found(name, *rest)
os.chdir(sys.argv[1])
from argus_otel.cli import main
sys.exit(main(sys.argv[2:]))
"""
"""``argus-otel`` in a directory, where neither the engine nor its client can be imported."""


def test_a_bot_without_an_engine_keeps_files_by_default(
    simulator: BackgroundSimulator, start: Start, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", WITHOUT_ENGINE, str(tmp_path)]
    bot = start(command, "run", BOT, settings={"ARGUS_HISTORY": "true", "OTEL_SERVICE_NAME": "jukebox"})
    assert "history store (files:argus-history-files)" in until(lambda: bot.output)
    drive(simulator, 2)
    directory = tmp_path / "argus-history-files"
    until(lambda: directory.is_dir() and Counter(each.event for each in read(directory)) == driven(2))
    told = status(bot)
    assert (told["mode"], told["where"], told["spool"]) == ("store", "files:argus-history-files", None)
    assert told["waiting"] == {"memory": 0}
    drive(simulator)
    assert bot.end() == 0
    rows = read(directory)
    assert Counter(each.event for each in rows) == driven(3)
    assert len({each.event_id for each in rows}) == len(rows)
    assert {each.service for each in rows} == {"jukebox"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["argus-history-files"]  # neither a spool nor a store

    def ran(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        whole = [*command, *words]
        return subprocess.run(whole, capture_output=True, text=True, check=False, env={**os.environ, **variables})

    asked = ran("discord", "top")
    assert asked.returncode == 2
    assert "pip install 'argus-otel[embedded]', or copy" in asked.stderr
    shown = ran("store", "status")
    assert f" {len(rows)} " in shown.stdout.splitlines()[-1]
    examined = ran("doctor", "--no-network", ARGUS_HISTORY="true")
    assert "files:argus-history-files: 1 of 90 days" in examined.stdout
    assert "recording does not need it" in examined.stdout


def test_a_bot_that_is_killed_loses_what_was_in_memory_only(
    simulator: BackgroundSimulator, start: Start, tmp_path: Path
) -> None:
    directory = tmp_path / "files"
    bot = start(RUN, BOT, settings={"ARGUS_HISTORY": "store", "ARGUS_HISTORY_STORE": f"files:{directory}"})
    drive(simulator)
    until(lambda: directory.is_dir() and Counter(each.event for each in read(directory)) == driven())
    os.killpg(bot.process.pid, signal.SIGKILL)
    bot.process.wait()
    assert Counter(each.event for each in read(directory)) == driven()


def test_a_directory_that_cannot_be_used_does_not_stop_a_bot(
    simulator: BackgroundSimulator, start: Start, tmp_path: Path
) -> None:
    (tmp_path / "files").touch()
    settings = {"ARGUS_HISTORY": "store", "ARGUS_HISTORY_STORE": f"files:{tmp_path / 'files' / 'none'}"}
    bot = start(RUN, BOT, settings=settings)
    assert "history store failed" in until(lambda: bot.output)
    drive(simulator)
    assert bot.end() == 0
