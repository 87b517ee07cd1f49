"""``python -m benchmarks.scrape``: what a scrape of /metrics costs a bot with 16 shards and 500 000 cached users.

Each bot is a process of its own with sixteen shards, really connected to a simulated Discord, and used a little so that
there is something to show; one of each kind has discord.py's own users in its cache, the other none but those of its
guilds. All stay, and in each round each is scraped once, in random order, by this process.

What is shown: the processor's time on the thread of the bot's event loop, which is time no interaction is answered in;
the same of all threads; by how much the loop was late for what was due, which other threads cause too, since one thread
runs Python at a time; and how long the scrape took. Each is compared with the same bot in as long a time without a
scrape, and the control is that time once more. No garbage is collected in the bots meanwhile.

To have as many series in each, users have used more commands in argus-dpy's bots, which make fewer series of each.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from argus_otel.simulator import BackgroundSimulator

from .differences import Difference, differences, table
from .machine import machine
from .processes import KINDS, OURS, PEER, BotProcess, Kind, need_linux, present

NOTHING = "no scrape"
CONTROL = "no scrape again (A/A)"
SCRAPE = "scrape"
COMMANDS = 100  # as many as Discord allows a bot
# Prometheus 3's.
ACCEPT = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;"
    "q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
WHERE = {
    "loop": "on the event loop's thread",
    "cpu": "in all threads",
    "late": "by which the event loop was late at most",
    "wall": "until it was read",
}


@dataclass(frozen=True)
class Scraped:
    """What scrapes of one bot cost.

    Attributes
    ----------
    series:
        How many lines with a value one of them had.
    costs:
        In microseconds, by where the time went.
    """

    name: str
    users: int
    shards: int
    series: int
    costs: dict[str, list[Difference]]


class _Scraping:
    """One bot, with the figures of its rounds."""

    def __init__(self, kind: Kind, simulator: BackgroundSimulator, shards: int, users: int) -> None:
        self.name = kind.titled
        self._simulator = simulator
        self._bot = BotProcess(kind, simulator, shards=shards, users=users, names=COMMANDS - 1, still=True)
        self._samples: dict[str, dict[str, list[float]]] = {where: {NOTHING: []} for where in WHERE}

    def use(self, commands: int, series: int) -> int:
        """Use so many commands, and others until there are so many series; return how many there are."""
        found = 0
        for number in range(COMMANDS):
            if number >= commands and found >= series:
                break
            handle = self._simulator.run(self._simulator.slash, f"ping{number}")
            self._simulator.run(handle.acknowledged, 10)
            found = self._read()
        return found

    def _read(self) -> int:
        request = urllib.request.Request(f"http://127.0.0.1:{self._bot.port}/metrics", headers={"Accept": ACCEPT})
        with urllib.request.urlopen(request, timeout=60) as answer:
            text: bytes = answer.read()
        return sum(1 for line in text.splitlines() if line and not line.startswith(b"#"))

    def round(self, shuffle: random.Random) -> None:
        """Scrape once, and twice wait as long as that took."""
        before = self._bot.ask()
        self._read()
        usual = self._bot.ask()["wall"] - before["wall"]
        for what in shuffle.sample((NOTHING, CONTROL, SCRAPE), 3):
            before, began = self._bot.ask(), time.perf_counter()
            if what == SCRAPE:
                self._read()
            else:
                time.sleep(usual)
            took, after = time.perf_counter() - began, self._bot.ask()
            for where in WHERE:
                # Waiting takes no time of the scraper's: there is nothing to compare with.
                if where == "wall":
                    used = took * (what == SCRAPE)
                elif where == "late":  # not in the same moments: to watch is work of the loop's too
                    used = self._bot.late(0.05 + 2 * usual, self._read if what == SCRAPE else lambda: None)
                else:
                    used = after[where] - before[where]
                self._samples[where].setdefault(what, []).append(used * 1e6)

    def result(self) -> Scraped:
        """Return what was found."""
        costs = {where: differences(samples, NOTHING) for where, samples in self._samples.items()}
        now = self._bot.ask()
        return Scraped(self.name, round(now["users"]), round(now["shards"]), self._read(), costs)

    def end(self) -> None:
        """End the bot."""
        self._bot.end()


def measure(kinds: Sequence[Kind], rounds: int, shards: int, users: int, commands: int) -> list[Scraped]:
    """Scrape a bot of each kind without and with so many users more, so many times.

    Parameters
    ----------
    commands:
        How many commands have been used in the bots of the first kind. In the others, as many and then more, until they
        have as many series.
    """
    shuffle = random.Random(1)
    with ExitStack() as stack:
        bots: list[_Scraping] = []
        series = 0
        for kind in kinds:
            for cached in (0, users):
                print(f"{kind.name} with {cached} users …", file=sys.stderr)
                simulator = stack.enter_context(
                    BackgroundSimulator(shards=shards, guilds=2 * shards, heartbeat_interval=3600)
                )
                bot = _Scraping(kind, simulator, shards, cached)
                stack.callback(bot.end)
                found = bot.use(commands, series)
                series = series or found
                bots.append(bot)
        for _ in range(rounds):
            for bot in shuffle.sample(bots, len(bots)):
                bot.round(shuffle)
        return [bot.result() for bot in bots]


def shown(found: Sequence[Scraped]) -> str:
    """Return the tables."""
    parts: list[str] = []
    for it in found:
        title = f"{it.name}: {it.shards} shards, {it.users} cached users, {it.series} series"
        parts += [table(f"{title}; {WHERE[where]}", "µs", rows) for where, rows in it.costs.items() if where != "wall"]
        scrape = next(row for row in it.costs["wall"] if row.name == SCRAPE)
        each = scrape.each / it.series
        parts.append(f"{WHERE['wall']}: {scrape.each / 1e3:.1f} ms ({each:.2f} ms for a thousand series)")
    return "\n\n".join(parts)


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scrape",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Needs Linux. argus-dpy is measured where it is installed: uv sync --group peers",
    )
    parser.add_argument("--rounds", type=int, default=60, help="scrapes of each bot (default: 60)")
    parser.add_argument("--shards", type=int, default=16, help="of each bot (default: 16)")
    parser.add_argument("--users", type=int, default=500_000, help="in the cache of every second bot (default: 500000)")
    parser.add_argument("--commands", type=int, default=10, help="used before, in argus-otel's bot (default: 10)")
    parser.add_argument("--only", action="append", metavar="NAME", help="leave out the others")
    parser.add_argument("--json", metavar="FILE", help="write the figures to FILE too")
    arguments = parser.parse_args(words)
    need_linux(parser)
    kinds = present([KINDS[name] for name in (OURS, PEER) if not arguments.only or name in arguments.only])
    found = measure(kinds, arguments.rounds, arguments.shards, arguments.users, arguments.commands)
    print(f"{machine()}, {arguments.rounds} rounds\n\n{shown(found)}")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps([asdict(it) for it in found], indent=2), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
