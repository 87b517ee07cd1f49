"""What a scrape of /metrics costs a bot with 16 shards and 500 000 cached users.

Each bot is a process of its own with sixteen shards, really connected to a simulated Discord, and used a little so that
there is something to show; one of each kind has discord.py's own users in its cache, the other none but those of its
guilds. All stay, and in each round each is scraped once, in random order, by this process.

What is shown: the processor's time on the thread of the bot's event loop, which is time no interaction is answered in;
the same of all threads; by how much the loop was late for what was due, which other threads cause too, since one thread
runs Python at a time; and how long the scrape took. Each is compared with the same bot in as long a time without a
scrape, and the control is that time once more. No garbage is collected in the bots meanwhile.

To have about as many series in each, users have used more commands in argus-dpy's bots, which make fewer series of
each; what they differ by nonetheless, the times for a thousand series leave out.
"""

from __future__ import annotations

import random
import time
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from discord_simulator import BackgroundSimulator

from .processes import BotProcess, Kind
from .progress import Count
from .results import Result, compared
from .tables import Table

PART = "scrape"
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
    "loop": "a scrape, processor's time on the event loop's thread",
    "cpu": "a scrape, processor's time of all threads",
    "late": "a scrape, by which the event loop was late at most",
    "wall": "until it was read",
}


@dataclass(frozen=True)
class Scraped:
    """What scrapes of one bot cost.

    Attributes
    ----------
    users:
        How many were added to the cache.
    cached:
        How many there are in all.
    series:
        How many lines with a value a scrape had.
    samples:
        In microseconds, by where the time went, and by whether there was a scrape.
    """

    kind: str
    users: int
    cached: int
    shards: int
    series: int
    samples: dict[str, dict[str, list[float]]]

    @property
    def name(self) -> str:
        """What its rows are called."""
        return named(self.kind, self.users)

    def rows(self, where: str, each: float = 1.0) -> list[Result]:
        """Return its rows of a table, with figures divided by ``each``."""
        samples = {what: [figure / each for figure in figures] for what, figures in self.samples[where].items()}
        by_name = {result.name: result for result in compared(samples, NOTHING)}
        names = {SCRAPE: self.name, CONTROL: f"{self.name}: {CONTROL}"}
        return [replace(by_name[name], name=shown) for name, shown in names.items()]

    @property
    def note(self) -> str:
        """What there was to scrape, and how long it took."""
        (took,) = (row.each for row in compared(self.samples["wall"], NOTHING) if row.name == SCRAPE)
        return (
            f"{self.name}: {self.shards} shards, {self.cached} users in the cache in all, {self.series} series;"
            f" {took / 1e3:.1f} ms until it was read"
        )


def named(kind: str, users: int) -> str:
    """Return what the rows of such a bot are called."""
    return f"{kind}, {users} users"


class _Scraping:
    """One bot, with the figures of its rounds."""

    def __init__(self, kind: Kind, simulator: BackgroundSimulator, shards: int, users: int) -> None:
        self._kind = kind.name
        self._users = users
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
        now = self._bot.ask()
        cached, shards = round(now["users"]), round(now["shards"])
        return Scraped(self._kind, self._users, cached, shards, self._read(), self._samples)

    def end(self) -> None:
        """End the bot."""
        self._bot.end()


def measure(
    kinds: Sequence[Kind], rounds: int, shards: int, users: int, commands: int, count: Count = range
) -> list[Scraped]:
    """Scrape a bot of each kind without and with so many users more, so many times.

    Parameters
    ----------
    commands:
        How many commands have been used in the bots of the first kind. In the others, as many and then more, until they
        have as many series.
    """
    shuffle = random.Random()
    with ExitStack() as stack:
        bots: list[_Scraping] = []
        series = 0
        for kind in kinds:
            for cached in (0, users):
                simulator = stack.enter_context(
                    BackgroundSimulator(shards=shards, guilds=2 * shards, heartbeat_interval=3600)
                )
                bot = _Scraping(kind, simulator, shards, cached)
                stack.callback(bot.end)
                found = bot.use(commands, series)
                series = series or found
                bots.append(bot)
        done = 0
        for _ in count(rounds):
            for bot in shuffle.sample(bots, len(bots)):
                bot.round(shuffle)
            done += 1
        return [bot.result() for bot in bots] if done else []


def tables(found: Sequence[Scraped]) -> list[Table]:
    """Return a table for each place where the time goes."""
    if not found:
        return []
    notes = [it.note for it in found]

    def table(where: str) -> Table:
        rows = [row for it in found for row in it.rows(where)]
        return Table(PART, where, WHERE[where], "µs", rows, digits=1, notes=notes if where == "cpu" else ())

    by_series = [row for it in found for row in it.rows("cpu", it.series / 1000)]
    for_thousand = Table(PART, "series", f"{WHERE['cpu']}, for a thousand series", "µs", by_series, digits=1)
    return [table("loop"), table("cpu"), for_thousand, table("late")]
