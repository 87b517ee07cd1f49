"""Fleet overview: is it up, how big is it, is it healthy, across all processes."""

from __future__ import annotations

from .. import variables
from ..board import Board, Row
from ..panels import stat
from ..queries import prom, total
from ..style import DOWN

BOARD = Board(
    uid="argus-fleet",
    title="Discord bot: fleet overview",
    description="Is it up, how big is it, is it healthy: all processes of the chosen bots at a glance.",
    variables=variables.prometheus(),
    rows=[
        Row(
            "Is it up?",
            [
                stat(
                    "Shards up",
                    """Share of gateway sessions that are up. Below 100 % for longer than a deploy takes, see which.""",
                    prom(f"{total('discord_shard_up')} / count(discord_shard_up{{}})"),
                    thresholds=DOWN,
                )
            ],
        )
    ],
)
