"""``python -m benchmarks checks``: service checks. Run the parts that were chosen, and show what they found."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks import report
from benchmarks.processes import LINUX_ONLY
from benchmarks.progress import Progress, spoken
from benchmarks.tables import as_markdown, as_text

from . import __doc__ as about
from . import beside_bot, blackbox, durations, faults, messages, probes, schedule, targets
from .figures import Figures
from .machine import Machine, prepared

INTERRUPTED = 130

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
    for variable in [name for name in os.environ if name.startswith(("OTEL_", "ARGUS_"))]:
        del os.environ[variable]
    logging.disable(logging.WARNING)
    progress = Progress()
    with progress.interruptible(), prepared() as machine:
        tables, notes, failed = _run(machine, options, progress)
    _show(options, ["checks", *words], tables, notes)
    return INTERRUPTED if progress.stopped else int(failed)


def _run(machine: Machine, options: argparse.Namespace, progress: Progress) -> tuple[list[Figures], list[str], bool]:
    """Return the tables, what was not measured and why, and whether something has failed."""
    tables: list[Figures] = []
    notes: list[str] = []
    failed = False
    progress.say(f"about {spoken(sum(PARTS[name].takes(options) for name in options.part))} in all")
    for name in options.part:
        part = PARTS[name]
        if progress.stopped:
            notes.append(f"{name}: not measured: interrupted")
            continue
        progress.say(f"{name}: {part.title}, about {spoken(part.takes(options))}")
        try:
            found, missing = part.run(machine, options, options.rounds or part.rounds, progress)
        except KeyboardInterrupt:
            notes.append(f"{name}: not measured: interrupted")
        except Exception as error:  # noqa: BLE001 - the other parts know nothing of it, and have taken minutes
            traceback.print_exc()
            notes.append(f"{name}: FAILED: {error}")
            failed = True
        else:
            tables += found
            notes += missing
    return tables, list(dict.fromkeys(notes)), failed


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
    it.add_argument("--minutes", type=_positive, default=2.0, metavar="M", help="of each schedule (default: 2)")
    it.add_argument(
        "--variant",
        action="append",
        choices=[variant.name for variant in schedule.VARIANTS],
        default=[],
        help="one of the schedule's variants; may be given several times (default: all of them)",
    )
    it.add_argument("--checks", type=_count, default=10_000, metavar="N", help="of each schedule (default: 10000)")
    it.add_argument("--rounds", type=_count, metavar="N", help="rounds of the parts that have some")
    it.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    it.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables to FILE, in Markdown")
    options = it.parse_args(words)
    for name in options.part:
        if name not in PARTS:
            it.error(f"part: {name!r} is unknown; choose from: {'; '.join(PARTS)}")
    options.part = [name for name in PARTS if not options.part or name in options.part]
    return options


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e4:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def _count(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return number


def _show(options: argparse.Namespace, words: Sequence[str], tables: Sequence[Figures], notes: Sequence[str]) -> None:
    circumstances = {**report.circumstances(words), **_peers()}
    peers = ", ".join(f"{name} {found}" for name, found in _peers().items())
    heading = f"{report.heading(circumstances)}; {peers}"
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
    found = {name: _version(name) for name in ("aiohttp", "httpx")}
    return {**found, blackbox.NAME: blackbox.version() if blackbox.command() else "not installed"}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
