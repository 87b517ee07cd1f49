"""What becomes of each step that a run logs when its process, its disk or its destination fails: the table of losses.

Each case trains in real processes, which write down every step that they have logged. Then the next process of the
program delivers what the first has left behind, and the steps in the store are counted. ``python -m
tests.training_source.losses`` prints the table.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from lab.clickhouse import ClickHouse

HERE = Path(__file__).parent
TIMEOUT = 60.0
MEMORY = 1.0
"""How long a step is in memory alone, in seconds."""

EVENTS = 2
"""How many other events of history a run has: its start and its end."""


@dataclass(frozen=True)
class Case:
    """One way to fail.

    Attributes
    ----------
    steps, pause, way, of_a_fork:
        The arguments of the loop.
    signal:
        What ends a process, after some two seconds: of several ranks the last one, of a program that forks its fork.
    away:
        Whether nobody is at the store's address until all processes have ended.
    hangs:
        Whether until then somebody is there who accepts connections and never answers.
    spool:
        What the spool is: ``usual``; ``none``, since its directory cannot be made; ``limited`` to 100 kB; on a ``full``
        disk, of 64 kB.
    ranks:
        How many processes train together.
    """

    name: str
    steps: int = 100_000
    pause: float = 0.005
    way: str = "usual"
    of_a_fork: int = 0
    signal: signal.Signals | None = None
    away: bool = False
    hangs: bool = False
    spool: str = "usual"
    ranks: int = 1


CASES = (
    Case("ends by itself", 400),
    Case("SIGTERM", signal=signal.SIGTERM),
    Case("SIGKILL", signal=signal.SIGKILL),
    Case("two ranks", 400, ranks=2),
    Case("two ranks, SIGKILL of one", 600, signal=signal.SIGKILL, ranks=2),
    Case("two forks, workers of multiprocessing", 400, way="works", of_a_fork=300),
    Case("a fork, SIGTERM of it", 400, way="forks", of_a_fork=100_000, signal=signal.SIGTERM),
    Case("a fork, SIGKILL of it", 400, way="forks", of_a_fork=100_000, signal=signal.SIGKILL),
    Case("destination hangs", 400, hangs=True),
    Case("destination away", 400, away=True),
    Case("destination away, SIGTERM", signal=signal.SIGTERM, away=True),
    Case("destination away, SIGKILL", signal=signal.SIGKILL, away=True),
    Case("destination away, 12 000 steps at once", 12_000, 0.0, away=True),
    Case("destination away, 12 000 rows", 12_000, 0.0003, "names", away=True),
    Case("destination away, no spool", 400, away=True, spool="none"),
    Case("destination away, no spool, 12 000 rows", 12_000, 0.0003, "names", away=True, spool="none"),
    Case("destination away, spool at its limit", 2_000, 0.0003, "names", away=True, spool="limited"),
    Case("destination away, disk full", 2_000, 0.0003, "names", away=True, spool="full"),
)


@dataclass(frozen=True)
class Outcome:
    """What became of the steps.

    Attributes
    ----------
    logged, stored:
        How many have been logged, and how many are in the store.
    counted:
        How many the metric ``argus.history.dropped`` counts.
    younger:
        How many that are not in the store were in memory for less than a second when the process was killed.
    missing:
        How many are none of these. Less than none if more are counted than are lost.
    strange:
        How many in the store were not logged.
    twice:
        How many values are in the store more than once, as points or in what the curves count.
    warned:
        How many events the warnings at the ends of processes say to be lost.
    lost:
        What the metric counts, by reason: the run's other events too.
    killed:
        Whether a process was killed.
    warnings:
        How many lines of argus-otel's the user has seen.
    ending:
        How long the last process has taken to end after its last step, in seconds.
    """

    case: Case
    logged: int
    stored: int
    counted: int
    younger: int
    missing: int
    strange: int
    twice: int
    warned: int
    lost: dict[str, int]
    killed: bool
    warnings: int
    ending: float


@dataclass(frozen=True)
class Step:
    """A step that was logged: by which process, in which run, and when, in seconds since 1970."""

    pid: int
    run: str
    number: int
    at: float


def run_case(case: Case, directory: Path) -> Outcome:
    """Train in a new directory, and count."""
    directory.mkdir(parents=True)
    server = ClickHouse(directory / "data")
    server.start()
    try:
        migrate(server)
        with spool_of(case.spool, directory) as spool:
            with _failing(case, server):
                logged, killed, at, errors = _train(case, server, directory, spool)
                ended = time.time()
            deliver(server, directory, spool)
        runs = {step.run for step in logged}
        stored = stored_steps(server, runs)
        rolled = curve_points(server, runs)
        events = {run: stored_events(server, run) for run in runs}
    finally:
        server.kill()
    kept = _of_processes(logged, stored)
    lost = [step for step in logged if (step.pid, step.run, step.number) not in kept]
    younger = sum(step.pid == killed and step.at > at - MEMORY for step in lost)
    reasons = _counted(directory)
    counted = sum(reasons.values())
    if counted:  # and then nothing was killed, so each run has had all its events
        counted -= sum(EVENTS - number for number in events.values())
    known = {(step.run, step.number) for step in logged}
    return Outcome(
        case=case,
        logged=len(logged),
        stored=len(logged) - len(lost),
        counted=counted,
        younger=younger,
        missing=len(lost) - younger - counted,
        strange=len({(run, number) for run, _, number in stored} - known),
        twice=sum(number - 1 for number in stored.values()) + abs(rolled - sum(stored.values())),
        warned=sum(map(int, re.findall(r"(\d+) events? of history in memory, lost", errors))),
        lost=reasons,
        killed=killed > 0,
        warnings=errors.count("argus-otel"),
        ending=ended - max(step.at for step in logged),
    )


@contextmanager
def _failing(case: Case, server: ClickHouse) -> Generator[None]:
    """Let the store fail as a case says."""
    if not case.away and not case.hangs:
        yield
        return
    server.stop()
    if case.hangs:
        with socket.create_server((server.host, server.port)):  # the kernel accepts connections, and nobody answers
            yield
    else:
        yield
    server.start()


def _of_processes(logged: list[Step], stored: Counter[tuple[str, int, int]]) -> set[tuple[int, str, int]]:
    """Return the steps in the store by process: the ranks of a run are in the order of their processes."""
    pids: dict[str, set[int]] = {}
    for step in logged:
        pids.setdefault(step.run, set()).add(step.pid)
    return {(sorted(pids[run])[rank], run, number) for run, rank, number in stored if run in pids}


def migrate(server: ClickHouse) -> None:
    """Make the tables."""
    command = [sys.executable, "-m", "argus_otel", "store", "migrate", "--store", server.dsn()]
    subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT)


@contextmanager
def spool_of(kind: str, directory: Path) -> Generator[dict[str, str]]:
    """Yield the settings of a spool; see :class:`Case`."""
    spool = directory / "spool"
    if kind == "full":
        disk = directory / "disk"
        disk.mkdir()
        mount = shutil.which("mount")
        command = [mount or "mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
        if mount is None or subprocess.run(command, capture_output=True, check=False).returncode != 0:
            pytest.skip("needs to mount a tmpfs: run as root, in a container with CAP_SYS_ADMIN")
        try:
            yield {"ARGUS_HISTORY_SPOOL": str(disk / "spool")}
        finally:
            subprocess.run(["umount", "--lazy", str(disk)], check=True)
        return
    if kind == "none":
        (directory / "file").touch()
        spool = directory / "file" / "spool"
    limit = {"ARGUS_HISTORY_SPOOL_LIMIT": "0.1"} if kind == "limited" else {}
    yield {"ARGUS_HISTORY_SPOOL": str(spool), **limit}


def environment(server: ClickHouse, directory: Path, **more: str) -> dict[str, str]:
    """Return the environment of a program whose history is in a store."""
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


def command(directory: Path, *words: object) -> list[str]:
    """Return the command of a loop, which counts what history has lost."""
    return [sys.executable, str(HERE / "counting.py"), str(directory / "lost"), str(HERE / "loop.py"), *map(str, words)]


def _train(
    case: Case, server: ClickHouse, directory: Path, spool: dict[str, str]
) -> tuple[list[Step], int, float, str]:
    """Return what was logged, which process was killed (0 for none) and when, and what standard error has."""
    run_id = str(uuid4())
    output = directory / "logged"
    processes: list[subprocess.Popen[bytes]] = []
    killed, at = 0, 0.0
    with output.open("ab") as ledger, (directory / "errors").open("ab") as errors:
        try:
            for rank in range(case.ranks):
                endless = case.signal is not None and case.ranks > 1 and rank == case.ranks - 1
                words = (100_000 if endless else case.steps, case.pause, case.way, case.of_a_fork)
                more = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(case.ranks)}
                settings = {**spool, "ARGUS_TRAINING_RUN": run_id, **(more if case.ranks > 1 else {})}
                processes.append(
                    subprocess.Popen(
                        command(directory, *words),
                        env=environment(server, directory, **settings),
                        stdout=ledger,
                        stderr=errors,
                        cwd=directory,
                    )
                )
            if case.signal is not None:
                pid = _until(lambda: _to_end(case, steps_of(output), processes))
                killed, at = (pid, time.time()) if case.signal is signal.SIGKILL else (0, 0.0)
                os.kill(pid, case.signal)
            for process in processes:
                process.wait(TIMEOUT)
        finally:
            for process in processes:
                process.kill()
                process.wait()
    return steps_of(output), killed, at, (directory / "errors").read_text()


def _to_end(case: Case, logged: list[Step], processes: list[subprocess.Popen[bytes]]) -> int:
    """Return the process that is to be ended, once it has logged 500 steps; 0 before that."""
    last = processes[-1].pid
    chosen = next((step.pid for step in logged if step.pid != last), 0) if case.of_a_fork else last
    return chosen if sum(step.pid == chosen for step in logged) > 500 else 0


def steps_of(output: Path) -> list[Step]:
    """Return what loops have written of the steps that they have logged."""
    lines = (line.split() for line in output.read_text().splitlines(keepends=True) if line.endswith("\n"))
    return [Step(int(pid), run, int(number), float(at)) for pid, run, number, at in lines]


def deliver(server: ClickHouse, directory: Path, spool: dict[str, str]) -> None:
    """Let the next process of the program deliver what is left, and end."""
    words = [sys.executable, "-m", "argus_otel", "run", str(HERE / "loop.py"), "50", "0.01", "usual", "0"]
    settings = environment(server, directory, ARGUS_SHUTDOWN_TIMEOUT="20", **spool)
    subprocess.run(words, env=settings, cwd=directory, check=True, capture_output=True, timeout=TIMEOUT)


def stored_steps(server: ClickHouse, runs: Collection[str]) -> Counter[tuple[str, int, int]]:
    """Return how many values each step of runs has in the store, by run and rank: one, if it is there once."""
    known = "from training_points final where run_id in {runs:Array(String)}"
    question = f"select run_id, rank, step, count() {known} group by all"
    rows = server.rows(question, "argus", runs=sorted(runs))
    return Counter({(run, int(rank), int(step)): int(number) for run, rank, step, number in rows})


def curve_points(server: ClickHouse, runs: Collection[str]) -> int:
    """Return how many values the curves of runs have counted, which outlive the values."""
    question = "select sum(count) from training_curves where run_id in {runs:Array(String)}"
    return int(server.rows(question, "argus", runs=sorted(runs))[0][0])


def stored_events(server: ClickHouse, run: str) -> int:
    """Return how many other events of a run are in the store."""
    question = "select count() from training_runs final where run_id = {run:String}"
    return int(server.rows(question, "argus", run=run)[0][0])


def _counted(directory: Path) -> dict[str, int]:
    """Return what the processes that have ended by themselves say that history has lost, by reason."""
    found: Counter[str] = Counter()
    file = directory / "lost"
    for line in file.read_text().splitlines() if file.exists() else ():
        for reason, number in json.loads(line)["lost"].items():
            found[reason] += int(number)
    return {reason: number for reason, number in found.items() if number}


def _until(look: Callable[[], int]) -> int:
    end = time.monotonic() + TIMEOUT
    while not (found := look()):
        assert time.monotonic() < end, "not in time"
        time.sleep(0.05)
    return found


def table(outcomes: Iterator[Outcome]) -> Iterator[str]:
    """Return the lines of the table."""
    yield "| | steps logged | stored | counted as lost | in memory for less than a second | missing |"
    yield "|---|---|---|---|---|---|"
    for each in outcomes:
        numbers = (each.logged, each.stored, each.counted, each.younger, each.missing)
        yield f"| {each.case.name} | {' | '.join(f'{number:,}'.replace(',', ' ') for number in numbers)} |"
