"""Events on disk: in order, exactly, whoever was killed, and never more than the directory may hold."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from argus_otel.history.record.codec import decoded, encoded
from argus_otel.history.record.spool import SEGMENT_SIZE, SUFFIX, Spool, SpoolError

from .conftest import row

ROOM = 1 << 30


def read(spool: Spool) -> list[int]:
    """Return the numbers of all rows that can be claimed, and remove them."""
    numbers: list[int] = []
    for segment in spool.claim():
        numbers += [row.time - 1_700_000_000_000_000 for row in segment.rows]
        segment.remove()
    return numbers


def test_a_row_comes_back_as_it_was() -> None:
    attributes = {"name": "é \n", "number": 2**63 - 1, "less": -7, "ratio": 0.5, "live": True, "empty": ""}
    full = row(1, resource={"discord.cluster.id": "c"}, duration=1.5, attributes=attributes)
    for each in (row(0), full):
        assert repr(decoded(encoded(each))) == repr(each)  # repr, since True == 1
    assert len(encoded(row(0))) < 130  # defaults are not written


def test_rows_come_back_in_order_over_segments_and_restarts(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "a" / "spool", ROOM)
    big = {"text": "x" * 1000}
    for start in range(0, 3000, 500):
        assert spool.append([row(number, attributes=big) for number in range(start, start + 500)]) == 500
    spool.close()
    assert len(list(spool.directory.glob(f"*{SUFFIX}"))) == 3
    assert spool.size() > 2 * SEGMENT_SIZE
    assert spool.waiting() == 3000
    assert read(Spool(spool.directory, ROOM)) == list(range(3000))
    assert spool.empty
    spool.remove_if_empty()
    assert not spool.directory.exists()


def test_what_is_being_written_or_delivered_is_nobody_elses(tmp_path: Path) -> None:
    first, second = Spool(tmp_path, ROOM), Spool(tmp_path, ROOM)
    first.append([row(1)])
    second.append([row(2)])
    assert read(first) == read(second) == []
    first.close()
    (claimed,) = second.claim()
    assert list(first.claim()) == []
    claimed.leave()
    assert read(second) == [1]


def test_a_full_directory_takes_no_more_and_throws_nothing_away(tmp_path: Path) -> None:
    size = len(encoded(row(10)))
    spool = Spool(tmp_path, 10 * size)
    assert spool.append([row(number) for number in range(10, 16)]) == 6
    assert spool.append([row(number) for number in range(16, 30)]) == 4
    assert spool.append([row(30)]) == 0
    spool.close()
    assert read(spool) == list(range(10, 20))
    assert spool.append([row(31)]) == 1


def test_a_torn_line_is_skipped_and_counted(tmp_path: Path) -> None:
    spool = Spool(tmp_path, ROOM)
    spool.append([row(1), row(2)])
    spool.close()
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-5])
    (segment,) = spool.claim()
    assert (segment.rows, segment.torn) == ([row(1)], 1)
    segment.leave()


@pytest.mark.parametrize(
    "facts",
    [
        [],
        {},
        {"time": "now", "event": "e", "event_id": row(1).event_id, "service": "s"},
        {"time": 1, "event": "e", "event_id": "no uuid", "service": "s"},
        {"time": 1, "event": "e", "event_id": row(1).event_id, "service": 5},
        {"time": 1, "event": "e", "event_id": row(1).event_id, "service": "s", "resource": {"a": 1}},
        {"time": True, "event": "e", "event_id": row(1).event_id, "service": "s"},
        {"time": 1, "event": "e", "event_id": row(1).event_id, "service": "s", "attributes": {"a": [1]}},
    ],
)
def test_a_line_that_is_no_row_is_none(facts: object) -> None:
    assert decoded(json.dumps(facts).encode() + b"\n") is None


def test_what_a_later_release_writes_is_read_as_far_as_it_is_known() -> None:
    line = json.dumps({**json.loads(encoded(row(1))), "mood": "fine"}).encode() + b"\n"
    assert decoded(line) == row(1)


WRITER = """
import sys
from pathlib import Path
from argus_otel.history.record.spool import Spool
from tests.history_bot.conftest import row
spool, number = Spool(Path(sys.argv[1]), 1 << 30), int(sys.argv[2])
while True:
    spool.append([row(number)])
    print(number, flush=True)
    number += 1
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is for POSIX")
def test_nothing_that_was_written_is_lost_when_two_processes_are_killed(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, tmp_path, str(start)], stdout=subprocess.PIPE, text=True, cwd=root
        )
        for start in (0, 1_000_000)
    ]
    told: list[int] = []
    for process in processes:
        assert process.stdout is not None
        told += [int(process.stdout.readline()) for _ in range(50)]
    spool = Spool(tmp_path, ROOM)
    assert list(spool.claim()) == []  # they live
    for process in processes:
        process.send_signal(signal.SIGKILL)
    for process in processes:
        assert process.stdout is not None
        told += [int(line) for line in process.stdout if line.endswith("\n")]
        process.wait()
        process.stdout.close()
    found = read(spool)
    assert set(told) <= set(found)
    assert len(found) == len(set(found)) <= len(told) + 2  # what was written, and not told of any more


def test_a_directory_that_cannot_be_used_is_said_to_be_so(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(SpoolError, match=r"ARGUS_HISTORY_SPOOL is '.*/file/spool', but .*/file is not a directory"):
        Spool(file / "spool", ROOM).check()
    with pytest.raises(SpoolError, match=r"cannot be (written|read)"):
        Spool(file / "spool", ROOM).append([row(1)])
    with pytest.raises(SpoolError, match=r"cannot be read"):
        list(Spool(file / "spool", ROOM).claim())
    Spool(tmp_path / "none" / "yet", ROOM).check()
    assert not (tmp_path / "none").exists()
