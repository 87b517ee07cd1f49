"""Disks that fill up, break and are taken away, and files that are no segments: what is said to be kept is there."""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from argus_otel.history.record.codec import decoded, encoded
from argus_otel.history.record.delivery import DirectDelivery
from argus_otel.history.record.pending import PendingRows
from argus_otel.history.record.spool import SUFFIX, Segment, Spool, SpoolError
from argus_otel.history.record.stats import SPOOL, Stats
from argus_otel.telemetry import State, Telemetry

from .conftest import dropped, hand_over, row
from .test_delivery import Destination, turned
from .test_spool import ROOM, read

pytestmark = pytest.mark.skipif(os.name == "nt", reason="limits, modes and special files are POSIX'")

ROWS = 500
ROOT = Path(__file__).parents[2]


def lines(directory: Path) -> tuple[int, int]:
    """Return how many rows the segments of a directory have, and how many lines of them are torn."""
    found = [decoded(line) for path in directory.glob(f"*{SUFFIX}") for line in path.read_bytes().splitlines(True)]
    return sum(row is not None for row in found), found.count(None)


# -- a disk that fills up

LIMITED = """
import json, resource, sys
from pathlib import Path
from argus_otel.history.record.spool import Spool, SpoolError
from tests.history_bot.conftest import row
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
spool = Spool(Path(sys.argv[1]), 1 << 30)
try:
    kept, why = spool.append([row(number) for number in range(500)]), ""
except SpoolError as error:
    kept, why = error.kept, str(error)
print(json.dumps([kept, why]))
"""


def limited(directory: Path, size: int) -> tuple[int, str]:
    """Append rows in a process whose files may have so many bytes; return how many are said to be kept, and why."""
    command = [sys.executable, "-c", LIMITED, str(directory), str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, cwd=ROOT)
    kept, why = json.loads(done.stdout)
    return kept, why


def test_rows_that_one_file_has_no_room_for_go_into_another(tmp_path: Path) -> None:
    assert limited(tmp_path, 20_000) == (ROWS, "")
    assert lines(tmp_path) == (ROWS, 0)
    assert read(Spool(tmp_path, ROOM)) == list(range(ROWS))


def test_a_file_without_room_for_a_row_is_not_left_behind(tmp_path: Path) -> None:
    kept, why = limited(tmp_path, 50)
    assert kept == 0
    assert f"{tmp_path} (ARGUS_HISTORY_SPOOL) cannot be written" in why
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("needs to mount a tmpfs: run as root, in a container with CAP_SYS_ADMIN")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_disk_that_is_full_loses_no_row_and_has_no_torn_line(
    small_disk: Path, stats: Stats, telemetry: Telemetry
) -> None:
    destination = Destination()
    destination.away = True
    made = DirectDelivery(destination, Spool(small_disk / "spool", ROOM), stats, telemetry.guard)
    made.tick()
    hand_over(made, [row(number) for number in range(1000)])
    for _ in range(20):  # it is tried again, and leaves no file for each attempt
        made.tick()
    there, torn = lines(small_disk / "spool")
    assert there > 100
    assert (torn, there + made.pending()) == (0, 1000)
    assert not made.ready
    assert len(list((small_disk / "spool").iterdir())) <= 2
    part = telemetry.health.parts()[SPOOL]
    assert part.state is State.FAILED
    assert "No space left on device" in part.detail
    destination.away = False
    turned(made, lambda: len(destination.rows) == 1000)
    assert destination.rows == [row(number) for number in range(1000)]
    assert dropped(telemetry) == {}


def test_what_a_full_disk_keeps_at_the_end_and_what_it_does_not_are_counted_exactly(
    small_disk: Path, stats: Stats, telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    destination = Destination()
    destination.away = True
    made = DirectDelivery(destination, Spool(small_disk / "spool", ROOM), stats, telemetry.guard)
    made.tick()
    hand_over(made, [row(number) for number in range(1000)])
    made.finish(0.0)
    there, torn = lines(small_disk / "spool")
    assert torn == 0
    assert dropped(telemetry) == {"shutdown": 1000 - there}
    told = [record.getMessage() for record in caplog.records if "lost as the process ends" in record.getMessage()]
    assert len(told) == 1
    assert f"{1000 - there} events of history in memory" in told[0]


# -- a disk that fails: none can be had to order, so the system's answer is exchanged, and nothing else


class Failing:
    """Stands before a call of the system, which it lets through so many times."""

    def __init__(self, call: Callable[..., object], code: int, after: int = 0, part: int | None = None) -> None:
        self.call, self.code, self.left, self.part = call, code, after, part

    def __call__(self, descriptor: int, *rest: object) -> object:
        self.left -= 1
        if self.left >= 0:
            return self.call(descriptor, *rest)
        if self.part is not None and rest:
            part, self.part = self.part, None
            return self.call(descriptor, rest[0][:part], *rest[1:])  # type: ignore[index]
        raise OSError(self.code, os.strerror(self.code))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_disk_that_fails_within_a_batch_keeps_whole_rows_and_tells_how_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    spool = Spool(tmp_path, ROOM)
    assert spool.append([row(0)]) == 1
    size = len(encoded(row(1)))
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", Failing(os.write, code, part=3 * size + 7))
        with pytest.raises(SpoolError, match=os.strerror(code)) as raised:
            spool.append([row(number) for number in range(1, 10)])
    assert raised.value.kept == 3
    assert lines(tmp_path) == (4, 0)
    assert spool.append([row(number) for number in range(4, 10)]) == 6
    spool.close()
    assert read(spool) == list(range(10))


def test_a_disk_that_fails_while_an_export_takes_long_loses_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stats: Stats
) -> None:
    rows = PendingRows(Spool(tmp_path, ROOM), stats)
    exported, rest = [row(number) for number in range(5)], [row(number) for number in range(5, 9)]
    rows.add(exported)
    rows.begin_export(exported)
    rows.add(rest)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", Failing(os.write, errno.ENOSPC, part=3 * len(encoded(row(1))) + 7))
        assert not rows.save()
    assert rows.held == [*exported, *rest], "what is on the disk are copies of three that are being exported"
    assert rows.save()
    rows.end_export(arrived=True)
    rows.close_segment()
    assert rows.held == []
    assert rows.spool is not None
    assert read(rows.spool) == [5, 6, 7, 8]


@pytest.mark.parametrize("call", ["fsync", "write"])
def test_of_what_is_not_synced_nothing_is_kept_and_nothing_is_there_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    spool = Spool(tmp_path, ROOM)
    spool.append([row(0)])
    with monkeypatch.context() as patch:
        patch.setattr(os, call, Failing(getattr(os, call), errno.EIO))
        for _ in range(3):
            with pytest.raises(SpoolError) as raised:
                spool.append([row(1), row(2)])
            assert raised.value.kept == 0
    assert lines(tmp_path) == (1, 0)
    assert len(list(tmp_path.iterdir())) == 1
    assert spool.append([row(1), row(2)]) == 2
    spool.close()
    assert read(spool) == [0, 1, 2]


def test_a_write_that_takes_a_few_bytes_at_a_time_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:100]))
        assert Spool(tmp_path, ROOM).append([row(number) for number in range(50)]) == 50
    assert lines(tmp_path) == (50, 0)


def test_a_write_that_an_exception_breaks_off_leaves_no_half_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a handler of a signal may raise, where the thread that ends the process writes."""
    spool = Spool(tmp_path, ROOM)
    spool.append([row(0)])

    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", interrupted)
        with pytest.raises(KeyboardInterrupt):
            spool.append([row(1)])
    assert spool.append([row(1)]) == 1
    assert lines(tmp_path) == (2, 0)


def test_rows_and_the_names_of_their_files_are_synced_before_they_are_said_to_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync, synced = os.fsync, list[str]()

    def noted(descriptor: int) -> None:
        synced.append(os.path.realpath(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    if not Path("/proc/self/fd").exists():
        pytest.skip("needs Linux's /proc, which tells what a descriptor is of")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", noted)
        spool = Spool(tmp_path / "new" / "spool", ROOM)
        spool.append([row(0)])
        (segment,) = spool.directory.iterdir()
        # The new directories' names are in those above them.
        assert synced == list(map(str, (tmp_path, tmp_path / "new", tmp_path / "new" / "spool", segment)))
        spool.append([row(1)])
        assert synced[4:] == [str(segment)]


def test_a_file_that_cannot_be_closed_stops_nothing(tmp_path: Path) -> None:
    """As on a network's file system, which says at the end what it could not do."""
    spool = Spool(tmp_path, ROOM)
    spool.append([row(0)])
    assert spool._open is not None
    os.close(spool._open.fileno())
    spool.close()
    assert spool.append([row(1)]) == 1
    spool.close()
    assert read(spool) == [0, 1]


# -- a directory that is taken away


@pytest.mark.parametrize("how", ["removed", "moved"])
def test_a_directory_that_is_taken_away_is_made_again(tmp_path: Path, how: str) -> None:
    spool = Spool(tmp_path / "spool", ROOM)
    spool.append([row(0)])
    if how == "removed":
        shutil.rmtree(tmp_path / "spool")
    else:
        (tmp_path / "spool").rename(tmp_path / "elsewhere")
    assert spool.append([row(1), row(2)]) == 2
    assert lines(tmp_path / "spool") == (2, 0)
    spool.close()
    assert read(spool) == [1, 2]


def test_a_directory_that_is_taken_away_within_a_write_has_kept_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path / "spool", ROOM)
    spool.append([row(0)])
    write = os.write

    def taken_away(descriptor: int, data: bytes) -> int:
        shutil.rmtree(tmp_path / "spool")
        return write(descriptor, data)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", taken_away)
        with pytest.raises(SpoolError, match="was removed while it was written"):
            spool.append([row(1)])
    assert spool.append([row(1)]) == 1
    assert lines(tmp_path / "spool") == (1, 0)


def test_a_new_segment_that_another_process_has_removed_as_empty_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the making of a file and the lock on it."""
    from argus_otel.history.record import spool as module

    lock, other = module.lock, Spool(tmp_path, ROOM)
    left = [1]

    def late(descriptor: int) -> bool:
        if left and left.pop():
            assert [segment.rows for segment in _removed(other)] == [[]]
        return lock(descriptor)

    spool = Spool(tmp_path, ROOM)
    with monkeypatch.context() as patch:
        patch.setattr(module, "lock", late)
        assert spool.append([row(0)]) == 1
    spool.close()
    assert read(spool) == [0]


def _removed(spool: Spool) -> Iterator[Segment]:
    for segment in spool.claim():
        segment.remove()
        yield segment


# -- lines that are no rows


GOOD = json.loads(encoded(row(1)))


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, id="nested deeply"),
        pytest.param(b"[" * 100_000, id="nested without an end"),
        pytest.param(b'{"time":' + b"9" * 5000 + b"}", id="a number of 5,000 digits"),
        pytest.param(b"xx", id="no JSON"),
        pytest.param(b"\0" * 300, id="what some file systems leave after a power cut"),
        pytest.param(encoded(row(1))[:-1].replace(b"bot", b"b\xc3"), id="half a letter in UTF-8"),
        pytest.param(json.dumps({**GOOD, "attributes": {"a": "\ud800"}}).encode(), id="half a surrogate pair"),
        pytest.param(json.dumps({**GOOD, "attributes": {"\udfff": "x"}}).encode(), id="half a pair as a name"),
        pytest.param(json.dumps({**GOOD, "time": 10**30}).encode(), id="a time beyond all"),
        pytest.param(json.dumps({**GOOD, "time": -1}).encode(), id="a time before all"),
        pytest.param(json.dumps({**GOOD, "time": 1.5}).encode(), id="a time that is no whole number"),
        pytest.param(json.dumps({**GOOD, "attributes": {"a": 2**63}}).encode(), id="an attribute of 65 bits"),
        pytest.param(
            json.dumps({**GOOD, "attributes": {"a": float("inf")}}).encode(), id="an attribute without an end"
        ),
        pytest.param(json.dumps({**GOOD, "duration": float("nan")}).encode(), id="a duration that is no number"),
        pytest.param(json.dumps({**GOOD, "duration": float("inf")}).encode(), id="a duration without an end"),
        pytest.param(json.dumps({**GOOD, "duration": 10**400}).encode(), id="a duration of 400 digits"),
    ],
)
def test_a_line_that_is_no_row_costs_that_line_only(
    tmp_path: Path, stats: Stats, telemetry: Telemetry, line: bytes
) -> None:
    directory = tmp_path / "spool"
    directory.mkdir()
    (directory / f"1{SUFFIX}").write_bytes(encoded(row(1)) + line + b"\n" + encoded(row(2)))
    destination = Destination()
    made = DirectDelivery(destination, Spool(directory, ROOM), stats, telemetry.guard)
    made.tick()
    hand_over(made, [row(3)])
    assert destination.rows == [row(1), row(2), row(3)]
    assert dropped(telemetry) == {"torn": 1}
    assert not directory.exists()


# -- files that are no segments


def fifo(path: Path) -> None:
    os.mkfifo(path)


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        before = Path.cwd()
        os.chdir(path.parent)  # the name of a socket may have some 100 bytes
        try:
            server.bind(path.name)
        finally:
            os.chdir(before)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")  # which never ends


@pytest.mark.parametrize("make", [fifo, listening, device, Path.mkdir, lambda path: path.symlink_to(path)])
def test_what_is_no_file_is_no_segment_and_is_waited_for_by_nobody(
    tmp_path: Path, stats: Stats, telemetry: Telemetry, make: Callable[[Path], None]
) -> None:
    path = tmp_path / f"0{SUFFIX}"
    make(path)
    spool = Spool(tmp_path, ROOM)
    spool.append([row(1)])
    spool.close()
    asked = threading.Thread(target=spool.waiting, daemon=True)  # as /status asks
    asked.start()
    asked.join(20)
    assert not asked.is_alive()
    assert spool.waiting() == 1
    destination = Destination()
    made = DirectDelivery(destination, Spool(tmp_path, ROOM), stats, telemetry.guard)
    made.tick()
    hand_over(made, [row(2)])
    assert destination.rows == [row(1), row(2)]
    assert list(tmp_path.iterdir()) == [path]
    assert (dropped(telemetry), telemetry.guard.faults) == ({}, {})


def test_what_has_taken_a_segments_name_since_it_was_listed_is_waited_for_by_nobody(tmp_path: Path) -> None:
    from argus_otel.history.record.spool import _opened

    os.mkfifo(tmp_path / "fifo")
    for access in (os.O_RDONLY, os.O_RDWR):
        assert _opened(tmp_path / "fifo", access) is None


def test_of_a_link_to_a_file_only_the_link_is_removed(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_bytes(encoded(row(1)))
    spool = Spool(tmp_path / "spool", ROOM)
    spool.append([row(2)])
    spool.close()
    (spool.directory / f"0{SUFFIX}").symlink_to(target)
    assert read(spool) == [1, 2]
    assert target.read_bytes() == encoded(row(1))
    assert spool.empty


@pytest.fixture
def own_directory() -> Iterator[Path]:
    """A directory of a user who is held to the modes of files, as root is not."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    directory = Path(tempfile.mkdtemp(dir="/tmp"))  # as those above pytest's are root's alone
    yield directory
    for path in (directory, *directory.rglob("*")):
        path.chmod(0o700)
    shutil.rmtree(directory)
    if root:
        os.seteuid(0)


def test_a_segment_that_cannot_be_removed_is_told_of_and_holds_up_nothing(
    own_directory: Path, stats: Stats, telemetry: Telemetry
) -> None:
    spool = Spool(own_directory, ROOM)
    spool.append([row(1)])
    spool.close()
    (segment,) = own_directory.iterdir()
    own_directory.chmod(0o500)
    destination = Destination()
    made = DirectDelivery(destination, spool, stats, telemetry.guard)
    made.tick()
    hand_over(made, [row(2)])
    assert destination.rows == [row(1), row(2)]
    assert f"{segment} (ARGUS_HISTORY_SPOOL) is delivered, but cannot be removed" in stats.last_error
    assert telemetry.health.parts()[SPOOL].state is State.FAILED
    assert telemetry.guard.faults == {}


def test_a_segment_that_cannot_be_read_holds_up_no_other(own_directory: Path) -> None:
    spool = Spool(own_directory, ROOM)
    for number in range(3):
        spool.append([row(number)])
        spool.close()
    first, *_ = sorted(own_directory.iterdir())
    first.chmod(0)
    found: list[int] = []
    with pytest.raises(SpoolError, match=rf"{first} \(ARGUS_HISTORY_SPOOL\) cannot be read: .*Permission denied"):
        found.extend(segment.rows[0].time - 1_700_000_000_000_000 for segment in _removed(spool))
    assert found == [1, 2]


# -- modes


def test_a_spool_and_the_directories_above_it_are_for_this_user_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        spool = Spool(tmp_path / "a" / "b" / "spool", ROOM)
        spool.append([row(1)])
    finally:
        os.umask(before)
    made = (tmp_path / "a", tmp_path / "a" / "b", spool.directory)
    assert [path.stat().st_mode & 0o777 for path in made] == [0o700] * 3
    assert [path.stat().st_mode & 0o777 for path in spool.directory.iterdir()] == [0o600]


def test_a_directory_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir(mode=0o750)
    (tmp_path / "spool").chmod(0o750)
    Spool(tmp_path / "spool", ROOM).append([row(1)])
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o750
