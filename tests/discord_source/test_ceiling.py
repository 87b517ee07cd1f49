"""Two metrics of the same work agree if one of them, or both, have reached their maximum of series."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import pytest

from argus_otel.sources.discord.catalogue import COMMAND_DURATION, INTERACTION_DURATION
from argus_otel.sources.discord.clock import DiscordClock
from argus_otel.sources.discord.interaction_operations import InteractionOperation
from argus_otel.sources.discord.interactions import Interactions
from argus_otel.sources.discord.outcomes import Outcome
from argus_otel.sources.patches import PatchSet
from argus_otel.telemetry import OTHER, Metric, Telemetry, hub

Count = dict[tuple[Any, ...], int]


def shown(telemetry: Telemetry, metric: Metric) -> Count:
    """Return each series' attributes in their order, and its number of records."""
    names = [attribute.name for attribute in metric.attributes]
    rows = telemetry.histogram(metric).rows()
    return {tuple(attributes.get(name) for name in names): sum(cell.read()[0]) for attributes, cell in rows}


def by(count: Count, *positions: int) -> Count:
    sums: Counter[tuple[Any, ...]] = Counter()
    for key, value in count.items():
        sums[tuple(key[position] for position in positions)] += value
    return dict(sums)


@pytest.mark.parametrize("first", ["commands", "interactions", "both"])
def test_what_joins_a_full_metric_counts_in_the_right_series(monkeypatch: pytest.MonkeyPatch, first: str) -> None:
    monkeypatch.setattr(hub, "MAX_SERIES", 40)
    telemetry = Telemetry()
    interactions = Interactions(telemetry, PatchSet(telemetry), DiscordClock(telemetry))
    if first != "interactions":  # prefix commands are commands, and no interactions
        for number in range(25):
            telemetry.histogram(COMMAND_DURATION)[f"p{number}", "prefix", "ok", None].record(1.0)
    if first != "commands":
        for number in range(30):
            telemetry.histogram(INTERACTION_DURATION)["component", None, f"b{number}", "ok", None].record(1.0)
    wanted: Counter[tuple[str, str, str]] = Counter()
    for name, error, kind in itertools.product(range(10), range(5), (1, 2)):
        operation = InteractionOperation(name, interactions._command_kinds[kind], f"c{name}")
        interactions._duration_of(operation, Outcome("error", f"E{error}")).record(1.0)
        wanted[f"c{name}", operation.kind.command_type or "", f"E{error}"] += 1
    commands, whole = shown(telemetry, COMMAND_DURATION), shown(telemetry, INTERACTION_DURATION)
    assert sum(value for key, value in commands.items() if key[1] in ("slash", "user")) == 100
    assert by(commands, 1)["slash",] == by(commands, 1)["user",] == 50
    assert by(whole, 0)["application_command",] == 100
    assert by(whole, 0, 3)["application_command", "error"] == 100
    # A series that is not the overflow has its own records only.
    for (_, name, _, _, error), value in whole.items():
        if name not in (None, OTHER) and error != OTHER:
            assert value <= sum(wanted[name, kind, error] for kind in ("slash", "user"))
