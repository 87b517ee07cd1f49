"""What becomes of each step that a run logs when its process, its disk or its destination fails: the table of losses.

Each case trains in real processes, which tell every step that they have logged. Then the next process of the program
delivers what the first has left behind, and the steps in the store are counted. ``python -m
tests.training_source.losses`` prints the table.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from lab.clickhouse import ClickHouse

LOOP = Path(__file__).with_name("loop.py")
TIMEOUT = 60.0
MEMORY = 1.0
"""How long a step is in memory alone, in seconds."""


@dataclass(frozen=True)
class Case:
    """One way to fail.

    Attributes
    ----------
    steps, pause, ways:
        The arguments of the loop.
    signal:
        What ends it, after some two seconds.
    away:
        Whether nobody answers at the store's address until it has ended.
    """

    name: str
    steps: int = 100_000
    pause: float = 0.005
    ways: str = "usual"
    signal: signal.Signals | None = None
    away: bool = False


CASES = (
    Case("ends by itself", 400),
    Case("SIGTERM", signal=signal.SIGTERM),
    Case("SIGKILL", signal=signal.SIGKILL),
    Case("destination away", 400, away=True),
    Case("destination away, SIGTERM", signal=signal.SIGTERM, away=True),
    Case("destination away, SIGKILL", signal=signal.SIGKILL, away=True),
    Case("destination away, 12 000 steps at once", 12_000, 0.0, away=True),
    Case("destination away, 12 000 rows", 12_000, 0.0003, "names", away=True),
)


@dataclass(frozen=True)
class Outcome:
    """What became of the steps.

    Attributes
    ----------
    logged, stored:
        How many have been logged, and how many are in the store.
    younger:
        How many that are not in the store were in memory for less than a second when the process was killed.
    missing:
        How many that are not in the store are not that young.
    strange:
        How many in the store were not logged.
    killed:
        Whether the process was killed.
    """

    case: Case
    logged: int
    stored: int
    younger: int
    missing: int
    strange: int
    killed: bool


def run_case(case: Case, directory: Path) -> Outcome:
    """Train in a new directory, and count."""
    directory.mkdir(parents=True)
    server = ClickHouse(directory / "data")
    server.start()
    try:
        migrate(server)
        if case.away:
            server.stop()
        logged, run, killed_at = _train(case, server, directory)
        if case.away:
            server.start()
        _deliver(server, directory)
        stored = _stored(server, run)
    finally:
        server.kill()
    lost = [at for step, at in logged.items() if step not in stored]
    younger = sum(at > killed_at - MEMORY for at in lost) if killed_at else 0
    missing = len(lost) - younger
    return Outcome(case, len(logged), len(stored), younger, missing, len(stored - set(logged)), killed_at > 0)


def migrate(server: ClickHouse) -> None:
    """Make the tables."""
    command = [sys.executable, "-m", "argus_otel", "store", "migrate", "--store", server.dsn()]
    subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT)


def _environment(server: ClickHouse, directory: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARGUS_", "OTEL_"))}
    return {
        **kept,
        "OTEL_SERVICE_NAME": "losses",
        "OTEL_SDK_DISABLED": "",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_TRACES_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
        "ARGUS_CONTROL": str(directory / "control"),
        "ARGUS_ENDPOINT": "false",
        "ARGUS_HISTORY": "store",
        "ARGUS_HISTORY_STORE": server.dsn(),
        "ARGUS_HISTORY_SPOOL": str(directory / "spool"),
        **more,
    }


def _train(case: Case, server: ClickHouse, directory: Path) -> tuple[dict[int, float], str, float]:
    """Return when each step was logged, the run, and when its process was killed: 0 if it was not."""
    run_id = str(uuid4())
    output = directory / "logged"
    command = [sys.executable, "-m", "argus_otel", "run", str(LOOP), str(case.steps), str(case.pause), case.ways]
    environment = _environment(server, directory, ARGUS_TRAINING_RUN=run_id)
    with output.open("wb") as ledger:
        process = subprocess.Popen(command, env=environment, stdout=ledger, stderr=subprocess.DEVNULL, cwd=directory)
        killed_at = 0.0
        try:
            if case.signal is not None:
                _until(lambda: output.read_bytes().count(b"\n") > 500)
                killed_at = time.time() if case.signal is signal.SIGKILL else 0.0
                process.send_signal(case.signal)
            process.wait(TIMEOUT)
        finally:
            process.kill()
            process.wait()
    lines = (line.split() for line in output.read_text().splitlines())
    return {int(step): float(at) for step, at in lines}, run_id, killed_at


def _deliver(server: ClickHouse, directory: Path) -> None:
    """Let the next process of the program deliver what is left, and end."""
    command = [sys.executable, "-m", "argus_otel", "run", str(LOOP), "300", "0.01", "usual"]
    environment = _environment(server, directory, ARGUS_SHUTDOWN_TIMEOUT="20")
    subprocess.run(command, env=environment, cwd=directory, check=True, capture_output=True, timeout=TIMEOUT)


def _stored(server: ClickHouse, run: str) -> set[int]:
    rows = server.rows("select distinct step from training_points where run_id = {run:String}", "argus", run=run)
    return {int(step) for [step] in rows}


def _until(look: Callable[[], bool]) -> None:
    end = time.monotonic() + TIMEOUT
    while not look():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.05)


def table(outcomes: Iterator[Outcome]) -> Iterator[str]:
    """Return the lines of the table."""
    yield "| | steps logged | stored | in memory for less than a second | missing |"
    yield "|---|---|---|---|---|"
    for each in outcomes:
        yield (f"| {each.case.name} | {each.logged} | {each.stored} | {each.younger} | {each.missing} |")
