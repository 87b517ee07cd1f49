"""The gauges of checks: read from their states at each collection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from argus_otel.telemetry import Attributes, Metric, Reading, Telemetry

from . import attributes as a
from . import catalogue as c
from .agent import CheckState
from .definition import Check
from .judge import Status
from .objectives import kept, promised, window_text
from .tracing import described

States = Callable[[], Mapping[str, CheckState]]


class _Keys:
    """The attributes of one check's points: each mapping is made once, and is shared by all points that have it.

    An agent with 10,000 checks has some 200,000 points, and a mapping is larger than the rest of a point.
    """

    __slots__ = ("check", "own", "labelled", "_more")

    def __init__(self, check: Check) -> None:
        self.check = check
        self.own: Attributes = described(check)
        self.labelled: Attributes = {**check.labels, **self.own} if check.labels else self.own
        self._more: dict[str, Attributes] = {}

    def with_(self, attribute: str, value: str) -> Attributes:
        """Return the check's own attributes and one more. No value may be that of another attribute, too."""
        found = self._more.get(value)
        if found is None:
            found = self._more[value] = {**self.own, attribute: value}
        return found

    def of_objective(self, slo: str) -> Attributes:
        """Return the check's own attributes, and those of one of its promises."""
        found, objective = self._more.get(slo), self.check.objective
        if found is None:
            window = "" if objective is None else window_text(objective.window)
            found = self._more[slo] = {**self.own, a.SLO.name: slo, a.SLO_WINDOW.name: window}
        return found


class CheckGauges:
    """Reports the states of checks.

    Parameters
    ----------
    states:
        Returns the states of the agent's checks. Called on any thread.
    """

    def __init__(self, telemetry: Telemetry, states: States) -> None:
        self._telemetry = telemetry
        self._states = states
        self._keys: dict[str, _Keys] = {}

    def add(self) -> None:
        """Add the gauges."""
        self._add(c.UP, _up, labels=True)
        self._add(c.SUCCESS, _success)
        self._add(c.SINCE, lambda state: state.judge.since / 1000 if state.judge.since else None)
        self._add(c.LAST_RUN, lambda state: None if state.last is None else state.last.started / 1000)
        self._add(c.LAST_DURATION, lambda state: None if state.last is None else state.last.last.duration)
        self._add(c.LAST_HEARTBEAT, _fact("last_heartbeat"))
        self._add(c.HTTP_STATUS, _fact("status"))
        self._add(c.RESPONSE_SIZE, _fact("size"))
        self._add(c.DNS_ANSWERS, _fact("answers"))
        self._add(c.CERTIFICATE_EXPIRY, _fact("certificate_expiry"))
        self._telemetry.gauge(c.STATE, self._read_states)
        self._telemetry.gauge(c.MUTED, self._read_muted)
        self._telemetry.gauge(c.SLO_OBJECTIVE, self._read_objectives)
        self._telemetry.gauge(c.SLO_KEPT, self._read_kept)
        self._add(c.SLO_LATENCY, _promised_latency)
        self._telemetry.gauge(c.PHASE_DURATION, self._read_phases)
        self._telemetry.gauge(c.CONFIGURED, lambda: _by_type(self._states().values()))
        self._telemetry.gauge(c.RUNNING, lambda: _by_type(self._states().values(), running=True))

    def _add(self, metric: Metric, value_of: Callable[[CheckState], float | None], *, labels: bool = False) -> None:
        """Add a gauge with one point for each check that has a value."""

        def read() -> Reading:
            for keys, state in self._each():
                value = value_of(state)
                if value is not None:
                    yield keys.labelled if labels else keys.own, value

        self._telemetry.gauge(metric, read)

    def _each(self) -> Iterator[tuple[_Keys, CheckState]]:
        states, known = self._states(), self._keys
        if len(known) > 2 * len(states):
            known = self._keys = {name: keys for name, keys in list(known.items()) if name in states}
        for name, state in states.items():
            keys = known.get(name)
            if keys is None or keys.check is not state.check:
                keys = known[name] = _Keys(state.check)
            yield keys, state

    def _read_states(self) -> Reading:
        for keys, state in self._each():
            for status in Status:
                yield keys.with_(a.STATE.name, status.value), float(state.judge.status is status)

    def _read_muted(self) -> Reading:
        for keys, state in self._each():
            for reason in state.muted:
                yield keys.with_(a.MUTE_REASON.name, reason.value), 1.0

    def _read_objectives(self) -> Reading:
        for keys, state in self._each():
            for slo, share in promised(state.check):
                yield keys.of_objective(slo), share

    def _read_kept(self) -> Reading:
        for keys, state in self._each():
            for slo, keeps in kept(state):
                yield keys.of_objective(slo), float(keeps)

    def _read_phases(self) -> Reading:
        for keys, state in self._each():
            if state.last is not None:
                for phase, seconds in state.last.last.phases.items():
                    if phase in a.PHASE.values:
                        yield keys.with_(a.PHASE.name, phase), seconds


def _up(state: CheckState) -> float | None:
    status = state.judge.status
    return None if status is Status.UNKNOWN else float(status is not Status.DOWN)


def _success(state: CheckState) -> float | None:
    return None if state.last is None else float(state.last.outcome.good)


def _promised_latency(state: CheckState) -> float | None:
    objective = state.check.objective
    return None if objective is None or objective.latency is None else objective.latency.under


def _fact(name: str) -> Callable[[CheckState], float | None]:
    """Return what reads a number among the facts of a check's last run, or how many items it has."""

    def read(state: CheckState) -> float | None:
        fact = None if state.last is None else state.last.last.facts.get(name)
        if isinstance(fact, (int, float)):
            return float(fact)
        return float(len(fact)) if isinstance(fact, tuple) else None  # pyright: ignore[reportUnknownArgumentType]

    return read


def _by_type(states: Iterable[CheckState], *, running: bool = False) -> Reading:
    counts: dict[str, int] = {}
    for state in states:
        counts.setdefault(state.check.executor.type, 0)
        counts[state.check.executor.type] += not running or state.running is not None
    return [({a.TYPE.name: type_}, float(count)) for type_, count in counts.items()]
