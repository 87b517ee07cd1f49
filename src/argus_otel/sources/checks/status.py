"""The section ``checks`` of ``/status``."""

from __future__ import annotations

from .agent import CheckState
from .judge import Status
from .supervisor import Supervisor


def section(supervisor: Supervisor | None) -> dict[str, object]:
    """Return what a person asks first: which checks are not up, and whether the file is in use. It has no secret."""
    if supervisor is None:
        return {"running": False}
    agent = supervisor.agent
    if agent is None:
        return {"running": False, "waiting": "another process runs these checks, or the file is being read"}
    states = agent.states
    counts = dict.fromkeys((status.value for status in Status), 0)
    for state in states.values():
        counts[state.judge.status.value] += 1
    return {
        "running": True,
        "location": supervisor.location,
        "network": agent.has_network,
        "checks": counts,
        "reload_error": supervisor.reload_error,
        "not_up": {name: _described(state) for name, state in states.items() if state.judge.status is not Status.UP},
    }


def _described(state: CheckState) -> dict[str, object]:
    failure = state.last.failure if state.last is not None else None
    return {
        "status": state.judge.status.value,
        "since": state.judge.since,
        "muted": sorted(reason.value for reason in state.muted),
        "error": "" if failure is None else f"{failure.error_type.value}: {failure.detail}",
    }
