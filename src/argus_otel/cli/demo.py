"""``argus-otel demo``: runs a program, and compares its metrics with the count of the other side."""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Protocol

from . import install

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console
    from typing_extensions import Self

    from argus_otel.demo.row import Row
    from argus_otel.panels import Panel

_INTERVAL = 1.0
_RATE, _SEED = 25.0, 7


class Stage(Protocol):
    """What is played; it runs inside a ``with`` block.

    Attributes
    ----------
    opening, closing:
        What is printed before it starts, and before its end is awaited.
    title:
        The title of the comparison.
    url:
        The endpoint's URL of the program that is observed.
    """

    opening: str
    closing: str
    title: str
    url: str

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def play(self) -> None:
        """Begin."""

    def progress(self) -> str:
        """Return in a few words what has happened so far."""
        ...

    def settle(self) -> list[Row]:
        """End it, and return the comparison."""
        ...

    def output(self) -> str:
        """Return the end of what the program has printed."""
        ...


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "what",
        nargs="?",
        choices=("discord", *_WITHOUT_USERS),
        default="discord",
        help="discord: a bot against a simulated Discord, the default; checks: an agent that checks services on this "
        "machine, some of which are slow, flap, hang, break off or have a bad certificate; graphs: a support agent of "
        "LangGraph that asks models on this machine, with faults that no customer and no log tells of; training: a "
        "program that trains, is killed and goes on, diverges, and is stopped from another process",
    )
    parser.add_argument(
        "--duration", metavar="SECONDS", type=_positive, help="how long the demo lasts; by default until Ctrl-C"
    )
    parser.add_argument(
        "--rate",
        metavar="N",
        type=_positive,
        help=f"discord: operations of users each second, on average ({_RATE:g})",
    )
    parser.add_argument("--seed", metavar="N", type=int, help=f"discord: the seed of the random users ({_SEED})")
    parser.add_argument(
        "--port",
        metavar="PORT",
        type=_port,
        help="the port of the program's endpoint; by default 9464, or a free one if that is in use",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run a demo; return 0 if both counts agree, 1 if they do not or it did not start, and 2 for wrong usage."""
    if arguments.what == "discord":
        return _run_discord(arguments)
    if arguments.rate is not None or arguments.seed is not None:
        print(f"argus-otel demo {arguments.what}: it has no --rate and no --seed: these are discord's", file=sys.stderr)
        return 2
    perform, extras = _WITHOUT_USERS[arguments.what]
    try:
        return perform(arguments)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("", "argus_otel"):
            raise
        needs = f"argus-otel demo {arguments.what} needs {missing}, which is not installed"
        print(f"{needs}: {install(extras)}", file=sys.stderr)
        return 2


def _run_discord(arguments: argparse.Namespace) -> int:
    from argus_otel.demo.observed_process import DemoError
    from argus_otel.demo.stage import Stage

    from .top import source_panels

    rate = _RATE if arguments.rate is None else arguments.rate
    seed = _SEED if arguments.seed is None else arguments.seed
    try:
        return _perform(Stage(rate, seed, arguments.port), source_panels(), arguments.duration)
    except DemoError as error:
        return _fail(error)


def _run_checks(arguments: argparse.Namespace) -> int:
    from argus_otel.demo.checks.panels import PANELS
    from argus_otel.demo.checks.stage import Stage
    from argus_otel.demo.observed_process import DemoError

    try:
        return _perform(Stage(arguments.port), [PANELS], arguments.duration)
    except DemoError as error:
        return _fail(error)


def _run_graphs(arguments: argparse.Namespace) -> int:
    from argus_otel.demo.graphs.panels import PANELS
    from argus_otel.demo.graphs.stage import Stage
    from argus_otel.demo.observed_process import DemoError

    try:
        return _perform(Stage(arguments.port), [PANELS], arguments.duration)
    except DemoError as error:
        return _fail(error)


def _run_training(arguments: argparse.Namespace) -> int:
    from argus_otel.demo.observed_process import DemoError
    from argus_otel.demo.training.panels import panels
    from argus_otel.demo.training.stage import Stage

    try:
        return _perform(Stage(arguments.port), [panels()], arguments.duration)
    except DemoError as error:
        return _fail(error)


_WITHOUT_USERS: dict[str, tuple[Callable[[argparse.Namespace], int], str]] = {
    "checks": (_run_checks, "cli,checks"),
    "graphs": (_run_graphs, "demo-graphs"),
    "training": (_run_training, "cli"),
}
"""The demos without ``--rate`` and ``--seed``, each with the extras that it needs."""


def _fail(error: Exception) -> int:
    from rich.console import Console

    Console().print(f"argus-otel demo: {error}", style="red", highlight=False, markup=False)
    return 1


def _perform(stage: Stage, panels: Sequence[Sequence[Panel]], duration: float | None) -> int:
    from rich.console import Console

    console = Console()
    console.print(stage.opening)
    try:
        with stage:
            _watch(console, stage, panels, duration)
            console.print(stage.closing)
            return conclude(console, stage, stage.settle())
    except KeyboardInterrupt:
        console.print("Ended before the comparison.")
        return 130


def _watch(console: Console, stage: Stage, panels: Sequence[Sequence[Panel]], duration: float | None) -> None:
    stage.play()
    try:
        if console.is_terminal:
            _live(console, stage, panels, duration)
        else:
            _plain(console, stage, panels, duration)
    except KeyboardInterrupt:
        pass


def _live(console: Console, stage: Stage, panels: Sequence[Sequence[Panel]], duration: float | None) -> None:
    from argus_otel.scrape.scraper import Scraper

    from .top import watch
    from .top.view import Dashboard

    last = watch(console, Scraper(stage.url), panels, _INTERVAL, duration or math.inf)
    console.print(Dashboard(last, panels))


def _plain(console: Console, stage: Stage, panels: Sequence[Sequence[Panel]], duration: float | None) -> None:
    """Print a line now and then, and one frame at the end, for an output that is not a terminal."""
    from argus_otel.scrape.scraper import Scraper

    from .top.view import Dashboard, Frame

    scraper = Scraper(stage.url)
    first = before = scraper.scrape()
    console.print(f"The metrics: {stage.url}/metrics", highlight=False)
    end = time.monotonic() + (duration or math.inf)
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(5.0, left))
        now = scraper.scrape()
        console.print(f"{now.at - first.at:5.0f} s  {stage.progress()}", highlight=False)
        frame = Frame(scraper.url, first, before, now)
        before = now
        if left <= 5.0:
            console.print(Dashboard(frame, panels))


def conclude(console: Console, stage: Stage, rows: Sequence[Row]) -> int:
    """Print a comparison; return 0 if everything agrees, else 1."""
    from rich.table import Table

    table = Table(title=stage.title, title_justify="left")
    for heading in ("", "which", "ledger", "metrics", ""):
        table.add_column(heading, justify="right" if heading in ("ledger", "metrics") else "left", overflow="fold")
    for subject, group in groupby(rows, key=lambda row: row.subject):
        for number, row in enumerate(group):
            mark = "" if row.agrees else "[red]differs[/red]"
            table.add_row("" if number else subject, row.thing, str(row.ledger), str(row.metrics), mark)
        table.add_section()
    console.print(table)
    wrong = [row for row in rows if not row.agrees]
    total = sum(row.ledger for row in rows)
    if wrong or not rows:
        console.print(f"{len(wrong)} of {len(rows)} numbers differ.", style="red")
        console.print(stage.output(), highlight=False, markup=False)
        return 1
    console.print(f"All {len(rows)} numbers agree ({total:,} things counted).", style="green")
    return 0


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1 to 65535")
    return int(text)
