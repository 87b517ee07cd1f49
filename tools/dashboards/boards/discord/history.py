"""What statements about history have in common: which rows are chosen, and what kinds of rows there are."""

from __future__ import annotations

from ...queries import chosen, given

CHOSEN = " and ".join([chosen("service", "service"), chosen("cluster", "cluster"), chosen("toString(shard)", "shard")])
# Rollups, since they outlive the raw rows: days for most, hours where the hour matters.
DAYS = f"day >= toDate($__fromTime, 'UTC') and day <= toDate($__toTime, 'UTC') and {CHOSEN}"
HOURS = f"$__timeFilter(hour) and {CHOSEN}"
SO_FAR = f"day <= toDate($__toTime, 'UTC') and {CHOSEN}"

USE = "event not in ('discord.guild.join', 'discord.guild.leave')"
COMMAND = "event = 'discord.command'"
JOIN, LEAVE = "event = 'discord.guild.join'", "event = 'discord.guild.leave'"
ERRORS, REJECTED = "sumIf(count, outcome = 'error')", "sumIf(count, outcome = 'rejected')"
# What is chosen is compared and never part of the statement: anything else than these counts by day.
PERIOD = (
    f"toDateTime(multiIf({given('period')} = 'week', toMonday(day), "
    f"{given('period')} = 'month', toStartOfMonth(day), day), 'UTC')"
)
