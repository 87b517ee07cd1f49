"""The settings of the Discord source."""

from __future__ import annotations

from argus_otel.settings import Setting, Table
from argus_otel.settings.parsers import optional


class DiscordSettings(Table):
    """Settings for bots."""

    source = "discord"

    cluster_id = Setting(
        "ARGUS_DISCORD_CLUSTER_ID",
        parse=optional,
        default=None,
        right="a name or number",
        help="Which of several processes of one bot this is: `discord.cluster.id` in every metric, trace and log.",
        type="str | int",
    )
