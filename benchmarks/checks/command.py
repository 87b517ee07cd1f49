"""``python -m benchmarks checks``: service checks. Run the parts that were chosen, and show what they found."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks import report
from benchmarks.option_types import add_outputs, amount, known, whole
from benchmarks.processes import LINUX_ONLY
from benchmarks.progress import Progress
from benchmarks.running import INTERRUPTED, Step, alone, run_each
from benchmarks.tables import as_markdown, as_text

from . import __doc__ as about
from . import beside_bot, blackbox, durations, faults, messages, probes, schedule, targets
from .figures import Figures
from .machine import Machine, prepared

Findings = tuple[list[Figures], list[str]]
"""The tables, and the reasons for anything that could not be measured."""


@dataclass(frozen=True)
class Part:
    """One part.

    Attributes
    ----------
    rounds:
        By default; 0 if it has none.
    seconds:
        About how long it takes without rounds, with each round, and with each minute of ``--minutes``; of the schedule,
        each variant.
    """

    title: str
    run: Callable[[Machine, argparse.Namespace, int, Progress], Findings]
    rounds: int
    seconds: tuple[float, float, float]

    def takes(self, options: argparse.Namespace) -> float:
        """Return about how many seconds it takes."""
        fixed, round_, minute = self.seconds
        times = len(schedule.chosen(options.variant)) if self.run is _schedule else 1
        return round_ * (self.rounds and (options.rounds or self.rounds)) + times * (fixed + minute * options.minutes)


def _probes(machine: Machine, _: argparse.Namespace, rounds: int, progress: Progress) -> Findings:
    return list(probes.measure(machine, rounds, progress)), []


def _durations(machine: Machine, _: argparse.Namespace, rounds: int, progress: Progress) -> Findings:
    return durations.measure(machine, rounds, progress), []


def _schedule(machine: Machine, options: argparse.Namespace, _: int, progress: Progress) -> Findings:
    return schedule.measure(machine, options.checks, options.minutes, progress, options.variant), []


def _messages(machine: Machine, options: argparse.Namespace, _: int, progress: Progress) -> Findings:
    return messages.measure(machine, options.checks, progress), []


def _bot(machine: Machine, _: argparse.Namespace, rounds: int, progress: Progress) -> Findings:
    return beside_bot.measure(machine, rounds, progress), []


def _faults(machine: Machine, _: argparse.Namespace, __: int, progress: Progress) -> Findings:
    return faults.measure(machine, progress)


PARTS = {
    probes.PART: Part("the processor time of a probe, with each prober", _probes, 15, (25, 14, 0)),
    durations.PART: Part("durations, less what the service says", _durations, 6, (25, 36, 0)),
    schedule.PART: Part("lateness, misses and cost of many checks", _schedule, 0, (45, 0, 60)),
    messages.PART: Part("the largest message of OTLP", _messages, 0, (80, 0, 0)),
    beside_bot.PART: Part("100 checks in the example bot", _bot, 4, (0, 200, 0)),
    faults.PART: Part("faults that blackbox_exporter has", _faults, 0, (15, 0, 0)),
}


def main(words: Sequence[str]) -> int:
    """Run the parts."""
    options = parsed(words)
    if sys.platform != "linux":
        print(f"checks: not measured: {LINUX_ONLY}")
        return 0
    alone()
    progress = Progress()
    with progress.interruptible(), prepared() as machine:
        tables, notes, failed = run_each([_step(name, machine, options, progress) for name in options.part], progress)
    _show(options, ["checks", *words], tables, notes)
    return INTERRUPTED if progress.stopped else int(failed)


def _step(name: str, machine: Machine, options: argparse.Namespace, progress: Progress) -> Step[Figures]:
    part = PARTS[name]
    run = partial(part.run, machine, options, options.rounds or part.rounds, progress)
    return Step(name, part.title, part.takes(options), run)


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """Parse the command line; exit with a message if an option is invalid."""
    width = max(map(len, PARTS))
    it = argparse.ArgumentParser(
        prog="python -m benchmarks checks",
        usage="%(prog)s [PART ...] [options]",
        description=about,
        epilog="parts:\n" + "\n".join(f"  {name:<{width}}  {part.title}" for name, part in PARTS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    it.add_argument("part", nargs="*", metavar="PART", help="(default: all of them)")
    it.add_argument("--minutes", type=amount, default=2.0, metavar="M", help="of each schedule (default: 2)")
    it.add_argument(
        "--variant",
        action="append",
        choices=[variant.name for variant in schedule.VARIANTS],
        default=[],
        help="one of the schedule's variants; may be given several times (default: all of them)",
    )
    it.add_argument("--checks", type=whole, default=10_000, metavar="N", help="of each schedule (default: 10000)")
    it.add_argument("--rounds", type=whole, metavar="N", help="rounds of the parts that have some")
    add_outputs(it)
    options = it.parse_args(words)
    known(it, "part", options.part, PARTS)
    options.part = [name for name in PARTS if not options.part or name in options.part]
    return options


def _show(options: argparse.Namespace, words: Sequence[str], tables: Sequence[Figures], notes: Sequence[str]) -> None:
    circumstances = {**report.circumstances(words), **_peers()}
    heading = report.heading(circumstances)
    reached = targets.cells(tables)
    if len(reached) == 1:
        notes = [*notes, "nothing was measured that a target is set for"]
    for title, cells, below in [*((it.title, it.cells(), it.notes) for it in tables), ("targets", reached, notes)]:
        print(title, "", as_text(cells), *(f"  {note}" for note in below), "", sep="\n")
    if options.markdown:
        parts = ["# Service checks", heading, "## Targets", as_markdown(reached)]
        for it in tables:
            parts += [f"## {it.title}", as_markdown(it.cells()), "\n".join(f"- {note}" for note in it.notes)]
        parts += ["\n".join(f"- {note}" for note in notes)]
        options.markdown.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")
    if options.json:
        figures = {it.name: {"title": it.title, "values": it.values, "notes": it.notes} for it in tables}
        whole = {"about": circumstances, "tables": figures, "targets": reached, "not measured": notes}
        options.json.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _peers() -> dict[str, str]:
    found = {name: report.version_of(name) for name in ("aiohttp", "httpx")}
    return {**found, blackbox.NAME: blackbox.version() if blackbox.command() else "not installed"}
