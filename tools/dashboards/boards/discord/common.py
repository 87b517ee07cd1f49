"""Shared by the dashboards of Discord bots: their variables, the selector of a shard, and the colours of outcomes."""

from __future__ import annotations

from ... import variables
from ...queries import SELECTED, of
from ...style import BAD, GOOD, NEUTRAL, WARNING, Json, coloured

IN_SHARD = 'discord_shard_id=~"$shard"'
"""Selects the shards that are chosen at the top of the dashboard, of a metric that has shards."""


def shards(*matchers: str) -> str:
    """Return how many shards the chosen processes run.

    Each shard counts once: where processes send OTLP, one that has ended is shown for five minutes, beside its
    successor.
    """
    return f"count(count by (job, discord_shard_id) ({of('discord_shard_up', *matchers)}))"


def shards_up(*matchers: str) -> str:
    """Return how many of them are up."""
    return f"sum(max by (job, discord_shard_id) ({of('discord_shard_up', *matchers)}))"


SHARDS_EXPECTED = f"sum(max by (job) ({of('discord_shard_count')}))"
"""How many shards the chosen bots are split into, over all their processes."""

OUTCOMES = {"ok": GOOD, "rejected": NEUTRAL, "refused": WARNING, "error": BAD}
"""The colours of ``discord.outcome``: ``rejected`` is the user's doing, and so no fault; ``refused`` is Discord's."""


def bots(*, shard: bool = False) -> list[Json]:
    """Return data source, bot, cluster, instance and, where asked for, shard."""
    found = variables.prometheus("Bot", having="discord_library_name", cluster="discord_cluster_id")
    if shard:
        query = f"label_values(discord_shard_up{{{SELECTED}}}, discord_shard_id)"
        found.append(variables.labels("shard", "Shard", query, everything=".*", numerical=True))
    return found


def of_outcomes() -> list[Json]:
    """Return overrides that colour series which are named after their outcome."""
    return [coloured(outcome, colour) for outcome, colour in OUTCOMES.items()]
