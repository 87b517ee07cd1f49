"""``python -m benchmarks.history``: stores a year of history, runs every query, and stores a part of it again.

A million events of a bot in 2 000 guilds, from a fixed seed, in batches as a bot or a Collector sends them. Counts are
compared with counts in Python where possible, so that a fast wrong result does not pass.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from unittest.mock import patch

from argus_otel.history.row import Row
from argus_otel.history.store import migrations
from argus_otel.history.store.address import Address
from argus_otel.history.store.client import Store, connect
from argus_otel.history.store.erasure import Erased, erase
from argus_otel.history.store.schema import Schema
from argus_otel.sources.discord.history import COMMAND, GUILD_JOIN, GUILD_LEAVE, MODEL, History
from argus_otel.telemetry import AttributeValue

EVENTS = 1_000_000
GUILDS = 2_000
USERS = 30_000
BATCH = 10_000
YEAR = 365 * 86400
BEGAN = int(datetime(2025, 1, 1, tzinfo=timezone.utc).timestamp())
UNTIL = datetime.fromtimestamp(BEGAN + YEAR, timezone.utc)

SCHEMA = Schema((MODEL,))

_COMMANDS = [f"command-{number}" for number in range(40)]
_ERRORS = ("ValueError", "KeyError", "TimeoutError", "Forbidden")


@dataclass(frozen=True)
class Step:
    """One step: how long it took, in seconds, and its result."""

    name: str
    seconds: float
    result: str


@dataclass(frozen=True)
class Report:
    """The measurements."""

    engine: str
    steps: tuple[Step, ...]

    def lines(self) -> Iterator[str]:
        """A table in Markdown."""
        yield f"ClickHouse {self.engine}"
        yield ""
        yield "| Step | Seconds | Result |"
        yield "|---|---:|---|"
        for step in self.steps:
            yield f"| {step.name} | {step.seconds:.3f} | {step.result} |"


def year(events: int) -> Iterator[Row]:
    """Events in the order in which they happened; the same ones each time."""
    dice = random.Random(7)
    weights = [1 / rank for rank in range(1, GUILDS + 1)]
    command_weights = [1 / rank for rank in range(1, len(_COMMANDS) + 1)]
    guilds = dice.choices(range(1, GUILDS + 1), weights, k=events)
    commands = dice.choices(_COMMANDS, command_weights, k=events)
    users = [f"{dice.getrandbits(128):032x}" for _ in range(USERS)]
    for number in range(events):
        seconds = BEGAN + number * YEAR / events
        kind = number % 50
        guild = guilds[number]
        attributes: dict[str, AttributeValue] = {}
        duration = 0.0
        if kind == 0:
            event, guild = (GUILD_JOIN, 1 + number // 50 % GUILDS) if number % 100 == 0 else (GUILD_LEAVE, guild)
        elif kind < 8:
            event, duration = "discord.component", 0.05
            attributes = {"discord.command.name": "button", "discord.outcome": "ok"}
        else:
            event = COMMAND
            chance = dice.random()
            failed, rejected = chance < 0.02, 0.02 <= chance < 0.05
            attributes = {
                "discord.command.name": commands[number],
                "discord.command.type": "slash",
                "discord.outcome": "error" if failed else "rejected" if rejected else "ok",
            }
            if failed:
                attributes["error.type"] = _ERRORS[number % 4]
            duration = math.exp(dice.gauss(-2, 0.8))
        yield Row(
            time=int(seconds * 1e6),
            event=event,
            event_id=f"{dice.getrandbits(128):032x}",
            service="bench",
            duration=duration,
            attributes={
                "discord.shard.id": guild % 4,
                "discord.guild.id": str(guild),
                "discord.user.id": users[dice.randrange(USERS)],
                **attributes,
            },
        )


def measure(
    address: Address | str, events: int, progress: Callable[[str], None] = lambda _: None, *, erasing: bool = True
) -> Report:
    """Store so many events, and run every query."""
    with connect(address) as store:
        return Report(store.version, tuple(_steps(store, events, progress, erasing=erasing)))


def _steps(store: Store, events: int, progress: Callable[[str], None], *, erasing: bool) -> Iterator[Step]:
    begun = time.perf_counter()
    migrations.migrate(store, SCHEMA, keep={"discord_events": None})  # the year is a fixed one, and so ever longer ago
    yield Step("migrate", time.perf_counter() - begun, f"{len(SCHEMA.migrations)} migrations")

    rows = list(year(events))
    begun = time.perf_counter()
    for start in range(0, events, BATCH):
        store.insert(rows[start : start + BATCH])
        progress(f"stored {start + BATCH:,} of {events:,}")
    taken = time.perf_counter() - begun
    yield Step(f"store, {BATCH:,} at a time", taken, f"{events:,} events, {events / taken:,.0f} a second")
    yield _counted(store, "count", events)

    again = rows[events // 3 : events // 3 + events // 10]
    begun = time.perf_counter()
    for start in range(0, len(again), BATCH):
        store.insert(again[start : start + BATCH])
    yield Step("store a tenth again", time.perf_counter() - begun, f"{len(again):,} events that are there already")
    yield _counted(store, "count", events)

    history = History(store)
    yield from _queries(history, progress, _uses(rows))

    guild, user = "3", next(_user(row) for row in rows if _guild(row) != "3")
    left = rows
    if erasing:
        left = [row for row in rows if _guild(row) != guild and _user(row) != user]
        yield from _erasing(store, guild, user, progress)
        yield _counted(store, "count", len(left))

    begun = time.perf_counter()
    store.command("truncate table discord_events")
    top = history.top(limit=len(_COMMANDS))
    taken = time.perf_counter() - begun
    assert [(command.command, command.uses) for command in top] == _sorted(_uses(left))
    yield Step("expire every event, top", taken, "as before, of the rollups alone")


def _uses(rows: Iterable[Row]) -> Counter[str]:
    return Counter(str(row.attributes["discord.command.name"]) for row in rows if row.event == COMMAND)


def _guild(row: Row) -> AttributeValue:
    return row.attributes["discord.guild.id"]


def _user(row: Row) -> str:
    return str(row.attributes["discord.user.id"])


def _sorted(uses: Counter[str]) -> list[tuple[str, int]]:
    return sorted(uses.items(), key=lambda pair: (-pair[1], pair[0]))


def _queries(history: History, progress: Callable[[str], None], uses: Counter[str]) -> Iterator[Step]:
    last_month = UNTIL - timedelta(days=30)
    queries: dict[str, Callable[[], object]] = {
        "volume by day, a year": lambda: history.volume(),
        "volume by hour bounds, 36 hours": lambda: history.volume(since=UNTIL - timedelta(hours=36)),
        "volume by week of the 10 busiest guilds": lambda: history.volume("week", each_guild=True),
        "active by day": lambda: history.active("day"),
        "active by week": lambda: history.active("week"),
        "active by month": lambda: history.active("month"),
        "growth by month": lambda: history.growth("month"),
        "quiet for 14 days": lambda: history.quiet(until=UNTIL),
        "top, a year": lambda: history.top(limit=40),
        "top, 30 days": lambda: history.top(since=last_month),
        "adoption by week": lambda: history.adoption("command-7", replaces="command-3"),
        "errors by command": lambda: history.errors("command"),
        "errors by guild": lambda: history.errors("guild"),
        "errors by both": lambda: history.errors("both"),
        "latency by command": lambda: history.latency(),
        "busiest hours of the day": lambda: history.busiest(time_zone="Europe/Berlin"),
        "busiest hours of the week": lambda: history.busiest("week", limit=168),
        "retention by week": lambda: history.retention("week", until=UNTIL),
        "retention by month": lambda: history.retention("month", until=UNTIL),
        "one guild's story": lambda: [history.guild(1)],
    }
    for name, run in queries.items():
        progress(name)
        begun = time.perf_counter()
        results = run()
        assert isinstance(results, list)
        assert results, name
        if name == "top, a year":
            assert [(top.command, top.uses) for top in results] == _sorted(uses)
        yield Step(name, time.perf_counter() - begun, f"{len(results):,} rows")


def _erasing(store: Store, guild: str, user: str, progress: Callable[[str], None]) -> Iterator[Step]:
    erasures = {
        "erase a guild": lambda: erase(store, SCHEMA, "guild", guild, progress=progress),
        "erase a user": lambda: _erase_hash(store, user, progress),
    }
    for name, run in erasures.items():
        begun = time.perf_counter()
        result = ", ".join(f"{part.table} {part.rows:,}" for part in run() if part.rows)
        yield Step(name, time.perf_counter() - begun, result)


def _erase_hash(store: Store, user: str, progress: Callable[[str], None]) -> list[Erased]:
    """Erase one of the users, who are made-up hashes: `erase` takes an id, and makes the hash of it."""
    with patch("argus_otel.history.store.erasure.hashed", lambda person, key: user):
        return erase(store, SCHEMA, "user", "1", "key", progress)


def _counted(store: Store, name: str, expected: int) -> Step:
    begun = time.perf_counter()
    [(raw, ids, hourly, daily)] = store.query(
        "select count(), uniqExact(event_id), (select sum(count) from discord_hourly),"
        " (select sum(count) from discord_daily) from discord_events"
    )
    taken = time.perf_counter() - begun
    assert raw == ids == hourly == daily == expected, (raw, ids, hourly, daily, expected)
    return Step(name, taken, f"{raw:,} rows, {ids:,} ids, {hourly:,} in hours, {daily:,} in days")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--store", help="an empty one; by default an embedded one in a directory that is deleted")
    arguments = parser.parse_args()
    with nullcontext("") if arguments.store else tempfile.TemporaryDirectory() as directory:
        report = measure(arguments.store or f"chdb:{directory}", arguments.events, _show)
    sys.stderr.write("\r\x1b[K" if sys.stderr.isatty() else "")
    print("\n".join(report.lines()))


def _show(what: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{what} …")
        sys.stderr.flush()


if __name__ == "__main__":
    main()
