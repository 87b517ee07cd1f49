"""``python -m benchmarks``: run the parts that were chosen, and show what they found."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial

from . import plot, report
from .options import parsed
from .outcomes import outcomes
from .processes import LINUX_ONLY
from .progress import Progress
from .running import INTERRUPTED, Step, alone, run_each
from .suite import PARTS
from .tables import Table
from .targets import targets
from .verdict import short


def main(words: Sequence[str] | None = None) -> int:
    """Run the suite."""
    words = sys.argv[1:] if words is None else words
    # The other parts need neither what these observe nor their peers.
    if words[:1] == ["checks"]:
        from .checks.command import main as checks

        return checks(words[1:])
    if words[:1] == ["graphs"]:
        from .graphs.command import main as graphs

        return graphs(words[1:])
    if words[:1] == ["training"]:
        from .training.command import main as training

        return training(words[1:])
    options = parsed(words)
    alone()
    progress = Progress()
    with progress.interruptible():
        if options.short:
            return short(options.scenario, options.rounds, progress)
        about = report.circumstances(words)
        tables, notes, failed = run_each([_step(name, options, progress) for name in options.part], progress)
    if progress.stopped:
        notes.append("interrupted: the last table may have fewer rounds than were asked for")
    found = outcomes(tables, targets(options.users))
    report.Report(about, tables, found, notes).publish(options.json, options.markdown)
    if options.plot and tables:
        plot.draw(options.plot, report.heading(about), tables)
    return INTERRUPTED if progress.stopped else int(failed)


def _step(name: str, options: argparse.Namespace, progress: Progress) -> Step[Table]:
    part = PARTS[name]
    rounds = options.rounds or part.rounds
    run = partial(part.run, options, rounds, progress)
    return Step(name, part.title, part.takes(rounds), run, _why_not(name, options))


def _why_not(name: str, options: argparse.Namespace) -> str | None:
    if PARTS[name].linux and sys.platform != "linux":
        return LINUX_ONLY
    if options.variant and not set(options.variant) & set(PARTS[name].variants):
        return "it has none of the variants that were chosen"
    return None


if __name__ == "__main__":
    sys.exit(main())
