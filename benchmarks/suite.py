"""The parts of the suite: the name of each, its duration, and the function that runs it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from . import loop, paced, scrape, soak, startup
from .processes import KINDS, OURS, PEER, Kind, present
from .processes import TRACED as PACED_TRACED
from .progress import Progress
from .scenarios import SCENARIOS
from .tables import Table
from .variants import NAMES

Findings = tuple[list[Table], list[str]]
"""The tables, and the reasons for anything that could not be measured."""


@dataclass(frozen=True)
class Part:
    """One part of the suite.

    Attributes
    ----------
    rounds:
        The default number of rounds.
    variants:
        The names of the variants, besides the bare bot and its control.
    run:
        Called with the options, the number of rounds, and the progress.
    seconds:
        Its duration without rounds, and that of each round, on two cores of 2026.
    linux:
        Whether it runs on Linux only.
    """

    name: str
    title: str
    rounds: int
    variants: Sequence[str]
    run: Callable[[argparse.Namespace, int, Progress], Findings]
    seconds: tuple[float, float]
    linux: bool = True

    def takes(self, rounds: int | None) -> float:
        """Return about how many seconds it takes."""
        return self.seconds[0] + self.seconds[1] * (rounds or self.rounds)


def _chosen(options: argparse.Namespace, names: Sequence[str]) -> list[str]:
    return [name for name in names if not options.variant or name in options.variant]


def _kinds(options: argparse.Namespace, kinds: Sequence[Kind], variants: Sequence[str]) -> tuple[list[Kind], list[str]]:
    """Return the chosen kinds, always with the baselines, and instructions for missing packages."""
    chosen = _chosen(options, variants)
    return present([kind for kind in kinds if kind.name in chosen or kind.name not in variants])


def _loop(options: argparse.Namespace, rounds: int, progress: Progress) -> Findings:
    if sys.platform == "win32":
        return [], [loop.TOO_COARSE]
    scenarios = options.scenario or [scenario.name for scenario in SCENARIOS]
    variants = _chosen(options, NAMES)
    return loop.measure(scenarios, variants, rounds, progress), loop.missing(variants)


def _scrape(options: argparse.Namespace, rounds: int, progress: Progress) -> Findings:
    kinds, missing = _kinds(options, [KINDS[OURS], KINDS[PEER]], _SCRAPED)
    count = progress.counting("scrapes")
    found = scrape.measure(kinds, rounds, options.shards, options.users, options.commands, count)
    return scrape.tables(found), missing


def _startup(options: argparse.Namespace, rounds: int, progress: Progress) -> Findings:
    kinds, missing = _kinds(options, startup.VARIANTS, _STARTED)
    return startup.measure(kinds, rounds, progress.counting("starts")), missing


def _soak(options: argparse.Namespace, rounds: int, progress: Progress) -> Findings:
    return soak.tables(soak.measure(options.events, rounds, progress.counting("soak"))), []


def _paced(options: argparse.Namespace, rounds: int, progress: Progress) -> Findings:
    kinds, missing = _kinds(options, [KINDS[name] for name in paced.NAMES], _PACED)
    return paced.measure(kinds, rounds, options.rate, options.seconds, progress.counting("runs")), missing


_SCRAPED = (OURS, PEER)
_STARTED = tuple(kind.name for kind in startup.VARIANTS[2:])
_PACED = (OURS, PACED_TRACED, PEER)

PARTS = {
    part.name: part
    for part in (
        Part("loop", "what is added to each piece of work on the event loop", 40, NAMES, _loop, (15, 5.5), linux=False),
        Part("scrape", "a scrape of a bot with 16 shards and 500 000 cached users", 60, _SCRAPED, _scrape, (30, 2)),
        Part("startup", "a start of the bot: time and memory", 20, _STARTED, _startup, (15, 13)),
        Part("soak", "memory while a bot takes in a million gateway events", 20, (OURS,), _soak, (145, 0)),
        Part("paced", "a whole bot's processor time, at a steady rate of users", 8, _PACED, _paced, (5, 52)),
    )
}
