"""The cost of a scrape of /metrics for a bot with 16 shards and 500 000 cached users.

Each bot is a process of its own with sixteen shards, connected to a simulated Discord over sockets, and used a little
to create series. One bot of each kind has further users of discord.py in its cache, the other only those of its guilds.
All bots keep running, and in each round this process scrapes each once, in random order.

The tables show: the processor time on the thread of the bot's event loop, during which no interaction is answered;
the processor time of all threads; the delay of the loop, which other threads also cause, because one thread
runs Python at a time; and the duration of the scrape. Each is compared with the same bot during the same time without a
scrape, and the control is that time once more. The bots do not collect garbage meanwhile.

To have about as many series in each, users have used more commands in argus-dpy's bots, which have fewer series for
each; the times for a thousand series correct for the remaining difference.
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
    """The cost of scrapes of one bot.

    Attributes
    ----------
    users:
        The number of users added to the cache.
    cached:
        The number of users in the cache.
    series:
        The number of lines with a value in a scrape.
    samples:
        In microseconds, by kind of time, and by whether there was a scrape.
    """

    kind: str
    users: int
    cached: int
    shards: int
    series: int
    samples: dict[str, dict[str, list[float]]]

    @property
    def name(self) -> str:
        """The name of its rows."""
        return named(self.kind, self.users)

    def rows(self, where: str, each: float = 1.0) -> list[Result]:
        """Return its rows of a table, with figures divided by ``each``."""
        samples = {what: [figure / each for figure in figures] for what, figures in self.samples[where].items()}
        by_name = {result.name: result for result in compared(samples, NOTHING)}
        names = {SCRAPE: self.name, CONTROL: f"{self.name}: {CONTROL}"}
        return [replace(by_name[name], name=shown) for name, shown in names.items()]

    @property
    def note(self) -> str:
        """The size of the scrapes, and their duration."""
        (took,) = (row.each for row in compared(self.samples["wall"], NOTHING) if row.name == SCRAPE)
        return (
            f"{self.name}: {self.shards} shards, {self.cached} users in the cache in all, {self.series} series;"
            f" {took / 1e3:.1f} ms until it was read"
        )


def named(kind: str, users: int) -> str:
    """Return the name of the rows of such a bot."""
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
        """Use commands, and more of them until there are enough series; return the number of commands."""
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
        """Scrape once, and wait twice for the duration of the scrape."""
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
        """Return the result."""
        now = self._bot.ask()
        cached, shards = round(now["users"]), round(now["shards"])
        return Scraped(self._kind, self._users, cached, shards, self._read(), self._samples)

    def end(self) -> None:
        """End the bot."""
        self._bot.end()


def measure(
    kinds: Sequence[Kind], rounds: int, shards: int, users: int, commands: int, count: Count = range
) -> list[Scraped]:
    """Scrape a bot of each kind, with and without further users in its cache, in each round.

    Parameters
    ----------
    commands:
        The number of commands used in the bots of the first kind. In the others, more are used until they
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
    """Return a table for each kind of time."""
    if not found:
        return []
    notes = [it.note for it in found]

    def table(where: str) -> Table:
        rows = [row for it in found for row in it.rows(where)]
        return Table(PART, where, WHERE[where], "µs", rows, digits=1, notes=notes if where == "cpu" else ())

    by_series = [row for it in found for row in it.rows("cpu", it.series / 1000)]
    for_thousand = Table(PART, "series", f"{WHERE['cpu']}, for a thousand series", "µs", by_series, digits=1)
    return [table("loop"), table("cpu"), for_thousand, table("late")]
