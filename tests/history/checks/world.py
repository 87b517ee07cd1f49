"""A made-up history of checks of which everything is known, minute by minute, and what it should answer.

Nothing here knows how the queries work: states are kept in an array of minutes, and what should come out is counted
there. Only the rows are made as an agent makes them.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import groupby
from zlib import crc32

from argus_otel.history.row import Row
from argus_otel.telemetry import AttributeValue

DAYS = 3
MINUTES = DAYS * 24 * 60
HOLDS = 120
"""How long a state holds that is not told again, in minutes."""

START = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=10)
"""Recent enough for its rows not to have expired."""


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def milliseconds(minute: int) -> int:
    return int(at(minute).timestamp()) * 1000


@dataclass
class Place:
    """One check at one location.

    Attributes
    ----------
    states:
        Of each minute: the status, as it is known in the end; ``away`` where no agent runs.
    muted:
        Of each minute: whether it is muted.
    late:
        By the minute of a change: how many minutes later it is confirmed.
    """

    check: str
    location: str
    states: list[str]
    muted: list[bool]
    late: dict[int, int] = field(default_factory=dict)

    def told(self, minute: int) -> str:
        """The status that the agent believes in at that minute: a change is not confirmed at once."""
        for begin, late in self.late.items():
            if begin <= minute < begin + late:
                return self.states[begin - 1]
        return self.states[minute]

    def seen(self) -> list[tuple[str, bool]]:
        """Status and mute of each minute that history can know; the last one holds for a while without an agent."""
        known: list[tuple[str, bool]] = []
        last = -HOLDS
        for minute, state in enumerate(self.states):
            if state == "away":
                held = known[-1] if known and minute < last + HOLDS else ("unknown", False)
                known.append(held)
                continue
            if self.tells(minute):
                last = minute
            known.append((state, self.muted[minute] and state != "unknown"))
        return known

    def tells(self, minute: int) -> bool:
        """Whether a row is recorded at that minute."""
        before = self.states[minute - 1] if minute else "away"
        confirmed = any(begin + late == minute for begin, late in self.late.items())
        hourly = minute % 60 == 7
        return before == "away" or confirmed or hourly or self.muted[minute] != self.muted[minute - 1]

    def rows(self) -> Iterator[Row]:
        for minute, state in enumerate(self.states):
            if state == "away":
                continue
            for begin, late in self.late.items():
                if begin + late == minute:
                    yield self._change(begin, minute)
            if self.tells(minute):
                more: dict[str, AttributeValue] = {"argus.check.muted": "maintenance"} if self.muted[minute] else {}
                if self.told(minute) != "unknown":
                    more["argus.check.since"] = milliseconds(self.since(minute))
                yield self.row("state", minute, {"argus.check.state": self.told(minute), **more})
            yield self.run(minute)

    def since(self, minute: int) -> int:
        """When the status began that the agent believes in."""
        begin = minute
        while begin and self.told(begin - 1) == self.told(minute):
            begin -= 1
        return begin - next((late for first, late in self.late.items() if first + late == begin), 0)

    def outcome(self, minute: int) -> str:
        return {"up": "ok", "degraded": "warn", "down": "failed", "unknown": "unknown"}[self.states[minute]]

    def duration(self, minute: int) -> float:
        return round(0.01 + crc32(f"{self.check} {self.location} {minute}".encode()) % 1000 / 1000, 4)

    def run(self, minute: int) -> Row:
        seconds = self.duration(minute)
        attributes: dict[str, AttributeValue] = {
            "argus.check.slot": milliseconds(minute),
            "argus.check.outcome": self.outcome(minute),
            "argus.check.attempts": 2 if self.outcome(minute) == "failed" else 1,
            "argus.check.disturbed": False,
            "argus.check.phase.dns": seconds / 4,
            "argus.check.phase.connect": seconds / 2,
        }
        if self.muted[minute]:
            attributes["argus.check.muted"] = "maintenance"
        return self.row("run", minute, attributes, duration=seconds, late=0.4)

    def row(
        self, event: str, minute: int, more: dict[str, AttributeValue], *, duration: float = 0.0, late: float = 0.0
    ) -> Row:
        return Row(
            time=milliseconds(minute) * 1000 + int(late * 1e6),
            event=f"argus.check.{event}",
            event_id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.check}|{self.location}|{event}|{minute}")),
            service="agent",
            resource={"argus.check.location": self.location},
            duration=duration,
            attributes={
                "argus.check.name": self.check,
                "argus.check.type": "http",
                "service.peer.name": "web",
                **({} if event == "run" else {"argus.check.state.holds": HOLDS * 60}),
                **more,
            },
        )

    def _change(self, begin: int, confirmed: int) -> Row:
        more: dict[str, AttributeValue] = {
            "argus.check.state": self.states[begin],
            "argus.check.state.before": self.states[begin - 1],
            "argus.check.since": milliseconds(begin),
        }
        if self.states[begin] == "down":
            more |= {"error.type": "status", "argus.check.condition": "status: 2xx"}
        return self.row("status", confirmed, more)


def place(check: str, location: str, dice: random.Random) -> Place:
    """Make up one check at one location."""
    states: list[str] = []
    late: dict[int, int] = {}
    while len(states) < MINUTES:
        begin = len(states)
        before = states[-1] if states else "away"
        kinds = ("up", "degraded", "down", "unknown", "away")
        state = dice.choices(kinds, (8, 2, 4, 1, 1))[0]
        if state == before:
            continue
        if state != "away" and before != "away":
            late[begin] = dice.randint(0, 3)
        states += [state] * dice.choice((5, 20, 61, 200, 500))
    states = states[:MINUTES]
    late = {begin: minutes for begin, minutes in late.items() if begin + minutes < MINUTES}
    muted = [False] * MINUTES
    for _ in range(4):
        begin, length = dice.randrange(1, MINUTES), dice.choice((3, 45, 300))
        muted[begin : begin + length] = [True] * len(muted[begin : begin + length])
    return Place(check, location, states, muted, late)


class World:
    """Some checks at some locations."""

    def __init__(self, seed: int, checks: Sequence[str] = ("shop", "db-1", "db-2"), locations: int = 2) -> None:
        self.seed = seed
        dice = random.Random(seed)  # noqa: S311 - so that each run makes up the same
        self.places = [
            place(check, f"l{number}", dice) for check in checks for number in range(1 + dice.randrange(locations))
        ]
        self.checks = tuple(sorted(checks))

    def rows(self) -> list[Row]:
        return [row for each in self.places for row in each.rows()]

    def of(self, check: str) -> list[Place]:
        return [each for each in self.places if each.check == check]

    # -- what should come out; bounds are in minutes

    def levels(self, check: str, order: Sequence[str]) -> list[str]:
        """The level of each minute over all locations: the first of an order that one has, else unknown."""
        seen = [each.seen() for each in self.of(check)]
        levels: list[str] = []
        for minute in range(MINUTES):
            here = {"muted" if muted else state for state, muted in (each[minute] for each in seen)} - {"unknown"}
            # A mute of a status that is not known says nothing.
            levels.append(next((level for level in order if level in here), "unknown"))
        return levels

    def seconds(self, check: str, begin: int, end: int, order: Sequence[str]) -> dict[str, float]:
        levels = self.levels(check, order)[begin:end]
        return {level: levels.count(level) * 60.0 for level in ("up", "degraded", "down", "muted", "unknown")}

    def points(self, check: str, begin: int, end: int) -> tuple[int, int]:
        """Slots with a run that counts, and those of them in which one was good."""
        ran = good = 0
        for minute in range(begin, end):
            here = [self._outcome(each, minute) for each in self.of(check)]
            outcomes = [outcome for outcome in here if outcome in ("ok", "warn", "failed")]
            ran += bool(outcomes)
            good += "ok" in outcomes or "warn" in outcomes
        return ran, good

    def runs(self, check: str, begin: int, end: int) -> dict[str, int]:
        found = [self._outcome(each, minute) for each in self.of(check) for minute in range(begin, end)]
        return {outcome: found.count(outcome) for outcome in ("ok", "warn", "failed", "unknown", "muted")}

    def fast(self, check: str, begin: int, end: int, under: float) -> tuple[int, int]:
        """Runs that count, and those of them that succeeded in time."""
        found = [
            (outcome, each.duration(minute))
            for each in self.of(check)
            for minute in range(begin, end)
            if (outcome := self._outcome(each, minute)) in ("ok", "warn", "failed")
        ]
        return len(found), sum(outcome != "failed" and seconds <= under for outcome, seconds in found)

    def first(self, check: str, begin: int) -> int:
        """The minute of the first run from a minute on, whether it counts or not."""
        places = self.of(check)
        return next(minute for minute in range(begin, MINUTES) if any(each.states[minute] != "away" for each in places))

    @staticmethod
    def _outcome(each: Place, minute: int) -> str:
        if each.states[minute] == "away":
            return "none"
        return "muted" if each.muted[minute] else each.outcome(minute)

    def incidents(self, check: str, begin: int, end: int) -> list[tuple[int, int, bool, int, tuple[str, ...]]]:
        """Begin, end, whether open, muted minutes and locations of each outage that is not muted throughout."""
        down: list[set[str]] = [set() for _ in range(end)]
        sure: list[int] = [0] * end
        counted: list[int] = [0] * end
        for each in self.of(check):
            seen = each.seen()[:end]
            minute = 0
            # A stretch without good news is one outage, from its first to its last minute that is known to be down.
            for good, group in groupby(seen, key=lambda item: item[0] in ("up", "degraded")):
                length = len(list(group))
                bad = [number for number in range(minute, minute + length) if seen[number][0] == "down"]
                if not good and bad:
                    for number in range(bad[0], bad[-1] + 1):
                        down[number].add(each.location)
                    for number in bad:
                        sure[number] = 1
                        counted[number] |= not seen[number][1]
                minute += length
        found: list[tuple[int, int, bool, int, tuple[str, ...]]] = []
        minute = 0
        for bad, group in groupby(down, key=bool):
            places = list(group)
            first, last = minute, minute + len(places)
            minute = last
            # Locations whose outages only touch are one outage too: groupby joins them as neighbours.
            inside = slice(first, last)
            if bad and last > begin and any(counted[inside]):
                names = tuple(sorted(set().union(*places)))
                found.append(
                    (first, last, last == end and sure[end - 1] == 1, sum(sure[inside]) - sum(counted[inside]), names)
                )
        return found
