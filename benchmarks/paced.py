"""The processor time of a whole bot while users act at a steady rate.

The bot is a process of its own, connected over sockets to a simulated Discord in another, whose users use commands,
buttons and chat at random moments, the same ones in every run. Counted is the processor time of all threads of the bot,
user and system, including exports, and a scrape of /metrics every five seconds if the variant serves it. Each round
runs every variant once, in random order; the tables show medians of the differences to the bare bot of the same round.
The control is the bare bot a second time.
"""

from __future__ import annotations

import random
import threading
import urllib.request
from collections.abc import Sequence

from discord_simulator import BackgroundSimulator, Load

from .otlp_sink import OtlpSink, otlp_sink
from .processes import BARE, CONTROL, OURS, PEER, TRACED, BotProcess, Kind
from .progress import Count
from .results import compared
from .tables import Table

PART = "paced"
NAMES = (BARE, CONTROL, OURS, TRACED, PEER)
WARM_UP = 1.0
EVERY = 5.0


def run(kind: Kind, sink: OtlpSink, rate: float, seconds: float) -> tuple[float, int, int]:
    """Run one bot.

    Returns
    -------
        Its processor time in milliseconds a second, the actions of users meanwhile, and how many of them failed.
    """
    with BackgroundSimulator() as simulator:
        bot = BotProcess(kind, simulator, sink.url)
        scraped = kind.name not in (BARE, CONTROL)
        over = threading.Event()
        scraping = threading.Thread(target=_scrape, args=(bot.port, over))
        try:
            simulator.run(Load(simulator, rate=rate, prefix=("!hello",)).run, WARM_UP)
            if scraped:
                _read(bot.port)  # the first scrape imports modules, once in a process
                scraping.start()
            before = bot.ask()
            report = simulator.run(Load(simulator, rate=rate, seed=1, prefix=("!hello",)).run, seconds)
            after = bot.ask()
        finally:
            over.set()
            if scraping.is_alive():
                scraping.join()
            bot.end()
    used = (after["cpu"] - before["cpu"]) * 1e3 / seconds
    return used, sum(report.started.values()), report.unacknowledged + report.skipped


def _scrape(port: int, over: threading.Event) -> None:
    while not over.wait(EVERY / 2):
        _read(port)
        over.wait(EVERY / 2)


def _read(port: int) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        answer.read()


def measure(kinds: Sequence[Kind], rounds: int, rate: float, seconds: float, count: Count = range) -> list[Table]:
    """Run every variant in each round, and return the table of the results."""
    samples: dict[str, list[float]] = {kind.name: [] for kind in kinds}
    shuffle = random.Random()
    acts = in_vain = 0
    with otlp_sink() as sink:
        for _ in count(rounds):
            for kind in shuffle.sample(list(kinds), len(kinds)):
                used, acted, lost = run(kind, sink, rate, seconds)
                samples[kind.name].append(used)
                acts += acted
                in_vain += lost
    if not samples[BARE]:
        return []
    title = f"a bot at {rate:g} acts of users a second, processor's time of all threads"
    note = f"runs of {seconds:g} s, {acts} acts of users in all, {in_vain} more not made or not answered in time"
    return [Table(PART, "processor", title, "ms each second", compared(samples, BARE), notes=[note])]
