"""``argus-otel checks timeline``: the states of checks over time, drawn as blocks."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from argus_otel.terminal.store_options import positive

from . import add_by_location, add_checks, asked, run_checks_query

if TYPE_CHECKING:
    from argus_otel.sources.checks.history.queries import History
    from argus_otel.sources.checks.history.results import Stage

_BLOCKS = {"up": "█", "degraded": "▅", "down": "▁", "muted": "░", "unknown": "·"}
_LETTERS = {"up": "#", "degraded": "+", "down": "_", "muted": "m", "unknown": "."}
"""For a terminal that has no blocks."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_checks(parser)
    add_by_location(parser)
    parser.add_argument(
        "--parts", metavar="N", type=positive, default=60, help="into how many parts the range is cut (%(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    return run_checks_query("timeline", _query, arguments, show=_show)


def _query(history: History, arguments: argparse.Namespace) -> list[Stage]:
    return history.timeline(number=arguments.parts, by_location=arguments.by_location, **asked(arguments))


def _show(stages: Sequence[Stage], form: str) -> int:
    from argus_otel.terminal import records

    if form != "table" or not stages:
        return records.show(stages, form)
    blocks = _blocks()
    titles = {(each.check, each.location): records.text_of(f"{each.check} {each.location}".strip()) for each in stages}
    width = max(map(len, titles.values()))
    line = ""
    for key, group in groupby(stages, key=lambda each: (each.check, each.location)):
        line = "".join(blocks[each.state] for each in group)
        print(f"{titles[key].ljust(width)}  {line}")
    first, last = (records.text_of(stage.start) for stage in (stages[0], stages[-1]))
    print(f"{'':{width}}  {first}{last.rjust(max(len(line) - len(first), len(last) + 1))}")
    print(f"{'':{width}}  " + "  ".join(f"{block} {state}" for state, block in blocks.items()))
    return 0


def _blocks() -> dict[str, str]:
    try:
        "".join(_BLOCKS.values()).encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return _LETTERS
    return _BLOCKS
