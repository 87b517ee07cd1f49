"""What the commands share: arguments, and running a query."""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from argus_otel.history.store.time_range import QueryError, parse_duration
from argus_otel.terminal.queries import SourceQueries, add_query_options, add_store_alone, time_span
from argus_otel.terminal.store_options import positive

if TYPE_CHECKING:
    from datetime import timedelta

    from argus_otel.sources.training.history.queries import History

PHASES = ("train", "validation", "test", "sanity")


def add_runs(parser: argparse.ArgumentParser, *, limit: int = 20) -> None:
    """Declare the options of a query on many runs."""
    add_query_options(parser, limit=limit, limited="the maximum number of runs")


def add_silent_after(parser: argparse.ArgumentParser) -> None:
    """Declare ``--silent-after``."""
    parser.add_argument(
        "--silent-after",
        metavar="AGE",
        type=_age,
        default=None,
        help="after how long without a sign of life a run without an end is silent, such as 2h or 1d (15 minutes)",
    )


def add_run(parser: argparse.ArgumentParser) -> None:
    """Declare the id of a run."""
    parser.add_argument("run_id", metavar="RUN", help="the id of a run, or its first letters")


def add_drawing(parser: argparse.ArgumentParser) -> None:
    """Declare the options of a drawing, and the store: for a query without a range."""
    parser.add_argument("--phase", choices=PHASES, default="", help="only values of this phase")
    parser.add_argument("--by", choices=("step", "epoch", "time"), default="step", help="the x-axis (%(default)s)")
    every = "the maximum number of points of a curve (as many as fit; 1000 for pictures, JSON and CSV)"
    parser.add_argument("--points", metavar="N", type=positive, default=0, help=every)
    parser.add_argument("--log", action="store_true", help="draw a logarithmic y-axis")
    what = "write a picture, by its suffix .svg or .png (argus-otel[png]), in place of the drawing in the terminal"
    parser.add_argument("--picture", metavar="FILE", type=_picture, help=what)
    add_store_alone(parser, "plot", "json", "csv")


def _picture(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in (".svg", ".png"):
        raise argparse.ArgumentTypeError(f"{text!r} ends in neither .svg nor .png")
    if path.suffix.lower() == ".png" and find_spec("PIL") is None:
        raise argparse.ArgumentTypeError("PNG needs Pillow: pip install 'argus-otel[png]'; SVG needs nothing")
    return path


def asked(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the keywords that every query on many runs has."""
    return {**time_span(arguments), **silence(arguments), "limit": arguments.limit}


def silence(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the keyword of ``--silent-after``, if it was given."""
    given = getattr(arguments, "silent_after", None)
    return {} if given is None else {"silent_after": given}


def _history() -> type[History]:
    from argus_otel.sources.training.history.queries import History

    return History


run_training_query = SourceQueries("training", _history)
"""Runs a query on the source's history as a command."""


def _age(text: str) -> timedelta:
    try:
        return parse_duration(text, "--silent-after")
    except QueryError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
