"""What the endpoint tells of the checks: the section ``checks`` of ``/status``, and the readiness of an agent."""

from __future__ import annotations

from argus_otel.telemetry import Check as HealthCheck

from .agent import CheckState
from .judge import Status
from .supervisor import Supervisor

_WAITING = "another process runs these checks, or the file is being read"


def readiness(supervisor: Supervisor | None) -> HealthCheck:
    """Return whether the checks run, for the readiness of a process that does nothing else."""
    running = supervisor is not None and supervisor.agent is not None
    return HealthCheck("checks", running, "" if running else _why_not(supervisor))


def _why_not(supervisor: Supervisor | None) -> str:
    return (supervisor.start_error if supervisor is not None else "") or _WAITING


def section(supervisor: Supervisor | None) -> dict[str, object]:
    """Return what a person asks first: which checks are not up, and whether the file is in use. It has no secret."""
    if supervisor is None:
        return {"running": False}
    agent = supervisor.agent
    if agent is None:
        return {"running": False, "waiting": _why_not(supervisor)}
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
