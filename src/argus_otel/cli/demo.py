"""``argus-otel demo``: runs an ordinary bot against a simulated Discord, and compares its metrics with the ledger."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from argus_otel.demo.agreement import Row
    from argus_otel.demo.stage import Stage

_INTERVAL = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--duration", metavar="SECONDS", type=_positive, help="how long the demo lasts; by default until Ctrl-C"
    )
    parser.add_argument(
        "--rate",
        metavar="N",
        type=_positive,
        default=25.0,
        help="operations of users each second, on average (%(default)g)",
    )
    parser.add_argument("--seed", metavar="N", type=int, default=7, help="the seed of the random users (%(default)s)")
    parser.add_argument(
        "--port",
        metavar="PORT",
        type=_port,
        help="the port of the bot's endpoint; by default 9464, or a free one if that is in use",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the demo; return 0 if ledger and metrics agree, 1 if they do not or the bot did not start."""
    from rich.console import Console

    from argus_otel.demo.stage import DemoError, Stage

    console = Console()
    console.print("Starting a simulated Discord, and a bot without a line about argus-otel …")
    try:
        with Stage(arguments.rate, arguments.seed, arguments.port) as stage:
            _watch(console, stage, arguments.duration)
            console.print("The users have stopped. Waiting for the bot to finish their operations …")
            return _conclude(console, stage, stage.settle())
    except DemoError as error:
        console.print(f"argus-otel demo: {error}", style="red", highlight=False, markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("Ended before the comparison.")
        return 130


def _watch(console: Console, stage: Stage, duration: float | None) -> None:
    stage.play()
    try:
        if console.is_terminal:
            _live(console, stage, duration)
        else:
            _plain(console, stage, duration)
    except KeyboardInterrupt:
        pass


def _live(console: Console, stage: Stage, duration: float | None) -> None:
    from argus_otel.scrape.scraper import Scraper

    from .top import source_panels, watch
    from .top.view import Dashboard

    panels = source_panels()
    last = watch(console, Scraper(stage.url), panels, _INTERVAL, duration or math.inf)
    console.print(Dashboard(last, panels))


def _plain(console: Console, stage: Stage, duration: float | None) -> None:
    """Print a line now and then, and one frame at the end, for an output that is not a terminal."""
    from argus_otel.scrape.scraper import Scraper

    from .top import source_panels
    from .top.view import Dashboard, Frame

    scraper = Scraper(stage.url)
    first = before = scraper.scrape()
    console.print(f"The bot's metrics: {stage.url}/metrics", highlight=False)
    end = time.monotonic() + (duration or math.inf)
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(5.0, left))
        now = scraper.scrape()
        done = sum(stage.report.started.values())
        console.print(f"{now.at - first.at:5.0f} s  {done} operations by users", highlight=False)
        frame = Frame(scraper.url, first, before, now)
        before = now
        if left <= 5.0:
            console.print(Dashboard(frame, source_panels()))


def _conclude(console: Console, stage: Stage, rows: Sequence[Row]) -> int:
    from rich.table import Table

    table = Table(title="The simulator's ledger beside the bot's metrics", title_justify="left")
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
        console.print(stage.bot_output(), highlight=False, markup=False)
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
