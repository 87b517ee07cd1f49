"""Draws curves, or prints their numbers."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from argus_otel.terminal import records
from argus_otel.terminal.plots.plot import Line, Plot, Spot

if TYPE_CHECKING:
    from argus_otel.sources.training.history.results import Curve

_MANY = 1000
_SHORT = 8


@dataclass(frozen=True, slots=True)
class _Row:
    """A point of a curve as a line of CSV."""

    run: str
    metric: str
    phase: str
    step: int
    epoch: float
    time: datetime
    count: int
    nonfinite: int
    low: float | None
    mean: float | None
    high: float | None
    last: float
    attempt: int


def points_of(arguments: argparse.Namespace) -> int:
    """Return how many points a curve is to have: as many as the terminal has dots, or a picture needs."""
    from argus_otel.terminal.plots.printing import columns

    if arguments.points:
        return int(arguments.points)
    return _MANY if arguments.picture or arguments.format != "plot" else 2 * columns()


def plot_of(curves: Sequence[Curve], title: str, labels: Sequence[str], *, logarithmic: bool) -> Plot:
    """Return the drawing of curves that are divided by the same."""
    return Plot(
        title,
        {"time": "UTC"}.get(curves[0].by, curves[0].by),
        tuple(_line(curve, label) for curve, label in zip(curves, labels, strict=True)),
        times=curves[0].by == "time",
        logarithmic=logarithmic,
    )


def short(run: str) -> str:
    """Return the first letters of an id."""
    return run[:_SHORT]


def show_numbers(curves: Sequence[Curve], form: str) -> int:
    """Print curves as JSON or CSV; return 0."""
    if form == "json":
        records.print_json(curves)
        return 0
    records.print_csv(
        [
            _Row(
                curve.run, curve.metric, curve.phase, each.step, each.epoch, each.time, each.count, each.nonfinite,
                each.low, each.mean, each.high, each.last, each.attempt,
            )
            for curve in curves
            for each in curve.points
        ]
    )  # fmt: skip
    return 0


def show_plots(plots: Sequence[Plot], picture: Path | None, command: str) -> int:
    """Print drawings, or write them as files; return the exit code."""
    if picture is None:
        from argus_otel.terminal.plots.printing import print_plot

        for number, plot in enumerate(plots):
            if number:
                print()
            print_plot(plot)
        return 0
    written = _writer(picture)
    for number, plot in enumerate(plots):
        path = picture.with_stem(f"{picture.stem}-{number + 1}") if number else picture
        try:
            path.write_bytes(written(plot))
        except OSError as error:
            print(f"argus-otel {command}: {path} cannot be written: {error.strerror}", file=sys.stderr)
            return 2
        print(f"{path} is written")
    return 0


def _writer(picture: Path) -> Callable[[Plot], bytes]:
    if picture.suffix.lower() == ".png":
        from argus_otel.terminal.plots.png import as_png

        return as_png
    from argus_otel.terminal.plots.svg import as_svg

    return as_svg


def _line(curve: Curve, label: str) -> Line:
    places = {point.step: curve.place(point) for point in curve.points}
    marks = tuple(
        (_at(resume.step, places), f"attempt {resume.attempt} from step {resume.step}") for resume in curve.resumes
    )
    spots = sorted(
        (Spot(curve.place(each), each.low, each.mean, each.high, each.nonfinite) for each in curve.points),
        key=lambda spot: spot.x,
    )
    if curve.coarse:
        label = f"{label}; by hundreds of steps, since the values have expired"
    return Line(label, tuple(spots), marks)


def _at(step: int, places: dict[int, float]) -> float:
    """Return the place of the part of a curve that has a step."""
    return places[max((each for each in places if each <= step), default=min(places))]
