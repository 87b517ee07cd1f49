"""What is promised of the 3 s acknowledgement, and how far it is kept, as expressions.

Discord waits 3 s for the first answer to an interaction, and then tells the user that the application did not respond.
Each interaction is in one of two metrics: it was answered in time (a point of response.time), or it was not, be it for
want of an answer or because Discord refused one that came late (unacknowledged). prometheus/rules/ counts them alike.
"""

from __future__ import annotations

from ...queries import counted, or_zero, rate

RESPONSES = "discord_interaction_response_time_seconds"
UNACKNOWLEDGED = "discord_interaction_unacknowledged_total"


def missed_in_range() -> str:
    """Return the share of interactions that were not acknowledged, of those of the dashboard's whole time range."""
    return _share(counted(UNACKNOWLEDGED), counted(f"{RESPONSES}_count"))


def missed(window: str) -> str:
    """Return the share of interactions that were not acknowledged, of those of a window before each point."""
    return _share(rate(UNACKNOWLEDGED, window=window), rate(f"{RESPONSES}_count", window=window))


def _share(late: str, answered: str) -> str:
    late = or_zero(late, answered)
    return f"{late} / (({late} + {or_zero(answered, late)}) > 0)"
