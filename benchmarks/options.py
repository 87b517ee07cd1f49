"""The command line, all of which is checked before anything is measured."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from . import __doc__ as about
from . import plot
from .suite import PARTS
from .progress import spoken
from .scenarios import SCENARIOS
from .verdict import CEILINGS

_HELP = """\
how to read it:
  Compare `added` with the rows called A/A, which have nothing to add: a difference no bigger than theirs is none.
  Times are of this machine and this minute; between machines only ratios travel. The table of targets comes last.
  Ctrl-C ends the round that is measured, and shows what there is.

how to run it:
  make bench                                        everything, in an environment that has the peers and matplotlib
  make bench BENCH_ARGS="loop --scenario slash --rounds 100"
  make bench BENCH_ARGS="startup scrape --json figures.json --markdown figures.md --plot figures.svg"
  make bench BENCH_ARGS="--rounds 5"                roughly, in half the time
  python -m benchmarks --short                      for CI: seconds, without peers, and an exit code

"""


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    it = argparse.ArgumentParser(
        prog="python -m benchmarks",
        usage="%(prog)s [PART ...] [options]",
        description=about,
        epilog=_HELP + _listed(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    it.add_argument("part", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (default: all of them)")
    it.add_argument("--rounds", type=_positive, metavar="N", help="of each part (default: each part's own, see below)")
    it.add_argument(
        "--variant", action="append", metavar="NAME", help="beside the bare bot, only this one; may be given again"
    )
    it.add_argument("--json", type=_writable, metavar="FILE", help="write all figures to FILE")
    it.add_argument("--markdown", type=_writable, metavar="FILE", help="write the tables to FILE, as a README has them")
    it.add_argument("--plot", type=_picture, metavar="FILE", help="draw them into FILE (.svg, .png); needs matplotlib")
    it.add_argument(
        "--short",
        action="store_true",
        help=f"for CI: {' and '.join(CEILINGS)}, without peers; fails where argus-otel is surely too expensive",
    )
    of_loop = it.add_argument_group("loop")
    of_loop.add_argument("--scenario", action="append", metavar="NAME", help="only this one; may be given again")
    of_scrape = it.add_argument_group("scrape")
    of_scrape.add_argument("--shards", type=_positive, default=16, metavar="N", help="of each bot (default: 16)")
    of_scrape.add_argument(
        "--users", type=_positive, default=500_000, metavar="N", help="in every second bot's cache (default: 500000)"
    )
    of_scrape.add_argument(
        "--commands", type=_positive, default=10, metavar="N", help="used before, in argus-otel's bot (default: 10)"
    )
    of_soak = it.add_argument_group("soak; its rounds are how often memory is counted")
    of_soak.add_argument(
        "--events", type=_positive, default=1_000_000, metavar="N", help="for each bot (default: 1000000)"
    )
    of_paced = it.add_argument_group("paced")
    of_paced.add_argument("--seconds", type=_amount, default=8.0, metavar="S", help="of each run (default: 8)")
    of_paced.add_argument(
        "--rate", type=_amount, default=50.0, metavar="N", help="acts of users a second (default: 50)"
    )
    return it


def parsed(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; end with a message where something of it cannot be done."""
    it = parser()
    options = it.parse_args(words)
    _known(it, "part", options.part, PARTS)
    if options.scenario:
        _known(it, "--scenario", options.scenario, [scenario.name for scenario in SCENARIOS])
        options.part = options.part or ["loop"]
        if "loop" not in options.part:
            it.error("--scenario is of the part `loop`, which is not among those that were chosen")
    if options.short:
        _short(it, options)
    # In their own order, and each once.
    options.part = [name for name in PARTS if not options.part or name in options.part]
    if options.variant:
        _known(it, "--variant", options.variant, sorted({name for it in options.part for name in PARTS[it].variants}))
    if "soak" in options.part and options.events < (options.rounds or PARTS["soak"].rounds) * 20:
        it.error("--events: fewer than twenty for each round of the soak")
    return options


def _short(it: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    if options.part not in ([], ["loop"]):
        it.error("--short is of the part `loop` only")
    if options.variant or options.json or options.markdown or options.plot:
        it.error("--short has an exit code, and neither variants nor files: leave it out, or them")
    _known(it, "--short --scenario", options.scenario or [], list(CEILINGS))
    options.part = ["loop"]


def _known(it: argparse.ArgumentParser, what: str, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            it.error(f"{what}: there is no {name!r} here, only: {'; '.join(known)}")


def _listed() -> str:
    lines = ["parts, with their rounds and the time that they take on two cores:"]
    lines += [
        f"  {part.name:<16}{part.title} ({part.rounds} rounds, {spoken(part.takes(None))})" for part in PARTS.values()
    ]
    lines.append("  (of `loop`, five rounds more come first, to warm up; of `startup`, one)")
    total = sum(part.takes(None) for part in PARTS.values())
    lines += [f"  {'in all':<16}about {spoken(total)}", "", "scenarios of `loop`:"]
    lines += [f"  {scenario.name:<16}{scenario.title}" for scenario in SCENARIOS]
    lines += ["", "variants, each for the parts that have it:"]
    names = dict.fromkeys(name for part in PARTS.values() for name in part.variants)
    for name in names:
        lines.append(f"  {name:<44}{', '.join(part.name for part in PARTS.values() if name in part.variants)}")
    return "\n".join(lines)


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return number


def _amount(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return number


def _writable(text: str) -> Path:
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is a directory")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no directory {path.parent}")
    was_there = path.exists()
    try:
        path.open("a").close()
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text} cannot be written: {error.strerror}") from None
    if not was_there:  # other words of the command may yet be refused
        path.unlink()
    return path


def _picture(text: str) -> Path:
    if not plot.available():
        raise argparse.ArgumentTypeError(plot.INSTALL)
    if Path(text).suffix not in plot.ENDINGS:
        raise argparse.ArgumentTypeError(f"{text} ends with none of {', '.join(plot.ENDINGS)}")
    return _writable(text)
