"""``python -m benchmarks``: run the parts that were chosen, and show what they found."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import traceback
from collections.abc import Sequence

from . import plot, report
from .options import parsed
from .processes import LINUX_ONLY
from .progress import Progress, spoken
from .suite import PARTS
from .tables import Table
from .targets import outcomes
from .verdict import short

INTERRUPTED = 130
"""The exit code of what was interrupted, as shells have it."""


def main(words: Sequence[str] | None = None) -> int:
    """Run the suite."""
    words = sys.argv[1:] if words is None else words
    if words[:1] == ["checks"]:
        from .checks.command import main as checks  # the other parts need neither what it probes nor its peers

        return checks(words[1:])
    options = parsed(words)
    for variable in [name for name in os.environ if name.startswith(("OTEL_", "ARGUS_"))]:
        del os.environ[variable]
    logging.disable(logging.WARNING)
    progress = Progress()
    with progress.interruptible():
        if options.short:
            return short(options.scenario, options.rounds, progress)
        about = report.circumstances(words)
        tables, notes, failed = _run(options, progress)
    if progress.stopped:
        notes.append("interrupted: the last table may have fewer rounds than were asked for")
    found = outcomes(tables, options.users)
    print(report.heading(about), *(report.terminal(table) for table in tables), sep="\n\n")
    print("", report.LEGEND, "", report.reached(found), *(["", *notes] if notes else []), sep="\n")
    if options.json:
        options.json.write_text(report.as_json(about, tables, found, notes), encoding="utf-8")
    if options.markdown:
        options.markdown.write_text(report.markdown(about, tables, found, notes), encoding="utf-8")
    if options.plot and tables:
        plot.draw(options.plot, report.heading(about), tables)
    return INTERRUPTED if progress.stopped else int(failed)


def _run(options: argparse.Namespace, progress: Progress) -> tuple[list[Table], list[str], bool]:
    """Return the tables, what was not measured and why, and whether something has failed."""
    tables: list[Table] = []
    notes: list[str] = []
    failed = False
    parts = [PARTS[name] for name in options.part]
    progress.say(
        f"about {spoken(sum(part.takes(options.rounds) for part in parts))} in all; Ctrl-C shows the results so far"
    )
    for part in parts:
        rounds = options.rounds or part.rounds
        why = _why_not(part.name, options)
        if progress.stopped or why:
            notes.append(f"{part.name}: not measured: {why or 'interrupted'}")
            continue
        progress.say(f"{part.name}: {part.title}, about {spoken(part.takes(rounds))}")
        try:
            found, missing = part.run(options, rounds, progress)
        except KeyboardInterrupt:
            notes.append(f"{part.name}: not measured: interrupted")
        except Exception as error:  # noqa: BLE001 - the other parts know nothing of it, and have taken minutes
            traceback.print_exc()
            notes.append(f"{part.name}: FAILED: {error}")
            failed = True
        else:
            tables += found
            notes += missing
    return tables, list(dict.fromkeys(notes)), failed


def _why_not(name: str, options: argparse.Namespace) -> str | None:
    if PARTS[name].linux and sys.platform != "linux":
        return LINUX_ONLY
    if options.variant and not set(options.variant) & set(PARTS[name].variants):
        return "it has none of the variants that were chosen"
    return None


if __name__ == "__main__":
    sys.exit(main())
