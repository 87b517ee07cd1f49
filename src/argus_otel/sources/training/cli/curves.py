"""``argus-otel training curves``: draws what a run has logged."""

from __future__ import annotations

import argparse
from itertools import groupby
from typing import TYPE_CHECKING

from argus_otel.history.store.errors import NotFoundError

from .asking import add_drawing, add_run, run_training_query
from .drawing import plot_of, points_of, short, show_numbers, show_plots

if TYPE_CHECKING:
    from argus_otel.sources.training.history.queries import History
    from argus_otel.sources.training.history.results import Curve


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser)
    parser.add_argument("metrics", metavar="METRIC", nargs="*", help="the names of logged values; by default the loss")
    parser.add_argument("--rank", type=int, default=0, help="the process, of those that train together (%(default)s)")
    add_drawing(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""

    def show(curves: list[Curve], form: str) -> int:
        if arguments.picture is None and form != "plot":
            return show_numbers(curves, form)
        plots = [
            plot_of(some, _title(some[0]), [each.phase for each in some], logarithmic=arguments.log)
            for some in (list(each) for _, each in groupby(curves, key=lambda curve: curve.metric))
        ]
        return show_plots(plots, arguments.picture, "training curves")

    return run_training_query("curves", _query, arguments, show=show)


def _title(curve: Curve) -> str:
    return f"{curve.metric} of {short(curve.run)} {curve.name}".rstrip()


def _query(history: History, arguments: argparse.Namespace) -> list[Curve]:
    detail = history.run(arguments.run_id)
    metrics: list[str] = arguments.metrics or ([detail.run.metric] if detail.run.metric else [])
    if not metrics:
        raise NotFoundError(f"the run {arguments.run_id} has logged nothing")
    found: list[Curve] = []
    for metric in metrics:
        phases = [value.phase for value in detail.values if value.metric == metric]
        wanted = [arguments.phase] if arguments.phase else sorted(phases) or [""]
        found += [
            history.curve(
                detail.run.id, metric, phase, points=points_of(arguments), by=arguments.by, rank=arguments.rank
            )
            for phase in wanted
        ]
    return found
