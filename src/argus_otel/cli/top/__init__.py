"""``argus-otel top``: watches a running program in the terminal, by scraping its endpoint.

The panels are those of the installed sources; this shell scrapes, lays them out and adds argus-otel's own state.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from argus_otel.discovery import load_each
from argus_otel.endpoint.targets import Target, read_targets
from argus_otel.scrape.fleet import Fleet
from argus_otel.scrape.scraper import Scraper, UnreachableError, default_url
from argus_otel.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

    from argus_otel.panels import Panel

    from .view import Frame

_INTERVAL = 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "url",
        nargs="?",
        metavar="URL",
        help="the program's endpoint; by default the port that is set in this environment, else all processes of the "
        "program on this machine, summed",
    )
    parser.add_argument(
        "--service",
        metavar="NAME",
        help="the program's service.name, if processes of several run on this machine [OTEL_SERVICE_NAME]",
    )
    parser.add_argument(
        "--token",
        metavar="TOKEN",
        help="the endpoint's token, if it requires one [ARGUS_ENDPOINT_TOKEN]. Prefer the variable: `ps` shows "
        "arguments to every user of this machine",
    )
    parser.add_argument(
        "--interval",
        metavar="SECONDS",
        type=_interval,
        default=_INTERVAL,
        help="the time between scrapes, over which rates are computed (%(default)g)",
    )
    parser.add_argument(
        "--once",
        action="store_true",
        help="print one frame after one interval, and exit; the default if the output is not a terminal",
    )


def run(arguments: argparse.Namespace) -> int:
    """Watch until Ctrl-C; return 0, 1 if the endpoint does not answer at the start, and 2 for a wrong URL."""
    from rich.console import Console

    settings = Settings.resolve()
    try:
        scraper = _scraper(arguments, settings)
    except ValueError as error:
        print(f"argus-otel top: {error}", file=sys.stderr)
        return 2
    console = Console()
    try:
        if arguments.once or not console.is_terminal:
            _print(console, scraper, arguments.interval)
        else:
            watch(console, scraper, source_panels(), arguments.interval)
    except UnreachableError as error:
        print(f"argus-otel top: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def _scraper(arguments: argparse.Namespace, settings: Settings) -> Scraper | Fleet:
    """Return a scraper of one endpoint, or of all processes that name theirs on this machine.

    Raises
    ------
    ValueError
        The URL is none, or several programs run here. The message says what to do.
    """
    token: str | None = arguments.token or settings.endpoint_token
    if not arguments.url and not _is_one(settings):
        named = settings.origins["service_name"].source != "the script's name"
        service: str | None = arguments.service or (settings.service_name if named else None)

        def find() -> list[Target]:
            return [each for each in read_targets(settings) if service in (None, each.service)]

        services = sorted({each.service for each in find()})
        if len(services) > 1:
            raise ValueError(f"several programs run here: {', '.join(services)}; choose one by --service NAME")
        if len(services) == 1 and len(find()) > 1:
            return Fleet(find, token)
        if services:
            return Scraper(find()[0].url, token)
    return Scraper(arguments.url or default_url(settings), token)


def _is_one(settings: Settings) -> bool:
    ports = settings.endpoint_port
    return settings.origins["endpoint_port"].source != "default" and ports.first == ports.last != 0


def _print(console: Console, scraper: Scraper | Fleet, interval: float) -> None:
    from .view import Dashboard

    panels = source_panels()
    frame = _begin(scraper)
    time.sleep(interval)
    console.print(Dashboard(frame.then(scraper.scrape()), panels))


def source_panels() -> list[tuple[Panel, ...]]:
    """Return the panels of every installed source that has some; say on stderr which cannot be loaded."""
    found: list[tuple[Panel, ...]] = []
    for spec, panels, reason in load_each("panels"):
        if reason is None:
            found.append(tuple(panels))
        else:
            _complain(spec.name, reason)
    return found


def _complain(source: str, reason: str) -> None:
    print(f"argus-otel top: the panels of the source {source} cannot be loaded: {reason}", file=sys.stderr)


def watch(
    console: Console,
    scraper: Scraper | Fleet,
    panels: Sequence[Sequence[Panel]],
    interval: float,
    duration: float = math.inf,
) -> Frame:
    """Show a live view for ``duration`` seconds, or until Ctrl-C; return its last frame.

    Parameters
    ----------
    panels:
        Those of each source, as :func:`source_panels` returns them.
    interval:
        The time between two scrapes, in seconds.

    Raises
    ------
    UnreachableError
        The endpoint does not answer at the start. Later on the view says so, and scraping goes on.
    """
    from rich.live import Live

    from .view import Dashboard

    frame = _begin(scraper)
    end = time.monotonic() + duration
    with Live(Dashboard(frame, panels), console=console, screen=True, auto_refresh=False) as live:
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(interval, left))
            try:
                frame = frame.then(scraper.scrape())
            except UnreachableError as error:
                frame = frame.missed(str(error), time.monotonic())
            live.update(Dashboard(frame, panels), refresh=True)
    return frame


def _begin(scraper: Scraper | Fleet) -> Frame:
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
