"""``python -m benchmarks training``: training runs. Run the parts that were chosen, and show what they found."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks import report
from benchmarks.option_types import add_outputs, known, whole
from benchmarks.outcomes import outcomes
from benchmarks.processes import LINUX_ONLY
from benchmarks.progress import Progress
from benchmarks.running import INTERRUPTED, Step, alone, run_each
from benchmarks.tables import Table
from tools.training_envs import ENVIRONMENTS, Environment

from . import __doc__ as about
from . import ends, hooks, logged, stored
from .targets import TARGETS
from .variants import NAMES, chosen

Findings = tuple[list[Table], list[str]]
"""The tables, and the reasons for anything that could not be measured."""

TITLE = "What argus-otel costs in training runs"


@dataclass(frozen=True)
class Part:
    """One part.

    Attributes
    ----------
    run:
        Called with the options, the number of rounds, and the progress.
    rounds:
        By default.
    seconds:
        About how long it takes without rounds, and with each round.
    """

    title: str
    run: Callable[[argparse.Namespace, int, Progress], Findings]
    rounds: int
    seconds: tuple[float, float]

    def takes(self, options: argparse.Namespace) -> float:
        """Return about how many seconds it takes."""
        return self.seconds[0] + self.seconds[1] * (options.rounds or self.rounds)


def _logged(options: argparse.Namespace, rounds: int, progress: Progress) -> Findings:
    variants, absent = chosen(options.variant)
    return logged.measure(variants, options.steps, rounds, progress), absent


def _loop(options: argparse.Namespace, rounds: int, progress: Progress) -> Findings:
    variants, absent = chosen(options.variant)
    return logged.measure_loop(variants, max(1, options.steps // 15), rounds, progress), absent


def _runs(options: argparse.Namespace, rounds: int, progress: Progress) -> Findings:
    variants, absent = chosen(options.variant)
    return ends.measure(variants, rounds, progress), absent


def _hooks(options: argparse.Namespace, rounds: int, progress: Progress) -> Findings:
    return hooks.measure(options.steps, rounds, progress)


def _stored(options: argparse.Namespace, rounds: int, progress: Progress) -> Findings:
    return stored.measure(40 * options.steps, rounds, progress), []


PARTS = {
    logged.PART: Part("a logged step, beside others", _logged, 20, (35, 3)),
    logged.LOOP: Part("a loop that logs each step", _loop, 10, (35, 4)),
    hooks.PART: Part("the hooks of frameworks", _hooks, 20, (90, 0.2)),
    ends.PART: Part("the start and the end of a run", _runs, 3, (0, 35)),
    stored.PART: Part("what history stores", _stored, 3, (0, 20)),
}


def main(words: Sequence[str]) -> int:
    """Run the parts."""
    options = parsed(words)
    if sys.platform != "linux":
        print(f"training: not measured: {LINUX_ONLY}")
        return 0
    alone()
    progress = Progress()
    circumstances = {
        **report.circumstances(["training", *words], ("argus-otel", "opentelemetry-sdk", "chdb-core-lite")),
        **versions(),
        "load": f"{os.getloadavg()[0]:.1f} processes at work before",
    }
    with progress.interruptible():
        tables, notes, failed = run_each([_step(name, options, progress) for name in options.part], progress)
    if progress.stopped:
        notes.append("interrupted: the last table may have fewer rounds than were asked for")
    report.Report(circumstances, tables, outcomes(tables, TARGETS), notes, TITLE).publish(
        options.json, options.markdown
    )
    return INTERRUPTED if progress.stopped else int(failed)


def _step(name: str, options: argparse.Namespace, progress: Progress) -> Step[Table]:
    part = PARTS[name]
    run = partial(part.run, options, options.rounds or part.rounds, progress)
    return Step(name, part.title, part.takes(options), run)


_ASKS = "import sys, importlib.metadata as it; print(*(it.version(name) for name in sys.argv[1:]))"


def versions() -> dict[str, str]:
    """Return the versions of what is measured in other environments, as far as these are made."""
    found: dict[str, str] = {}
    for names, environment in {
        ("keras", "jax"): ENVIRONMENTS["keras"],
        ("torch", "lightning", "transformers"): ENVIRONMENTS["torch"],
        ("argus-reporter", "mlflow", "tensorboardX", "wandb"): ENVIRONMENTS["peers"],
    }.items():
        found.update(_versions(names, environment) if environment.ready else dict.fromkeys(names, "not installed"))
    return found


def _versions(names: Sequence[str], environment: Environment) -> dict[str, str]:
    said = subprocess.run([str(environment.python), "-c", _ASKS, *names], capture_output=True, text=True, check=True)
    return dict(zip(names, said.stdout.split(), strict=True))


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """Parse the command line; exit with a message if an option is invalid."""
    width = max(map(len, PARTS))
    listed = [f"  {name:<{width}}  {part.title} ({part.rounds} rounds)" for name, part in PARTS.items()]
    it = argparse.ArgumentParser(
        prog="python -m benchmarks training",
        usage="%(prog)s [PART ...] [options]",
        description=about,
        epilog="\n".join(
            ["parts:", *listed, "", "variants of logged, loop and run:", *(f"  {name}" for name in NAMES)]
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    it.add_argument("part", nargs="*", metavar="PART", help="(default: all of them)")
    it.add_argument("--rounds", type=whole, metavar="N", help="rounds of each part")
    it.add_argument(
        "--variant",
        action="append",
        metavar="NAME",
        help="measure only this one, besides the bare loop and argus-otel; may be repeated",
    )
    it.add_argument("--steps", type=whole, default=5000, metavar="N", help="of each round (default: 5000)")
    add_outputs(it)
    options = it.parse_args(words)
    known(it, "part", options.part, PARTS)
    known(it, "--variant", options.variant or [], NAMES)
    options.part = [name for name in PARTS if not options.part or name in options.part]
    options.variant = options.variant or list(NAMES)
    return options
