"""What argus-otel adds to what a bot does, beside other packages that observe bots."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from argus_otel.runtime import runtime

from . import plot, report
from .pairs import Result, compare
from .peers import PEERS, installed
from .scenarios import SCENARIOS
from .variants import stage
from .verdict import CEILINGS, judge

_HELP = """\
how to read and to run it:
  make bench                                        everything, in an environment that has the peers and matplotlib
  make bench BENCH_ARGS="--scenario slash --rounds 100"
  python -m benchmarks --short                      a few seconds: fails only where argus-otel has surely become dear

  Each round times every variant once, in random order, on the same real discord.py and the same real payloads; the
  garbage collector rests meanwhile. Compare `added` with the rows called A/A: a difference that is no bigger than
  theirs is none. Times are of this machine and this minute; between machines only ratios travel.

  Tracing keeps 0 %, 1 % or all of the traces, by OTEL_TRACES_SAMPLER=traceidratio. Spans go through the SDK's batches
  to an exporter that drops them: its thread's time is not counted, for us or for any peer.

scenarios:
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suite."""
    options = _parser().parse_args(arguments)
    if options.plot and not plot.available():
        print(plot.INSTALL, file=sys.stderr)
        return 2
    for variable in [name for name in os.environ if name.startswith(("OTEL_", "ARGUS_"))]:
        del os.environ[variable]
    logging.disable(logging.WARNING)
    if options.short:
        chosen, rounds = list(CEILINGS), options.rounds or 25
    else:
        chosen, rounds = options.scenario or [scenario.name for scenario in SCENARIOS], options.rounds or 40
    tables = run(chosen, rounds, short=options.short)
    about = report.circumstances(rounds, {} if options.short else _versions())
    titled = {scenario.title: tables[scenario.name] for scenario in SCENARIOS if scenario.name in tables}
    print(report.heading(about), *(report.table(*each) for each in titled.items()), report.LEGEND, sep="\n\n")
    missing = [peer.missing for peer in PEERS if peer.version is None]
    if missing and not options.short:
        print("", *missing, sep="\n")
    if options.json:
        Path(options.json).write_text(report.as_json(about, tables), encoding="utf-8")
    if options.plot:
        plot.draw(Path(options.plot), report.heading(about), titled)
    return _outcome(tables, short=options.short)


def run(chosen: Sequence[str], rounds: int, *, short: bool = False) -> dict[str, list[Result]]:
    """Time the chosen scenarios, and return their results by the scenarios' names."""
    tables: dict[str, list[Result]] = {}
    with stage([] if short else list(installed()), short=short) as on:
        for scenario in SCENARIOS:
            if scenario.name in chosen:
                print(f"{scenario.title} …", file=sys.stderr)
                scenario.begin()
                tables[scenario.name] = compare(on.loop, scenario.work, on.variants(scenario.name), rounds)
    return tables


def _outcome(tables: dict[str, list[Result]], *, short: bool) -> int:
    faults = runtime().telemetry.guard.faults
    if faults:
        print(f"\nhooks failed, so these figures are worth nothing: {faults}")
        return 1
    if not short:
        return 0
    verdicts = [judge(name, results) for name, results in tables.items()]
    print("", *verdicts, sep="\n")
    return int(any(verdict.failed for verdict in verdicts))


def _versions() -> dict[str, str]:
    return {peer.distribution: str(peer.version) for peer in installed()}


def _parser() -> argparse.ArgumentParser:
    width = max(len(scenario.name) for scenario in SCENARIOS) + 2
    listed = "\n".join(f"  {scenario.name:<{width}}{scenario.title}" for scenario in SCENARIOS)
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog=_HELP + listed,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--scenario",
        action="append",
        choices=[scenario.name for scenario in SCENARIOS],
        metavar="NAME",
        help="only this one; may be given again (default: all)",
    )
    parser.add_argument(
        "--rounds", type=_positive, metavar="N", help="rounds for each scenario (default: 40; short: 25)"
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures to FILE too, in µs")
    parser.add_argument("--plot", metavar="FILE", help="draw them into FILE too (.svg, .png); needs matplotlib")
    parser.add_argument(
        "--short", action="store_true", help="for CI: two scenarios, no peers, and an exit code that says too expensive"
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


if __name__ == "__main__":
    sys.exit(main())
