"""The settings of this source."""

from __future__ import annotations

from argus_otel.settings import Setting, Table


def _name(text: str) -> str | None:
    return text


class DiscordSettings(Table):
    """Settings for bots."""

    source = "discord"

    cluster_id = Setting(
        "ARGUS_DISCORD_CLUSTER_ID",
        parse=_name,
        default=None,
        right="a name or number",
        help="Which of several processes of one bot this is: `discord.cluster.id` in every metric, trace and log.",
        type="str | int",
    )
