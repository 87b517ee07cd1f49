"""100 checks inside the example bot while users use it: how late its event loop is, and the processor time."""

from __future__ import annotations

import random
import time
import urllib.request
from collections.abc import Sequence

from benchmarks.cores import on, processor
from benchmarks.progress import Progress
from benchmarks.results import compared
from discord_simulator import BackgroundSimulator
from tests.pipeline.bots import Bot, used

from .agents import name_of
from .figures import Figures
from .machine import Machine

PART = "bot"
BARE = "no checks"
CONTROL = "no checks again (A/A)"
CHECKS = "100 checks"

COUNT = 100
INTERVAL = 30
"""Of each check, in seconds, as by default."""

RATE = 20.0
"""Acts of users each second."""

SECONDS = 30.0
_LAG = "asyncio_loop_lag_seconds"


def measure(machine: Machine, rounds: int, progress: Progress) -> list[Figures]:
    """Run the bot three times in each round, in random order, and return the table; none without a finished round."""
    samples: dict[str, dict[str, list[float]]] = {
        what: {name: [] for name in (BARE, CONTROL, CHECKS)} for what in ("lag", "core")
    }
    shuffle = random.Random(1)
    probes = 0
    for _ in progress.counting("bot")(rounds):
        for name in shuffle.sample([BARE, CONTROL, CHECKS], 3):
            machine.service.ledger()
            lag, core = _run(machine, checks=name == CHECKS)
            samples["lag"][name].append(lag)
            samples["core"][name].append(core)
            seen = len(machine.service.ledger())
            probes += seen
            if bool(seen) != (name == CHECKS):
                raise RuntimeError(f"a bot with {name} has probed {seen} times")
    return [_table(samples, probes)] if samples["lag"][BARE] else []


def _run(machine: Machine, *, checks: bool) -> tuple[float, float]:
    """Run one bot; return the mean lag of its loop in milliseconds, and its processor time as percent of a core."""
    variables: dict[str, str] = {}
    if checks:
        file = machine.directory / "bot-checks.yaml"
        lines = [f"  {name_of(each)}: {{http: '{machine.service.url('http', 'soon', each)}'}}" for each in range(COUNT)]
        file.write_text(f"defaults: {{interval: {INTERVAL}s}}\nchecks:\n" + "\n".join(lines) + "\n", encoding="utf-8")
        variables["ARGUS_CHECKS_FILE"] = str(file)
    with BackgroundSimulator(guilds=6) as simulator:
        bot = Bot(machine.directory, simulator, **variables)
        with on([machine.core]):
            bot.start()
        try:
            with used(simulator, rate=RATE):
                time.sleep(INTERVAL)  # each check is confirmed once
                before, spent = _lag(bot.port), processor(bot.pid)
                time.sleep(SECONDS)
                after, spent = _lag(bot.port), processor(bot.pid) - spent
        finally:
            bot.kill()
    total, count = (late - early for late, early in zip(after, before, strict=True))
    return 1e3 * total / count, 100 * spent / SECONDS


def _lag(port: int) -> tuple[float, float]:
    """Return the sum of all delays of the loop, in seconds, and their number."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()

    def sample(name: str) -> float:
        return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(name)), 0.0)

    return sample(f"{_LAG}_sum"), sample(f"{_LAG}_count")


def _table(samples: dict[str, dict[str, list[float]]], probes: int) -> Figures:
    lag, core = ({result.name: result for result in compared(found, BARE)} for found in samples.values())
    rows = [
        [
            name,
            f"{lag[name].each:.2f}",
            *_added(name, lag[name].added, lag[name].low, lag[name].high),
            f"{core[name].each:.2f}",
            *_added(name, core[name].added, core[name].low, core[name].high),
        ]
        for name in lag
    ]
    values = {
        name: {"lag": lag[name].added, "lag low": lag[name].low, "lag high": lag[name].high, "core": core[name].added}
        for name in lag
    }
    return Figures(
        PART,
        f"{COUNT} checks each {INTERVAL} s in the example bot ({len(samples['lag'][BARE])} rounds of {SECONDS:g} s)",
        ["", "loop's lag, ms", "added", "95 %", "% of a core", "added", "95 %"],
        rows,
        values,
        [f"{RATE:g} acts of users a second; {probes:,} probes in all; lag: the mean of four timers a second"],
    )


def _added(name: str, added: float, low: float, high: float) -> Sequence[str]:
    return ("", "") if name == BARE else (f"{added:+.2f}", f"{low:+.2f} … {high:+.2f}")
