"""Shared by the dashboards of Discord bots: their variables, the selector of a shard, and the colours of outcomes."""

from __future__ import annotations

from ... import variables
from ...queries import SELECTED
from ...style import BAD, GOOD, NEUTRAL, WARNING, Json, coloured

IN_SHARD = 'discord_shard_id=~"$shard"'
"""Selects the shards that are chosen at the top of the dashboard, of a metric that has shards."""

OUTCOMES = {"ok": GOOD, "rejected": NEUTRAL, "refused": WARNING, "error": BAD}
"""The colours of ``discord.outcome``: ``rejected`` is the user's doing, and so no fault; ``refused`` is Discord's."""


def bots(*, shard: bool = False) -> list[Json]:
    """Return data source, bot, cluster, instance and, where asked for, shard."""
    found = variables.prometheus("Bot", cluster="discord_cluster_id")
    if shard:
        query = f"label_values(discord_shard_up{{{SELECTED}}}, discord_shard_id)"
        found.append(variables.labels("shard", "Shard", query, everything=".*", numerical=True))
    return found


def of_outcomes() -> list[Json]:
    """Return overrides that colour series which are named after their outcome."""
    return [coloured(outcome, colour) for outcome, colour in OUTCOMES.items()]
