"""Events for an embedded store: the process that takes them in, and what the bot makes of how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from argus_otel.history.record import embedded_delivery, ingest
from argus_otel.history.record.embedded_delivery import EmbeddedDelivery
from argus_otel.history.record.ingest import IngestResult
from argus_otel.history.record.spool import Spool, SpoolError
from argus_otel.history.record.stats import Stats
from argus_otel.history.store.address import parse
from argus_otel.telemetry import State, Telemetry

from .conftest import dropped, hand_over, row

pytestmark = pytest.mark.skipif(
    find_spec("chdb") is None, reason="needs ClickHouse's engine: pip install chdb-core-lite"
)

ROOM = 1 << 30


def filled(tmp_path: Path, number: int = 3) -> Path:
    spool = Spool(tmp_path / "spool", ROOM)
    spool.append([row(each, attributes={"discord.guild.id": "1"}) for each in range(number)])
    spool.close()
    return spool.directory


def ran(tmp_path: Path, store: str) -> tuple[int, IngestResult]:
    command = [
        sys.executable,
        "-m",
        "argus_otel.history.record.ingest",
        "--store",
        store,
        "--spool",
        str(tmp_path / "spool"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, IngestResult(**json.loads(done.stdout))


def turned(made: EmbeddedDelivery, condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        made.tick()
        time.sleep(0.02)


def test_what_waits_is_taken_in_and_what_is_torn_is_told_of(tmp_path: Path) -> None:
    store = f"chdb:{tmp_path / 'store'}"
    assert ran(tmp_path, store) == (0, IngestResult())
    assert not (tmp_path / "store").exists()  # no engine for nothing
    (path,) = filled(tmp_path).iterdir()
    path.write_bytes(path.read_bytes()[:-3])
    assert ran(tmp_path, store) == (0, IngestResult(2, {"torn": 1}))
    assert not (tmp_path / "spool").exists()
    filled(tmp_path)
    assert ran(tmp_path, store) == (0, IngestResult(3))  # two of them again, which the store knows


# In a process of its own: the engine has one directory in a process, and other tests have theirs here.
EXPORTS = """
import ast, sys
from argus_otel.history.store.address import parse
from argus_otel.history.models import installed_schema
from argus_otel.history.record.delivery import RowsRejected
from argus_otel.history.record.exporters.store import StoreExporter
from argus_otel.history.row import Row
facts = {"time": 0, "event": "shop.purchase", "event_id": "00000000-0000-4000-8000-000000000001", "service": "jukebox"}
exporter = StoreExporter(parse(sys.argv[1]), installed_schema())
try:
    exporter.export([Row(**{**facts, **ast.literal_eval(sys.argv[2])})])
except RowsRejected:
    exporter.export([Row(**facts)])
    print("rejected, and then exported", exporter.exported)
exporter.close()
"""


@pytest.mark.parametrize(
    "value", [{"time": 10**30}, {"duration": 10**400}, {"attributes": {"a": "\ud800"}}, {"event_id": "none"}]
)
def test_a_row_that_no_column_can_hold_is_refused_for_good(tmp_path: Path, value: dict[str, Any]) -> None:
    """And not waited with, as for a store that is away: all that came after it would wait too."""
    command = [sys.executable, "-c", EXPORTS, f"chdb:{tmp_path / 'store'}", repr(value)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "rejected, and then exported 1\n", done.stderr


READER = """
import os, sys
from pathlib import Path
from typing import Any
os.setuid(65534)
print([str(path) for path in Path(sys.argv[1]).glob("*")], os.access(sys.argv[1], os.X_OK | os.R_OK))
"""


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX'")
def test_a_store_and_the_directories_above_it_are_for_this_user_alone(tmp_path: Path) -> None:
    filled(tmp_path)
    before = os.umask(0o022)
    try:
        assert ran(tmp_path, f"chdb:{tmp_path / 'mine' / 'store'}") == (0, IngestResult(3))
    finally:
        os.umask(before)
    made = (tmp_path / "mine", tmp_path / "mine" / "store")
    assert [path.stat().st_mode & 0o777 for path in made] == [0o700] * 2
    assert any(made[1].iterdir())
    if os.getuid() == 0:  # who may become somebody else
        for path in (tmp_path, *tmp_path.parents):
            if path.owner() == "root" and path.name.startswith(("pytest", "popen", "test_")):
                path.chmod(0o755)
        asked = subprocess.run([sys.executable, "-c", READER, str(made[0])], capture_output=True, text=True, check=True)
        assert asked.stdout == "[] False\n"


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX'")
def test_a_store_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    filled(tmp_path)
    (tmp_path / "store").mkdir()
    (tmp_path / "store").chmod(0o750)
    assert ran(tmp_path, f"chdb:{tmp_path / 'store'}") == (0, IngestResult(3))
    assert (tmp_path / "store").stat().st_mode & 0o777 == 0o750


def test_what_goes_wrong_is_told_and_leaves_everything_where_it_is(tmp_path: Path) -> None:
    directory = filled(tmp_path)
    (tmp_path / "file").touch()
    code, taken = ran(tmp_path, f"chdb:{tmp_path / 'file'}")
    assert (code, taken.rows) == (1, 0)
    assert "cannot be opened" in taken.problem
    code, taken = ran(tmp_path, "mysql://host")
    assert code == 1
    assert "--store is not the address of a store: it begins with mysql:" in taken.problem
    assert Spool(directory, ROOM).waiting() == 3
    with pytest.raises(SpoolError):
        ingest.ingest(parse("chdb:x"), tmp_path / "file" / "spool")


def test_the_bot_learns_how_an_intake_ended_and_tries_again(
    tmp_path: Path, telemetry: Telemetry, stats: Stats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("argus_otel.history.record.backoff.FIRST_DELAY", 0.05)
    store = tmp_path / "store"
    store.touch()  # where a directory has to be
    made = EmbeddedDelivery(parse(f"chdb:{store}"), Spool(tmp_path / "spool", ROOM), stats, interval=0.05)
    hand_over(made, [row(1), row(2)])
    assert made.pending() == 0
    turned(made, lambda: stats.last_error)
    assert "cannot be opened" in stats.last_error
    assert telemetry.health.parts()["exporter:history test"].state is State.FAILED
    store.unlink()
    turned(made, lambda: not (tmp_path / "spool").exists())
    turned(made, lambda: telemetry.health.parts()["exporter:history test"].state is State.OK)
    assert dropped(telemetry) == {}


def test_what_a_bot_has_recorded_may_be_taken_in_at_any_time(tmp_path: Path, stats: Stats) -> None:
    store = f"chdb:{tmp_path / 'store'}"
    made = EmbeddedDelivery(parse(store), Spool(tmp_path / "spool", ROOM), stats)
    made.tick()  # its own next intake is half a minute away
    for number in range(2):
        hand_over(made, [row(number)])
    assert ran(tmp_path, store) == (0, IngestResult(2))
    hand_over(made, [row(2)])
    assert ran(tmp_path, store) == (0, IngestResult(1))


def test_segments_are_few_while_intakes_fail(tmp_path: Path, stats: Stats) -> None:
    store = tmp_path / "store"
    store.touch()  # where a directory has to be
    made = EmbeddedDelivery(parse(f"chdb:{store}"), Spool(tmp_path / "spool", ROOM), stats)
    hand_over(made, [row(0)])
    turned(made, lambda: stats.last_error)
    for number in range(1, 9):
        hand_over(made, [row(number)])
    assert len(list((tmp_path / "spool").iterdir())) == 2
    assert Spool(tmp_path / "spool", ROOM).waiting() == 9


def test_an_end_waits_no_longer_than_it_may(tmp_path: Path, stats: Stats, monkeypatch: pytest.MonkeyPatch) -> None:
    made = EmbeddedDelivery(parse(f"chdb:{tmp_path / 'store'}"), Spool(tmp_path / "spool", ROOM), stats)
    hand_over(made, [row(1)])
    began = time.monotonic()
    made.finish(began + 0.05)
    assert time.monotonic() - began < 0.5
    started = made._ingest
    assert started is not None
    assert started.wait(30) == 0  # it ends by itself, after the bot
    assert not (tmp_path / "spool").exists()


def test_what_takes_in_is_no_bot_and_is_not_instrumented() -> None:
    loader = str(Path("site", embedded_delivery._SITECUSTOMIZE))
    made = embedded_delivery._environment(
        {
            "PYTHONPATH": os.pathsep.join((loader, "mine")),
            "ARGUS_HISTORY": "true",
            "OTEL_SERVICE_NAME": "x",
            "HOME": "h",
        }
    )
    assert made == {"PYTHONPATH": "mine", "HOME": "h", "OTEL_SDK_DISABLED": "true"}


def test_queries_have_the_spooled_events(tmp_path: Path) -> None:
    filled(tmp_path)
    store = f"chdb:{tmp_path / 'store'}"

    def asked(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        settings = {"ARGUS_HISTORY_STORE": store, "ARGUS_HISTORY_SPOOL": str(tmp_path / "spool"), **variables}
        command = [sys.executable, "-m", "argus_otel", "discord", "volume", "--format", "json", *words]
        environment = {**os.environ, **settings}
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)

    # By way of a Collector the events go elsewhere, and a store that is named is asked for what it has itself.
    elsewhere = {"ARGUS_HISTORY": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    for told in (asked(**elsewhere), asked("--store", store)):
        assert (tmp_path / "spool").exists(), told
    told = asked()
    assert sum(each["uses"] for each in json.loads(told.stdout)) == 3, told.stderr
    assert not (tmp_path / "spool").exists()
    (tmp_path / "spool").write_text("no directory")
    assert asked().returncode == 0
