"""``argus-otel top``: watches a running bot in the terminal, by what its endpoint serves."""

from __future__ import annotations

import argparse
import math
import sys
import time
from typing import TYPE_CHECKING

from argus_otel.settings import Settings

from .scrape import Scraper, UnreachableError, default_url

if TYPE_CHECKING:
    from rich.console import Console

    from .view import Frame

_INTERVAL = 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "url", nargs="?", metavar="URL", help="the bot's endpoint; by default that of the settings, or of this machine"
    )
    parser.add_argument(
        "--token",
        metavar="TOKEN",
        help="where the endpoint asks for one [ARGUS_ENDPOINT_TOKEN]. Rather set the variable: `ps` shows arguments to "
        "every user of this machine",
    )
    parser.add_argument(
        "--interval",
        metavar="SECONDS",
        type=_interval,
        default=_INTERVAL,
        help="how often to ask, and over what time a rate is taken (%(default)g)",
    )
    parser.add_argument(
        "--once",
        action="store_true",
        help="print one frame after one interval, and exit; so too where the output is no terminal",
    )


def run(arguments: argparse.Namespace) -> int:
    """Watch until Ctrl-C; return 0, 1 where the endpoint does not answer at the start, and 2 for a wrong URL."""
    from rich.console import Console

    settings = Settings.resolve()
    try:
        scraper = Scraper(arguments.url or default_url(settings), arguments.token or settings.endpoint_token)
    except ValueError as error:
        print(f"argus-otel top: {error}", file=sys.stderr)
        return 2
    console = Console()
    try:
        if arguments.once or not console.is_terminal:
            _print(console, scraper, arguments.interval)
        else:
            watch(console, scraper, arguments.interval)
    except UnreachableError as error:
        print(f"argus-otel top: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def _print(console: Console, scraper: Scraper, interval: float) -> None:
    from .view import Dashboard

    frame = _begin(scraper)
    time.sleep(interval)
    console.print(Dashboard(frame.then(scraper.scrape())))


def watch(console: Console, scraper: Scraper, interval: float, duration: float = math.inf) -> Frame:
    """Show a live view for ``duration`` seconds, or until Ctrl-C; return its last frame.

    Raises
    ------
    UnreachableError
        The endpoint does not answer at the start. Later on the view says so, and goes on asking.
    """
    from rich.live import Live

    from .view import Dashboard

    frame = _begin(scraper)
    end = time.monotonic() + duration
    with Live(Dashboard(frame), console=console, screen=True, auto_refresh=False) as live:
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(interval, left))
            try:
                frame = frame.then(scraper.scrape())
            except UnreachableError as error:
                frame = frame.missed(str(error), time.monotonic())
            live.update(Dashboard(frame), refresh=True)
    return frame


def _begin(scraper: Scraper) -> Frame:
    from .view import Frame

    snapshot = scraper.scrape()
    return Frame(scraper.url, snapshot, snapshot, snapshot)


def _interval(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0.1 <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 0.1 to 3600")
    return seconds
