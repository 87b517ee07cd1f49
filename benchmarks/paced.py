"""``python -m benchmarks.paced``: what of a processor a whole bot uses while users come by at a steady rate.

The bot is a process of its own, connected over sockets to a simulated Discord in another, whose users use commands,
buttons and chat at random moments, the same ones in every run. Counted is all of the bot's processor time, of all its
threads, user and system, in so many seconds; exports, and a scrape every five seconds where there is /metrics, are in
it. Each round runs every variant once, in random order; what is shown are medians of the differences to the bare bot of
the same round. The control is the bare bot a second time.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import urllib.request
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from argus_otel.simulator import BackgroundSimulator, Load

from .differences import Difference, differences, table
from .machine import machine
from .processes import BARE, CONTROL, KINDS, OURS, PEER, TRACED, BotProcess, Kind, need_linux, present
from .taking import Taking, taking_otlp

NAMES = (BARE, CONTROL, OURS, TRACED, PEER)
WARM_UP = 1.0
EVERY = 5.0


def run(kind: Kind, taking: Taking, rate: float, seconds: float) -> tuple[float, int]:
    """Run one bot; return its processor time in milliseconds a second, and how often users acted meanwhile."""
    with BackgroundSimulator() as simulator:
        bot = BotProcess(kind, simulator, taking.url)
        scraped = kind.name not in (BARE, CONTROL)
        over = threading.Event()
        scraping = threading.Thread(target=_scrape, args=(bot.port, over))
        try:
            simulator.run(Load(simulator, rate=rate, prefix=("!hello",)).run, WARM_UP)
            if scraped:
                scraping.start()
            before = bot.ask()
            report = simulator.run(Load(simulator, rate=rate, seed=1, prefix=("!hello",)).run, seconds)
            after = bot.ask()
        finally:
            over.set()
            if scraping.is_alive():
                scraping.join()
            bot.end()
    if report.unacknowledged or report.skipped:
        print(f"{kind.name}: {report.unacknowledged} late, {report.skipped} skipped", file=sys.stderr)
    return (after["cpu"] - before["cpu"]) * 1e3 / seconds, sum(report.started.values())


def _scrape(port: int, over: threading.Event) -> None:
    while not over.wait(EVERY / 2):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            answer.read()
        over.wait(EVERY / 2)


def measure(kinds: Sequence[Kind], rounds: int, rate: float, seconds: float) -> tuple[list[Difference], int]:
    """Run every variant so many times; return what was found, and how often users acted in all."""
    samples: dict[str, list[float]] = {kind.titled: [] for kind in kinds}
    shuffle = random.Random(1)
    acts = 0
    with taking_otlp() as taking:
        for number in range(rounds):
            print(f"round {number + 1} of {rounds} …", file=sys.stderr)
            for kind in shuffle.sample(list(kinds), len(kinds)):
                used, acted = run(kind, taking, rate, seconds)
                samples[kind.titled].append(used)
                acts += acted
    return differences(samples, BARE), acts


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.paced",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Needs Linux. argus-dpy is measured where it is installed: uv sync --group peers",
    )
    parser.add_argument("--rounds", type=int, default=10, help="runs of each variant (default: 10)")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long a run is counted (default: 10)")
    parser.add_argument("--rate", type=float, default=50.0, help="what users do each second (default: 50)")
    parser.add_argument("--only", action="append", metavar="NAME", help="leave out the others, but for the bare bot")
    parser.add_argument("--json", metavar="FILE", help="write the figures to FILE too")
    arguments = parser.parse_args(words)
    need_linux(parser)
    names = [name for name in NAMES if not arguments.only or name in (BARE, CONTROL, *arguments.only)]
    kinds = present([KINDS[name] for name in names])
    found, acts = measure(kinds, arguments.rounds, arguments.rate, arguments.seconds)
    print(f"{machine()}, {arguments.rounds} rounds of {arguments.seconds:g} s, {acts} acts of users in all\n")
    print(table(f"a bot at {arguments.rate:g} acts of users a second, processor", "ms each second", found, digits=2))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps([asdict(row) for row in found], indent=2), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
