"""``argus-otel training show``: all that is known of a run."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from argus_otel.terminal import records
from argus_otel.terminal.queries import add_store_alone

from .asking import add_run, add_silent_after, run_training_query, silence

if TYPE_CHECKING:
    from argus_otel.sources.training.history.queries import History
    from argus_otel.sources.training.history.results import RunDetail


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser)
    add_silent_after(parser)
    add_store_alone(parser, "text", "json")


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    return run_training_query("show", _query, arguments, show=_show)


def _query(history: History, arguments: argparse.Namespace) -> RunDetail:
    return history.run(arguments.run_id, **silence(arguments))


def _show(detail: RunDetail, form: str) -> int:
    if form == "json":
        records.print_json(detail)
        return 0
    for name, fact in _facts(detail):
        print(f"{name:<10}{records.text_of(fact)}")
    if detail.values:
        print()
        records.print_table(detail.values)
    if len(detail.attempts) > 1:
        print()
        records.print_table(detail.attempts)
    if detail.files:
        print()
        records.print_table(detail.files)
    return 0


def _facts(detail: RunDetail) -> list[tuple[str, str]]:
    """Return names and texts. What is not known, or not there, is left out."""
    run = detail.run
    steps = f"{run.steps:,} of {run.total_steps:,.0f}" if run.total_steps else f"{run.steps:,}"
    facts = [
        ("run", run.id),
        ("name", run.name),
        ("state", f"{run.state} {run.error}".rstrip()),
        ("service", run.service),
        ("host", run.host),
        ("framework", f"{run.framework} {run.model}".strip()),
        ("group", run.group),
        ("parent", run.parent),
        ("began", f"{run.began:%Y-%m-%d %H:%M:%S} UTC"),
        ("heard of", f"{run.heard:%Y-%m-%d %H:%M:%S} UTC"),
        ("duration", records.duration_text(run.duration)),
        ("steps", steps),
        ("epoch", f"{run.epoch:g}"),
        ("attempts", str(run.attempts) if run.attempts > 1 else ""),
        ("processes", str(run.world_size) if run.world_size > 1 else ""),
        ("commit", detail.commit),
        ("arguments", detail.argv),
        ("config", detail.config),
    ]
    return [(name, fact) for name, fact in facts if fact]
