"""The rows of history: runs, changes of status, and now and then the state of a check."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from argus_otel.telemetry import AttributeValue, Telemetry

from . import attributes as a
from . import catalogue as c
from .agent import CheckState
from .definition import Check
from .event_ids import change_id, run_id, state_id
from .judge import Change, Status
from .mutes import MuteReason
from .outcomes import Run
from .tracing import described, ending, phase_attributes

_HOUR = 3_600_000

_SHORTEST, _LONGEST = 2 * 3600, 8 * 86_400
"""How long a state holds without another row, in seconds. Two of the hourly rows may be late, or one be lost."""


class HistoryRows:
    """Records rows while history is on.

    A change tells how a status begins. That it lasts, and that an agent is still there, nothing would tell: so the
    first run of each hour records the state too. It also tells what changed while no agent ran, such as the end of a
    maintenance.

    Parameters
    ----------
    states:
        Returns the states of the agent's checks.
    location:
        Returns where the agent checks from.
    """

    def __init__(
        self, telemetry: Telemetry, states: Callable[[], Mapping[str, CheckState]], location: Callable[[], str]
    ) -> None:
        self._telemetry = telemetry
        self._states = states
        self._location = location
        self._hours: dict[str, int] = {}

    def run(self, check: Check, run: Run) -> None:
        """Record a run, if the check keeps it, and the check's state, if this is the first run of an hour."""
        history = self._telemetry.history
        if history is None:
            return
        if check.keeps(run.slot):
            event_id = run_id(check.name, self._location(), run.slot, run.repeat)
            history(c.RUN_ROW, self._run_attributes(check, run), run.last.duration, event_id)
        if self._is_first_of_hour(check.name, run.slot // _HOUR):
            self.state(check, state_id(check.name, self._location(), run.slot, run.repeat))

    def change(self, check: Check, change: Change, attributes: Mapping[str, AttributeValue]) -> None:
        """Record a confirmed change, whose attributes on other signals are given."""
        history = self._telemetry.history
        if history is not None:
            event_id = change_id(check.name, self._location(), change.since, change.repeat)
            history(c.STATUS_ROW, {**attributes, a.HOLDS.name: _holds(check)}, None, event_id)

    def state(self, check: Check, event_id: str | None = None) -> None:
        """Record the status of a check, and why it is muted."""
        history, state = self._telemetry.history, self._states().get(check.name)
        if history is None or state is None:
            return
        attributes: dict[str, AttributeValue] = {
            **described(check),
            a.STATE.name: state.judge.status.value,
            a.HOLDS.name: _holds(check),
        }
        if state.judge.status is not Status.UNKNOWN:
            attributes[a.SINCE.name] = state.judge.since
        if state.muted:
            attributes[a.MUTED.name] = reasons(state.muted)
        history(c.STATE_ROW, attributes, None, event_id)

    def _is_first_of_hour(self, name: str, hour: int) -> bool:
        if self._hours.get(name) == hour:
            return False
        states = self._states()
        if len(self._hours) > 2 * len(states):
            self._hours = {each: last for each, last in self._hours.items() if each in states}
        self._hours[name] = hour
        return True

    def _run_attributes(self, check: Check, run: Run) -> dict[str, AttributeValue]:
        verdict = ending(run.last)
        attributes: dict[str, AttributeValue] = {
            **described(check),
            a.SLOT.name: run.slot,
            a.OUTCOME.name: verdict[a.OUTCOME.name],
            a.RUN_ATTEMPTS.name: len(run.attempts),
            a.DISTURBED.name: run.disturbed,
            **phase_attributes(run.last.phases),
        }
        if a.ERROR_TYPE.name in verdict:
            attributes[a.ERROR_TYPE.name] = verdict[a.ERROR_TYPE.name]
        state = self._states().get(check.name)
        if state is not None and state.muted:
            attributes[a.MUTED.name] = reasons(state.muted)
        status = run.last.facts.get("status")
        if isinstance(status, int):
            attributes["http.response.status_code"] = status
        return attributes


def reasons(muted: frozenset[MuteReason]) -> str:
    """Return the reasons of a mute as one text."""
    return ",".join(sorted(each.value for each in muted))


def _holds(check: Check) -> int:
    return min(max(_SHORTEST, 2 * check.interval // 1000), _LONGEST)
