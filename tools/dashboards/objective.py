"""The objective of the 3 s acknowledgement, as expressions.

Discord waits 3 s for the first answer to an interaction, and then tells the user that the application did not respond.
In time are those whose answer went out within it. The others were answered too late, which Discord refuses, or never,
and are counted as unacknowledged.
"""

from __future__ import annotations

from .queries import counted, or_zero, rate

RESPONSES = "discord_interaction_response_time_seconds"
UNACKNOWLEDGED = "discord_interaction_unacknowledged_total"
_IN_TIME = 'le="3.0"'


def in_time(*, by: str = "") -> str:
    """Return the share of interactions that were acknowledged in time, of those of the dashboard's whole time range."""
    answered = counted(f"{RESPONSES}_count", by=by)
    everything = f"{answered} + {or_zero(counted(UNACKNOWLEDGED, by=by), answered)}"
    return f"{counted(f'{RESPONSES}_bucket', _IN_TIME, by=by)} / (({everything}) > 0)"


def missed(window: str = "$__rate_interval") -> str:
    """Return the share of interactions that were not, of those of a window before each point."""
    answered = rate(f"{RESPONSES}_count", window=window)
    everything = f"{answered} + {or_zero(rate(UNACKNOWLEDGED, window=window), answered)}"
    return f"1 - {rate(f'{RESPONSES}_bucket', _IN_TIME, window=window)} / (({everything}) > 0)"
