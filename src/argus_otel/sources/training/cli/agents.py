"""``argus-otel training agents``: the agents, and when each was heard last."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from datetime import datetime

from argus_otel.terminal import records
from argus_otel.terminal.store_options import add_store, chosen_store, failed, waiting


@dataclass(frozen=True, slots=True)
class _Row:
    """What fits on a terminal; JSON and CSV have everything."""

    agent: str = field(metadata={"unit": "id"})
    heard: datetime
    silent: float = field(metadata={"unit": "duration"})
    runs: int
    signed: str
    recipes: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table", help="the format (%(default)s)")
    add_store(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    from argus_otel.history.store.errors import StoreError
    from argus_otel.sources.training.history.commands import commands_in

    try:
        with waiting("asking the store"), commands_in(chosen_store(arguments)) as commands:
            agents = commands.agents()
    except StoreError as error:
        return failed("training agents", error)
    if arguments.format != "table":
        return records.show(agents, arguments.format)
    return records.show(
        [
            _Row(
                each.agent, each.heard, each.silent, each.runs, "yes" if each.signed else "no", ", ".join(each.recipes)
            )
            for each in agents
        ],
        "table",
    )
