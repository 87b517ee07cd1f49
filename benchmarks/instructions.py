"""``python -m benchmarks.instructions``: Python's instructions that run for each piece of work on the event loop.

Times vary with the machine; this count hardly does. It tells whether a change has made a hook dearer, and where. It
leaves out what C does, and counts an instruction that allocates like any other: `make bench` says what they cost.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import argus_otel

from .scenarios import SCENARIOS, Scenario
from .tables import as_markdown
from .variants import HISTORY, OURS, TRACED, Stage, stage

_COUNTED = ("bare", OURS, TRACED[0], TRACED[-1], HISTORY)
_ROOT = str(Path(argus_otel.__file__).parent)
_WARM = 3

Count = Counter["tuple[str, str]"]
"""Instructions by file, empty if it is not argus-otel's, and function."""


def counted(on: Stage, scenario: Scenario) -> dict[str, Count]:
    """Return the instructions of one piece of work by variant, on average over those that the scenario does at once."""
    scenario.begin()
    found: dict[str, Count] = {}
    for variant in on.variants(scenario):
        if variant.name not in _COUNTED:
            continue
        variant.enter()
        for _ in range(_WARM):
            on.loop.run_until_complete(scenario.work(variant.subject)())
        found[variant.name] = _traced(on, scenario.work(variant.subject))
        variant.leave()
    return found


def _traced(on: Stage, work: Callable[[], Any]) -> Count:
    counts: Count = Counter()

    def each(frame: FrameType, event: str, _: object) -> object:
        if event == "opcode":
            path = frame.f_code.co_filename
            counts[path.removeprefix(_ROOT)[1:] if path.startswith(_ROOT) else "", frame.f_code.co_name] += 1
        return each

    def call(frame: FrameType, *_: object) -> object:
        frame.f_trace_opcodes = True
        return each

    before = sys.gettrace()
    sys.settrace(call)  # type: ignore[arg-type]
    try:
        pieces = on.loop.run_until_complete(work())
    finally:
        sys.settrace(before)
    return Counter({key: round(count / pieces) for key, count in counts.items()})


def ours(count: Count) -> int:
    """Return how many of the instructions are argus-otel's."""
    return sum(number for (path, _), number in count.items() if path)


def main(arguments: list[str] | None = None) -> int:
    """Count, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.instructions")
    parser.add_argument(
        "--scenario", choices=[each.name for each in SCENARIOS], action="append", help="only this one; may be repeated"
    )
    parser.add_argument(
        "--functions", type=int, default=0, metavar="N", help="also list the N dearest functions of ours"
    )
    chosen = parser.parse_args(arguments)
    logging.disable(logging.WARNING)
    wanted = [each for each in SCENARIOS if not chosen.scenario or each.name in chosen.scenario]
    rows = [["", "bare", *(f"{name} adds" for name in _COUNTED[1:])]]
    with stage() as on:
        for scenario in wanted:
            print(f"  {scenario.title}", file=sys.stderr)
            found = counted(on, scenario)
            bare = sum(found["bare"].values())
            added = [f"+{ours(found[name])}" if name in found else "" for name in _COUNTED[1:]]
            rows.append([scenario.title, str(bare), *added])
            if chosen.functions:
                _list(found[OURS], chosen.functions)
    print(as_markdown(rows))
    return 0


def _list(count: Count, most: int) -> None:
    of_ours = Counter({key: number for key, number in count.items() if key[0]})
    for (path, function), number in of_ours.most_common(most):
        print(f"    {number:>6} {path}: {function}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
