"""Daily files where an engine is: every query on a copy, and importing them, each event once."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from argus_otel.cli import main
from argus_otel.history.files.listing import listed
from argus_otel.history.files.transfer import import_files
from argus_otel.history.files.writer import DayFileWriter
from argus_otel.history.row import Row
from argus_otel.history.store import migrations
from argus_otel.history.store.client import Store, connect
from argus_otel.history.store.errors import StoreError
from argus_otel.sources.discord.cli import COMMANDS
from benchmarks.control_groups import joining, limited
from benchmarks.history import year
from lab.clickhouse import ClickHouse

from .dataset import ROWS, SCHEMA

ROOT = Path(__file__).parents[2]
KEPT = {"discord_events": None, "unclaimed": None}  # the known history has a fixed year, and so is ever longer ago
OWN = {"adoption": ("song", "--replaces", "play"), "guild": ("4",), "quiet": ("--for", "5d")}
UNTIL = ("--until", "2026-02-09", "--service", "bot")

# In a process of its own: the engine has one directory in a process, and other tests have theirs here.
ASKING = """
import contextlib, io, json, sys
from argus_otel.cli import main
results = []
for words in json.loads(sys.stdin.read()):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = main([*words, "--store", sys.argv[1]])
    results.append([code, out.getvalue()])
print(json.dumps(results))
"""


def write(directory: Path, rows: Sequence[Row], step: int = 10) -> DayFileWriter:
    made = DayFileWriter(directory, 1 << 28, 90, lambda _rows, _reason: None)
    for start in range(0, len(rows), step):
        made.append(rows[start : start + step])
    return made


# Root may write anywhere, unless it gives its capabilities up.
READING_ONLY = """
import ctypes, struct
capabilities_version_3 = 0x20080522
assert ctypes.CDLL(None).capset(struct.pack("Ii", capabilities_version_3, 0), bytes(24)) == 0
"""


def asked(
    directory: Path, *commands: Sequence[str], before: str = "", group: Path | None = None
) -> list[tuple[int, str]]:
    command = joining(group, [sys.executable, "-c", before + ASKING, f"files:{directory}"])
    done = subprocess.run(command, input=json.dumps(commands), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return [(code, out) for code, out in json.loads(done.stdout)]


@pytest.mark.timeout(300)
def test_every_query_on_a_copy(tmp_path: Path, server: ClickHouse, capsys: pytest.CaptureFixture[str]) -> None:
    """They answer as a server does, and the files stay as they were."""
    address = server.dsn("beside_files")
    main(["store", "migrate", "--store", address])
    with connect(address) as store:
        store.insert(ROWS)
    write(tmp_path / "files", ROWS)  # and is still writing
    shutil.copytree(tmp_path / "files", tmp_path / "copy")
    before = {file.path.name: file.size for file in listed(tmp_path / "copy")}
    commands = [("discord", name, *OWN.get(name, ()), *UNTIL, "--format", "json") for name in COMMANDS]
    assert len(commands) == 11
    results = asked(tmp_path / "copy", *commands)
    for words, (code, out) in zip(commands, results, strict=True):
        capsys.readouterr()
        assert main([*words, "--store", address]) == code == 0, words
        expected = capsys.readouterr().out
        assert json.loads(out, parse_float=round_) == json.loads(expected, parse_float=round_), words
        assert len(out) > 10
    assert {file.path.name: file.size for file in listed(tmp_path / "copy")} == before


@pytest.mark.timeout(300)
@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, for its control groups")
def test_every_query_on_a_read_only_copy_in_512_mb(tmp_path: Path) -> None:
    rows = list(year(2000))
    write(tmp_path / "files", rows, 100)
    copy = shutil.copytree(tmp_path / "files", tmp_path / "copy")
    copy.chmod(0o500)
    own = {**OWN, "adoption": ("command-7", "--replaces", "command-3")}
    commands = [("discord", name, *own.get(name, ()), "--until", "2026-01-01", "--format", "json") for name in COMMANDS]
    before = sorted(path.name for path in copy.iterdir())
    with limited(512) as group:
        if group is None:
            pytest.skip("needs control groups, version 1, which this user may make: run it as root where they are")
        results = asked(copy, *commands, before=READING_ONLY, group=group)
    for words, (code, out) in zip(commands, results, strict=True):
        assert code == 0, words
        assert json.loads(out), words
    uses = sum(each["uses"] for each in json.loads(results[list(COMMANDS).index("volume")][1]))
    assert uses == sum(row.event in ("discord.command", "discord.component") for row in rows)
    assert sorted(path.name for path in copy.iterdir()) == before


def round_(text: str) -> float:
    """Durations are sums of floats, whose order is not fixed."""
    return round(float(text), 9)


FOLLOWING = """
import sys
from argus_otel.cli import main
from argus_otel.sources.discord.history import History
from tests.history.test_files import listed, write, year, Path

directory = Path(sys.argv[1])
rows = [row for row in year(600) if row.event == "discord.command"]

def uses():
    with History.open(f"files:{directory}") as history:
        return sum(each.uses for each in history.volume("month"))

made = write(directory, rows[:200])
assert uses() == 200
made.append(rows[200:300])
assert uses() == 300
state = (directory / ".queries" / "state.json").read_text()
assert uses() == 300
assert (directory / ".queries" / "state.json").read_text() == state  # nothing was loaded again
made.close()
write(directory, rows[300:310])
assert uses() == 310
guild = str(rows[0].attributes["discord.guild.id"])
assert main(["store", "forget", "--guild", guild, "--yes", "--store", f"files:{directory}"]) == 0
assert not (directory / ".queries").exists()
left = [row for row in rows[:310] if row.attributes["discord.guild.id"] != guild]
assert uses() == len(left) < 310
listed(directory)[-1].path.unlink()  # as the limits do
assert 0 < uses() < len(left)
assert {path.stat().st_mode & 0o077 for path in directory.iterdir()} == {0}
"""


SHARING = """
import sys, threading
from argus_otel.history.files import queryable
from argus_otel.history.store.errors import InUseError
from argus_otel.sources.discord.history import History
from tests.history.test_files import listed, write, year, Path

directory = Path(sys.argv[1])
address = f"files:{directory}"
rows = [row for row in year(600) if row.event == "discord.command"]
write(directory, rows[:200])

def uses(history):
    return sum(each.uses for each in history.volume("month"))

queryable.BUSY_TIMEOUT = float("inf")  # for which other processes are waited for: this one is refused at once

def refused(run, expected):
    try:
        run()
    except InUseError as error:
        assert expected in str(error), error
    else:
        raise AssertionError("not refused")

with History.open(address) as first:
    assert uses(first) == 200
    write(directory, rows[200:300])
    with History.open(address) as second:
        assert uses(second) == uses(first) == 300
    assert uses(first) == 300
    found = []
    def ask():
        with History.open(address) as history:
            found.append(uses(history))
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [300] * 4
    listed(directory)[0].path.unlink()
    refused(lambda: History.open(address), "files that it has are gone: close it first")
    refused(lambda: queryable.remove_cache(directory), "is being queried by this process")
with History.open(address) as history:
    assert uses(history) == 100
queryable.remove_cache(directory)
assert not (directory / ".queries").exists()
"""


@pytest.mark.timeout(300)
def test_one_process_may_open_files_several_times(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SHARING, str(tmp_path / "files")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr


@pytest.mark.timeout(300)
def test_queries_follow_what_is_written_removed_and_erased(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FOLLOWING, str(tmp_path / "files")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_a_copy_that_cannot_be_written_is_queried(tmp_path: Path) -> None:
    rows = [row for row in year(200) if row.event == "discord.command"]
    directory = tmp_path / "files"
    write(directory, rows)
    (directory / ".queries").touch()  # which root cannot make a directory of either
    [(code, out)] = asked(directory, ("discord", "volume", "--by", "month", "--format", "json"))
    assert code == 0
    assert sum(each["uses"] for each in json.loads(out)) == len(rows)
    assert (directory / ".queries").is_file()


# -- import


@pytest.fixture
def files(tmp_path: Path) -> Path:
    write(tmp_path / "files", ROWS).close()
    return tmp_path / "files"


def counted(store: Store) -> list[int]:
    [row] = store.query(
        "select count(), uniqExact(event_id), (select sum(count) from discord_hourly),"
        " (select sum(count) from discord_daily) from discord_events"
    )
    return list(row)


def test_importing_twice_counts_once(store: Store, files: Path) -> None:
    migrations.migrate(store, SCHEMA, keep=KEPT)
    first = import_files(store, SCHEMA, files)
    stored = counted(store)
    assert (first.rows, first.new, first.damaged) == (len(ROWS), len(ROWS), {})
    again = import_files(store, SCHEMA, files)
    assert (again.rows, again.new) == (len(ROWS), 0)
    assert counted(store) == stored
    assert stored[0] == stored[1] == stored[2] == stored[3]


def test_what_the_engine_parses_is_what_a_bot_sends(store: Store, tmp_path: Path) -> None:
    """The engine reads the lines; rows that a bot delivers itself come by another way."""
    attributes = {"yes": True, "no": False, "n": 7, "big": 2**62, "f": 0.5, "small": 1e-07, "é": 'a"\\\n😀', "": ""}
    migrations.migrate(store, SCHEMA, keep=KEPT)
    rows = [
        Row(1_770_000_000_000_001, "song.played", "9f0c7c52-0000-4000-8000-000000000001", "bot", attributes=attributes),
        Row(1_770_000_000_000_002, "x.y", f"{5:032x}", "bot", {"service.version": "1"}, 0.1 + 0.2),
        Row(1_000_000, "x.z", f"{6:032x}", "bot"),  # by a clock that was never set
    ]
    write(tmp_path / "files", rows)
    select = "select * from history_unclaimed order by event_id"
    store.insert(rows)
    sent = store.query(select)
    store.command("truncate table history_unclaimed")
    import_files(store, SCHEMA, tmp_path / "files")
    assert store.query(select) == sent
    assert len(sent) == 3


def test_damaged_lines_are_left_out_and_counted(store: Store, files: Path) -> None:
    import gzip

    (file,) = listed(files)
    lines = gzip.decompress(file.path.read_bytes()).splitlines(keepends=True)
    lines[3:3] = [b'{"time":1,"event":"x"}\n', b"\xff\n", b'{"tame":1}\n']
    file.path.write_bytes(gzip.compress(b"".join(lines)) + b"garbage")
    migrations.migrate(store, SCHEMA, keep=KEPT)
    done = import_files(store, SCHEMA, files)
    assert (done.rows, done.new) == (len(ROWS), len(ROWS))
    assert done.damaged == {file.path.name: 4}


def test_events_that_the_store_may_have_deleted_are_left_out(store: Store, tmp_path: Path) -> None:
    """Their own time decides, and not the day on which they were written."""
    now = time.time_ns() // 1000
    days = {100: 5, 399: 7, 401: 3, 900: 2}
    ages = [age for age, number in days.items() for _ in range(number)]
    rows = [dataclasses.replace(row, time=now - age * 86400 * 10**6) for age, row in zip(ages, year(17), strict=True)]
    write(tmp_path / "files", rows)
    for new in (12, 0):
        done = import_files(store, SCHEMA, tmp_path / "files")
        assert (done.rows, done.new, done.too_old) == (12, new, 5)
        store.command("optimize table discord_events final")  # deletes what has expired
        assert counted(store) == [12, 12, 12, 12]
    migrations.migrate(store, SCHEMA, keep=KEPT)
    assert import_files(store, SCHEMA, tmp_path / "files").new == 5
    assert counted(store) == [17, 17, 17, 17]


IMPORTING = """
import sys
from argus_otel.history.files.transfer import import_files
from argus_otel.history.models import installed_schema
from argus_otel.history.store.client import connect
from tests.history.test_files import Path, counted
with connect(f"chdb:{sys.argv[2]}") as store:
    for _ in range(2):
        print(import_files(store, installed_schema(), Path(sys.argv[1])).rows, *counted(store), flush=True)
"""


@pytest.mark.timeout(300)
def test_an_import_that_was_killed_is_repeated(tmp_path: Path) -> None:
    late = time.time_ns() // 1000 - 10**9
    rows = [dataclasses.replace(row, time=late + number) for number, row in enumerate(year(20_000))]
    write(tmp_path / "files", rows, 1000).close()
    command = [sys.executable, "-m", "argus_otel", "store", "import", str(tmp_path / "files")]
    command += ["--store", f"chdb:{tmp_path / 'store'}"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=quiet, stderr=quiet, start_new_session=True)
    deadline = time.monotonic() + 60
    while not any(tmp_path.glob("store/data/argus/*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)  # somewhere in the migrations or the rows
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    again = [sys.executable, "-c", IMPORTING, str(tmp_path / "files"), str(tmp_path / "store")]
    done = subprocess.run(again, capture_output=True, text=True, timeout=200, check=False, cwd=ROOT)
    assert done.stdout == "20000 20000 20000 20000 20000\n" * 2, done.stderr


def test_commands_on_files(tmp_path: Path, files: Path, server: ClickHouse, capsys: pytest.CaptureFixture[str]) -> None:
    address = server.dsn("imported_by_command")
    kept = "discord_events=forever,unclaimed=forever"
    assert main(["store", "migrate", "--store", address, "--keep", kept]) == 0
    capsys.readouterr()
    assert main(["store", "import", str(files), "--store", address]) == 0
    told = capsys.readouterr().out
    assert f"read {len(ROWS)} events from 1 files" in told
    assert f"{len(ROWS):>14,} new\n{0:>16,} there already\n" in told
    assert main(["store", "status", "--store", f"files:{files}"]) == 0
    assert f" {len(ROWS)} " in capsys.readouterr().out.splitlines()[-1]
    assert main(["store", "migrate", "--store", f"files:{files}"]) == 1
    assert "has files, and no tables" in capsys.readouterr().err
    assert main(["store", "status", "--store", f"files:{tmp_path / 'none'}"]) == 1
    assert main(["store", "import", str(tmp_path / "none"), "--store", address]) == 1
    assert "is not a directory" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    with connect(address) as store, pytest.raises(StoreError, match="no daily files"):
        import_files(store, SCHEMA, tmp_path / "empty")
