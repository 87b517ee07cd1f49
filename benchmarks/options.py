"""The command line. All options are checked before anything is measured."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from . import __doc__ as about
from . import plot
from .option_types import add_outputs, amount, known, whole, writable
from .progress import spoken
from .scenarios import SCENARIOS
from .suite import PARTS
from .verdict import CEILINGS

_HELP = """\
how to read it:
  Compare `added` with the rows called A/A, which add nothing: a difference no bigger than theirs is noise.
  Times hold for this machine and this minute; across machines compare ratios only. The table of targets comes last.
  Ctrl-C finishes the current round, and shows the results so far.

how to run it:
  make bench                                        everything, in an environment that has the peers and matplotlib
  make bench BENCH_ARGS="loop --scenario slash --rounds 100"
  make bench BENCH_ARGS="startup scrape --json figures.json --markdown figures.md --plot figures.svg"
  make bench BENCH_ARGS="--rounds 5"                roughly, in half the time
  make bench BENCH_ARGS="checks --minutes 10"       service checks, which have options of their own: checks --help
  make bench BENCH_ARGS="graphs"                    agent graphs, in another environment: graphs --help
  make bench BENCH_ARGS="training"                  training runs: training --help
  python -m benchmarks --short                      for CI: seconds, without peers, and an exit code

"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    it = argparse.ArgumentParser(
        prog="python -m benchmarks",
        usage="%(prog)s [PART ...] [options]",
        description=about,
        epilog=_HELP + _listed(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    it.add_argument("part", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (default: all of them)")
    it.add_argument("--rounds", type=whole, metavar="N", help="rounds of each part (default: see below)")
    it.add_argument(
        "--variant",
        action="append",
        metavar="NAME",
        help="measure only this one, besides the bare bot; may be repeated",
    )
    add_outputs(it)
    it.add_argument("--plot", type=_picture, metavar="FILE", help="draw them into FILE (.svg, .png); needs matplotlib")
    it.add_argument(
        "--short",
        action="store_true",
        help=f"for CI: {' and '.join(CEILINGS)}, without peers; fails if argus-otel is certainly too expensive",
    )
    of_loop = it.add_argument_group("loop")
    of_loop.add_argument("--scenario", action="append", metavar="NAME", help="measure only this one; may be repeated")
    of_scrape = it.add_argument_group("scrape")
    of_scrape.add_argument("--shards", type=whole, default=16, metavar="N", help="shards of each bot (default: 16)")
    of_scrape.add_argument(
        "--users",
        type=whole,
        default=500_000,
        metavar="N",
        help="users in every second bot's cache (default: 500000)",
    )
    of_scrape.add_argument(
        "--commands",
        type=whole,
        default=10,
        metavar="N",
        help="commands used beforehand, in argus-otel's bot (default: 10)",
    )
    of_soak = it.add_argument_group("soak (a round is one count of the memory)")
    of_soak.add_argument(
        "--events", type=whole, default=1_000_000, metavar="N", help="events for each bot (default: 1000000)"
    )
    of_paced = it.add_argument_group("paced")
    of_paced.add_argument("--seconds", type=amount, default=8.0, metavar="S", help="duration of each run (default: 8)")
    of_paced.add_argument(
        "--rate", type=amount, default=50.0, metavar="N", help="actions of users a second (default: 50)"
    )
    return it


def parsed(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line; exit with a message if an option is invalid."""
    it = parser()
    options = it.parse_args(words)
    known(it, "part", options.part, PARTS)
    if options.scenario:
        known(it, "--scenario", options.scenario, [scenario.name for scenario in SCENARIOS])
        options.part = options.part or ["loop"]
        if "loop" not in options.part:
            it.error("--scenario belongs to the part `loop`, which was not chosen")
    if options.short:
        _short(it, options)
    # In the order of the suite, and each once.
    options.part = [name for name in PARTS if not options.part or name in options.part]
    if options.variant:
        known(it, "--variant", options.variant, sorted({name for it in options.part for name in PARTS[it].variants}))
    if "soak" in options.part and options.events < (options.rounds or PARTS["soak"].rounds) * 20:
        it.error("--events: fewer than twenty for each round of the soak")
    return options


def _short(it: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    if options.part not in ([], ["loop"]):
        it.error("--short belongs to the part `loop` only")
    if options.variant or options.json or options.markdown or options.plot:
        it.error("--short cannot be combined with --variant, --json, --markdown or --plot")
    known(it, "--short --scenario", options.scenario or [], list(CEILINGS))
    options.part = ["loop"]


def _listed() -> str:
    lines = ["parts, with their rounds and duration on two cores:"]
    lines += [
        f"  {part.name:<16}{part.title} ({part.rounds} rounds, {spoken(part.takes(None))})" for part in PARTS.values()
    ]
    lines.append("  (`loop` begins with five more rounds to warm up, `startup` with one)")
    total = sum(part.takes(None) for part in PARTS.values())
    lines += [f"  {'in all':<16}about {spoken(total)}", "", "scenarios of `loop`:"]
    lines += [f"  {scenario.name:<16}{scenario.title}" for scenario in SCENARIOS]
    lines += ["", "variants, each for the parts that have it:"]
    names = dict.fromkeys(name for part in PARTS.values() for name in part.variants)
    for name in names:
        lines.append(f"  {name:<44}{', '.join(part.name for part in PARTS.values() if name in part.variants)}")
    return "\n".join(lines)


def _picture(text: str) -> Path:
    if not plot.available():
        raise argparse.ArgumentTypeError(plot.INSTALL)
    if Path(text).suffix not in plot.ENDINGS:
        raise argparse.ArgumentTypeError(f"{text} has to end with one of {', '.join(plot.ENDINGS)}")
    return writable(text)
