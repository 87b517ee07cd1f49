"""``python -m benchmarks graphs``: agent graphs. Run the parts that were chosen, and show what they found."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property, partial

from benchmarks import report
from benchmarks.option_types import add_outputs, known, whole
from benchmarks.outcomes import outcomes
from benchmarks.processes import LINUX_ONLY
from benchmarks.progress import Progress
from benchmarks.running import INTERRUPTED, Step, alone, run_each
from benchmarks.tables import Shown, Statements, Table

from . import __doc__ as about
from . import detections, end, facts, memory, nodes, startup
from .faults import table
from .peers import PEERS
from .targets import TARGETS
from .variants import NAMES, Stage, missing, stage

Findings = tuple[list[Shown], list[str]]
"""The tables, and the reasons for anything that could not be measured."""

NAMED = (
    "argus-otel",
    "langgraph",
    "langchain",
    "langchain-core",
    "opentelemetry-sdk",
    *(peer.distribution for peer in PEERS),
)


class Setting:
    """What the parts have in common.

    Attributes
    ----------
    options:
        Of the command line.
    """

    def __init__(self, options: argparse.Namespace, progress: Progress, stack: ExitStack) -> None:
        self.options = options
        self.progress = progress
        self._stack = stack

    @cached_property
    def stage(self) -> Stage:
        """The variants, from the first part on that needs them."""
        return self._stack.enter_context(stage(self.options.variant))


@dataclass(frozen=True)
class Part:
    """One part.

    Attributes
    ----------
    rounds:
        By default.
    seconds:
        About how long it takes without rounds, with each round, and with a thousand of ``--runs``.
    """

    title: str
    run: Callable[[Setting, int], Findings]
    rounds: int
    seconds: tuple[float, float, float]

    def takes(self, options: argparse.Namespace) -> float:
        """Return about how many seconds it takes."""
        fixed, round_, thousand = self.seconds
        return fixed + round_ * (options.rounds or self.rounds) + thousand * options.runs / 1000


Measure = Callable[[Stage, int, Progress], list[Table]]
Judge = Callable[[Sequence[str], Progress], tuple[list[Statements], list[str]]]


def _staged(measure: Measure) -> Callable[[Setting, int], Findings]:
    def run(it: Setting, rounds: int) -> Findings:
        return [*measure(it.stage, rounds, it.progress)], missing(it.options.variant)

    return run


def _judged(judge: Judge) -> Callable[[Setting, int], Findings]:
    def run(it: Setting, _: int) -> Findings:
        tables, absent = judge(it.options.variant, it.progress)
        return [*tables], absent

    return run


def _facts(it: Setting, rounds: int) -> Findings:
    return [*facts.measure(rounds, it.progress)], []


def _memory(it: Setting, rounds: int) -> Findings:
    return [*memory.measure(it.options.runs, rounds, it.progress.counting("counts"))], []


def _startup(it: Setting, rounds: int) -> Findings:
    return [*startup.measure(startup.KINDS, rounds, it.progress.counting("starts"))], []


PARTS = {
    nodes.PART: Part("what is added to a node", _staged(nodes.measure), 40, (30, 9, 0)),
    nodes.AGENT: Part("what is added to an agent", _staged(nodes.measure_agent), 40, (15, 6, 0)),
    facts.PART: Part("the facts for rules alone", _facts, 40, (1, 0.2, 0)),
    end.PART: Part("what is added to a run's end", _staged(end.measure), 40, (30, 11, 0)),
    memory.PART: Part("memory while a graph runs again and again", _memory, memory.PARTS, (10, 0, 3)),
    startup.PART: Part("a start: time and memory", _startup, 20, (10, 10, 0)),
    table.PART: Part("faults of watchers of graphs", _judged(table.measure), 1, (240, 0, 0)),
    detections.PART: Part("what is found in healthy and broken graphs", _judged(detections.measure), 1, (20, 0, 0)),
}
IN_WORDS = {table.PART, detections.PART}
"""The parts that time nothing."""
IN_WORDS_TITLE = "Agent graphs: what is recorded of them, what is found in them, and whether it is right"


def main(words: Sequence[str]) -> int:
    """Run the parts."""
    options = parsed(words)
    if sys.platform != "linux":
        print(f"graphs: not measured: {LINUX_ONLY}")
        return 0
    alone()
    os.environ["LANGSMITH_TRACING"] = "false"
    progress = Progress()
    circumstances = report.circumstances(["graphs", *words], NAMED)
    with progress.interruptible(), ExitStack() as stack:
        it = Setting(options, progress, stack)
        tables, notes, failed = run_each([_step(name, it) for name in options.part], progress)
    if progress.stopped:
        notes.append("interrupted: the last table may have fewer rounds than were asked for")
    found = outcomes([each for each in tables if isinstance(each, Table)], TARGETS)
    title = IN_WORDS_TITLE if IN_WORDS.issuperset(options.part) else "What argus-otel costs in agent graphs"
    whole_report = report.Report(circumstances, tables, found, notes, title)
    whole_report.publish(options.json, options.markdown)
    return INTERRUPTED if progress.stopped else int(failed)


def _step(name: str, it: Setting) -> Step[Shown]:
    part = PARTS[name]
    run = partial(part.run, it, it.options.rounds or part.rounds)
    return Step(name, part.title, part.takes(it.options), run)


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """Parse the command line; exit with a message if an option is invalid."""
    width = max(map(len, PARTS))
    listed = [
        f"  {name:<{width}}  {part.title}{f' ({part.rounds} rounds)' * (name not in IN_WORDS)}"
        for name, part in PARTS.items()
    ]
    it = argparse.ArgumentParser(
        prog="python -m benchmarks graphs",
        usage="%(prog)s [PART ...] [options]",
        description=about,
        epilog="\n".join(
            [
                "parts:",
                *listed,
                "",
                "variants of nodes, agent, end, faults and detections:",
                *(f"  {name}" for name in NAMES),
            ]
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    it.add_argument("part", nargs="*", metavar="PART", help="(default: all of them)")
    it.add_argument("--rounds", type=whole, metavar="N", help="rounds of each part; of memory, counts")
    it.add_argument(
        "--variant",
        action="append",
        metavar="NAME",
        help="measure only this one, besides the bare graph; may be repeated",
    )
    it.add_argument("--runs", type=whole, default=100_000, metavar="N", help="of memory (default: 100000)")
    add_outputs(it)
    options = it.parse_args(words)
    known(it, "part", options.part, PARTS)
    known(it, "--variant", options.variant or [], NAMES)
    options.part = [name for name in PARTS if not options.part or name in options.part]
    options.variant = [name for name in NAMES if not options.variant or name in options.variant]
    counts = options.rounds or PARTS[memory.PART].rounds
    if memory.PART in options.part and options.runs < 20 * counts:
        it.error("--runs: fewer than twenty for each count of the memory")
    return options
