"""``argus-otel training compare``: draws one value of several runs."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from argus_otel.terminal import records

from .asking import add_drawing, run_training_query
from .drawing import plot_of, points_of, short, show_numbers, show_plots
from .rows import row_of

if TYPE_CHECKING:
    from argus_otel.sources.training.history.queries import History
    from argus_otel.sources.training.history.results import Curve, RecordedRun, RunDetail

Compared = tuple["list[Curve]", "list[RecordedRun]"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("runs", metavar="RUN", nargs="+", help="the ids of runs, or their first letters")
    parser.add_argument("--metric", metavar="NAME", required=True, help="the name of the logged value")
    add_drawing(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""

    def show(found: Compared, form: str) -> int:
        curves, runs = found
        if arguments.picture is None and form != "plot":
            return show_numbers(curves, form)
        labels = [f"{short(curve.run)} {curve.name}".rstrip() for curve in curves]
        plot = plot_of(curves, f"{curves[0].metric} ({curves[0].phase})", labels, logarithmic=arguments.log)
        code = show_plots([plot], arguments.picture, "training compare")
        if arguments.picture is None:
            print()
            records.print_table([row_of(each) for each in runs])
        return code

    return run_training_query("compare", _query, arguments, show=show)


def _query(history: History, arguments: argparse.Namespace) -> Compared:
    points = points_of(arguments)
    curves = history.compare(arguments.runs, arguments.metric, arguments.phase, points=points, by=arguments.by)
    return curves, [_summary(history.run(curve.run), curve) for curve in curves]


def _summary(detail: RunDetail, curve: Curve) -> RecordedRun:
    """Return a run with the value of a curve."""
    from argus_otel.sources.training.history.values import best_of

    [value] = [each for each in detail.values if (each.metric, each.phase) == (curve.metric, curve.phase)]
    return replace(detail.run, metric=curve.metric, last=value.last, best=best_of(value), nonfinite=value.nonfinite)
