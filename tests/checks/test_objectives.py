"""What checks promise, and whether they keep it: real services and SDK, and each case that is not judged."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from argus_otel.sources.checks.agent import CheckState
from argus_otel.sources.checks.definition import Latency, Objective
from argus_otel.sources.checks.errors import ErrorType
from argus_otel.sources.checks.judge import Confirm
from argus_otel.sources.checks.mutes import Mute, MuteReason, change_mutes
from argus_otel.sources.checks.objectives import kept, promised, window_text
from argus_otel.sources.checks.outcomes import Attempt, Failure, Outcome, Run
from argus_otel.testing import Observation

from .services import Answering, http
from .test_agent import check
from .test_signals import DEFAULTS, Switched, point, running, served, until

SLO = "{availability: 99.9%, latency: {under: 100ms, share: 99%}, window: 7d}"


def a_file(port: int) -> str:
    url = f"http://127.0.0.1:{port}/"
    return f"{DEFAULTS}checks:\n  shop: {{http: '{url}', service: web, slo: {SLO}}}\n  plain: {{http: '{url}'}}\n"


def now(observed: Observation, slo: str) -> float | None:
    return point(observed, "argus.check.slo.kept", argus_check_slo=slo)


def test_a_check_that_promises_something_is_told_to_keep_it_and_one_that_does_not_has_no_series(tmp_path: Path) -> None:
    with served(Answering(http(b"hello"))) as port, running(tmp_path / "checks.yaml", a_file(port)) as observed:
        until(lambda: now(observed, "availability") == now(observed, "latency") == 1)
        ids = {
            "argus.check.name": "shop",
            "argus.check.type": "http",
            "service.peer.name": "web",
            "argus.check.slo.window": "7d",
        }
        assert observed.points()["argus.check.slo.objective"] == [
            ({**ids, "argus.check.slo": "availability"}, 0.999),
            ({**ids, "argus.check.slo": "latency"}, 0.99),
        ]
        assert [attributes for attributes, _ in observed.points()["argus.check.slo.kept"]] == [
            {**ids, "argus.check.slo": "availability"},
            {**ids, "argus.check.slo": "latency"},
        ]


def test_one_failed_run_is_not_fast_and_only_a_confirmed_failure_breaks_availability(tmp_path: Path) -> None:
    switched = Switched()
    with served(switched) as port, running(tmp_path / "checks.yaml", a_file(port)) as observed:
        until(lambda: now(observed, "availability") == now(observed, "latency") == 1)
        switched.on = False
        until(lambda: now(observed, "latency") == 0)
        until(lambda: now(observed, "availability") == 0)
        switched.on = True
        until(lambda: now(observed, "availability") == now(observed, "latency") == 1)


def test_a_check_that_is_slow_breaks_the_promise_of_latency_alone(tmp_path: Path) -> None:
    with served(Answering(http(b"hello"), 0.15)) as port, running(tmp_path / "checks.yaml", a_file(port)) as observed:
        until(lambda: now(observed, "latency") == 0)
        until(lambda: now(observed, "availability") == 1)


def test_a_muted_check_is_not_judged_and_promises_as_before(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with (
        served(Answering(http(b"hello"))) as port,
        running(tmp_path / "checks.yaml", a_file(port), state=state) as observed,
    ):
        until(lambda: now(observed, "availability") == 1)
        change_mutes(state, lambda mutes: mutes.update({"shop": Mute(2**60)}), int(time.time() * 1000))
        until(lambda: now(observed, "availability") is None)
        assert now(observed, "latency") is None
        assert point(observed, "argus.check.slo.objective", argus_check_slo="availability") == 0.999


def judged(*runs: Run, objective: Objective | None) -> CheckState:
    """Return the state of a check after some runs, each of which is confirmed."""
    state = CheckState(check("it", None, confirm=Confirm(1, 1, 100), objective=objective))  # type: ignore[arg-type]
    for run in runs:
        state.last = run
        state.judge.add(run)
        change = state.judge.confirmed()
        if change is not None:
            state.judge.apply(change)
    return state


def run(outcome: Outcome, duration: float = 0.01, *, disturbed: bool = False) -> Run:
    failure = None if outcome is Outcome.OK else Failure(ErrorType.SLOW, "it is slow")
    return Run("it", 1000, 0, 1000, (Attempt(outcome, failure, duration),), disturbed)


BOTH = Objective(0.99, Latency(0.1, 0.9), 86400)
GOOD = run(Outcome.OK)


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([], {}),
        ([GOOD], {"availability": True, "latency": True}),
        ([run(Outcome.OK, 0.1)], {"availability": True, "latency": True}),
        ([run(Outcome.OK, 0.11)], {"availability": True, "latency": False}),
        ([run(Outcome.WARN)], {"availability": True, "latency": True}),
        ([GOOD, run(Outcome.FAILED)], {"availability": False, "latency": False}),
        ([GOOD, run(Outcome.UNKNOWN)], {"availability": True}),
        ([run(Outcome.UNKNOWN)], {}),
        ([run(Outcome.OK, 0.11, disturbed=True)], {"availability": True}),
        ([run(Outcome.OK, 0.1, disturbed=True)], {"availability": True, "latency": True}),
        ([run(Outcome.FAILED, disturbed=True)], {"availability": False, "latency": False}),
    ],
)
def test_what_is_judged(runs: list[Run], expected: dict[str, bool]) -> None:
    state = judged(*runs, objective=BOTH)
    assert dict(kept(state)) == expected
    state.muted = frozenset({MuteReason.PARENT})
    assert dict(kept(state)) == {}
    assert dict(promised(state.check)) == {"availability": 0.99, "latency": 0.9}


@pytest.mark.parametrize(
    ("objective", "kinds"),
    [(None, []), (Objective(0.9, None, 60), ["availability"]), (Objective(None, Latency(1, 0.9), 60), ["latency"])],
)
def test_only_what_is_promised_is_told(objective: Objective | None, kinds: list[str]) -> None:
    state = judged(GOOD, objective=objective)
    assert [kind for kind, _ in kept(state)] == [kind for kind, _ in promised(state.check)] == kinds


@pytest.mark.parametrize(
    ("seconds", "text"), [(30 * 86400.0, "30d"), (604800.0, "7d"), (129600.0, "1d12h"), (5400.4, "1h30m"), (0.2, "0s")]
)
def test_a_window_is_written_as_prometheus_writes_it(seconds: float, text: str) -> None:
    assert window_text(seconds) == text
