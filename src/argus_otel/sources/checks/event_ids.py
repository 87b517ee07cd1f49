"""The ids of a check's events.

Two agents, or one that was killed and started again, give the same event the same id.
"""

from __future__ import annotations

import uuid

_NAMESPACE = uuid.UUID("5c8a6b52-1b0e-5f5a-9a6e-0a5b1f1c7d43")


def run_id(check: str, location: str, slot: int, repeat: int) -> str:
    """Return the id of a run's event.

    Parameters
    ----------
    slot:
        When the run was due, in milliseconds since 1970.
    repeat:
        How often the slot was run before.
    """
    return _event_id(check, location, "run", slot, repeat)


def change_id(check: str, location: str, slot: int, repeat: int) -> str:
    """Return the id of the event of a change that began with the run in ``slot``; see :func:`run_id`."""
    return _event_id(check, location, "status", slot, repeat)


def state_id(check: str, location: str, slot: int, repeat: int) -> str:
    """Return the id of the event that tells the state after the run in ``slot``; see :func:`run_id`."""
    return _event_id(check, location, "state", slot, repeat)


def _event_id(*parts: object) -> str:
    return str(uuid.uuid5(_NAMESPACE, "|".join(map(str, parts))))
