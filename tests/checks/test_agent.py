"""The agent on a real event loop: executors that are quick, slow, broken, and that will not end."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from argus_otel.sources.checks.agent import Agent
from argus_otel.sources.checks.clock import Clock
from argus_otel.sources.checks.conditions import Condition
from argus_otel.sources.checks.definition import Check
from argus_otel.sources.checks.errors import CheckError, ErrorType
from argus_otel.sources.checks.executor import Executor, ExecutorContext, Probe
from argus_otel.sources.checks.file.field_types import Text
from argus_otel.sources.checks.judge import Change, Confirm, Status
from argus_otel.sources.checks.mutes import MuteReason
from argus_otel.sources.checks.net.resolver import Resolver
from argus_otel.sources.checks.outcomes import Failure, Outcome, Run

Work = Callable[[Probe[Any]], Awaitable[Mapping[str, object]]]


class Calling(Executor[Work]):
    """Probes by a coroutine function of the test; its options are that function."""

    type = "calling"
    title = "a call"
    options = Text()
    subjects: Mapping[str, Any] = {}

    def host(self, options: Work) -> str:
        return options.__name__

    async def run(self, probe: Probe[Work]) -> Mapping[str, object]:
        return await probe.options(probe)


CALLING = Calling(ExecutorContext(Resolver(1)))


class Seen:
    """Notes what happens."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.changes: list[Change] = []
        self.lateness: list[float] = []
        self.left_out: Counter[str] = Counter()
        self.mutes: list[tuple[str, frozenset[MuteReason]]] = []

    def started(self, check: Check, lateness: float) -> None:
        self.lateness.append(lateness)

    def ended(self, check: Check, run: Run, status: Status) -> None:
        self.runs.append(run)

    def changed(self, check: Check, change: Change, run: Run | None) -> None:
        self.changes.append(change)

    def muted(self, check: Check, before: frozenset[MuteReason], after: frozenset[MuteReason]) -> None:
        self.mutes.append((check.name, after))

    def skipped(self, reason: str, slots: int) -> None:
        self.left_out[reason] += slots

    def of(self, name: str) -> list[Run]:
        return [run for run in self.runs if run.check == name]


def check(name: str, work: Work, **more: Any) -> Check:
    defaults: dict[str, Any] = {"interval": 1000, "timeout": 0.5, "retries": 0, "confirm": Confirm(2, 1, 100)}
    return Check(name, CALLING, work, **{**defaults, **more})


async def works(_: Probe[Any]) -> Mapping[str, object]:
    return {"status": 200}


async def hangs(_: Probe[Any]) -> Mapping[str, object]:
    await asyncio.sleep(60)
    return {}


async def refuses_to_end(_: Probe[Any]) -> Mapping[str, object]:
    end = time.monotonic() + 5
    while time.monotonic() < end:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(end - time.monotonic())
    return {}


async def is_refused(_: Probe[Any]) -> Mapping[str, object]:
    raise CheckError(ErrorType.REFUSED, "nothing listens there")


async def is_broken(_: Probe[Any]) -> Mapping[str, object]:
    raise RuntimeError("the executor's own fault")


def watched(seconds: float, *checks: Check, during: Callable[[Agent], Awaitable[None]] | None = None) -> Seen:
    """Run checks for some seconds."""
    seen = Seen()

    async def life() -> None:
        agent = Agent(seen)
        agent.replace(checks)
        if during is not None:
            await during(agent)
        await asyncio.sleep(seconds)
        await agent.stop()

    asyncio.run(life())
    return seen


def test_one_check_that_hangs_delays_no_other() -> None:
    names = [f"works {number}" for number in range(20)]
    seen = watched(3.5, check("hangs", hangs), *(check(name, works) for name in names))
    for name in names:
        assert len(seen.of(name)) >= 3
    assert {run.outcome for run in seen.runs if run.check != "hangs"} == {Outcome.OK}
    assert {run.failure.error_type for run in seen.of("hangs") if run.failure} == {ErrorType.TIMEOUT}
    assert all(0.45 < run.last.duration < 0.8 for run in seen.of("hangs"))


def test_an_executor_that_will_not_end_is_left_alone_and_judged_in_time() -> None:
    seen = watched(4.0, check("stubborn", refuses_to_end, interval=2000), check("works", works))
    assert [run.outcome for run in seen.of("stubborn")][:1] == [Outcome.FAILED]
    assert len(seen.of("works")) >= 3


@pytest.mark.parametrize(
    ("work", "error_type"),
    [(is_refused, ErrorType.REFUSED), (is_broken, ErrorType.EXECUTOR), (hangs, ErrorType.TIMEOUT)],
)
def test_each_failure_has_its_type_and_its_attempts(work: Work, error_type: ErrorType) -> None:
    seen = watched(2.6, check("fails", work, retries=1, timeout=0.2))
    run = seen.of("fails")[0]
    assert len(run.attempts) == 2
    assert {attempt.failure.error_type for attempt in run.attempts if attempt.failure} == {error_type}
    assert [change.after for change in seen.changes] == [Status.DOWN]


def test_a_slot_whose_predecessor_still_runs_is_left_out_and_counted() -> None:
    seen = watched(4.5, check("slow", hangs, interval=1000, timeout=2.4, confirm=Confirm(9, 9, 10_000)))
    assert seen.left_out["overrun"] >= 2
    assert len(seen.of("slow")) <= 2


def test_phases_add_up_to_the_duration() -> None:
    seen = watched(1.2, check("works", works), check("hangs", hangs, timeout=0.1))
    for run in seen.runs:
        assert sum(run.last.phases.values()) == pytest.approx(run.last.duration, abs=1e-9)


def test_a_new_check_is_judged_before_its_interval_has_passed_twice() -> None:
    day = 86_400_000  # of a minute, one slot in forty would be within the test
    seen = watched(1.6, check("down", is_refused, interval=day), during=_run_now("down"))
    assert [change.after for change in seen.changes] == [Status.DOWN]
    assert len(seen.of("down")) == 2


def _run_now(name: str) -> Callable[[Agent], Awaitable[None]]:
    async def during(agent: Agent) -> None:
        agent.run_now(name)

    return during


def test_a_check_that_is_removed_while_it_runs_is_never_heard_of_again() -> None:
    async def during(agent: Agent) -> None:
        agent.run_now("hangs")
        await asyncio.sleep(0.1)
        agent.replace([check("works", works)])

    seen = watched(1.5, check("hangs", hangs), during=during)
    assert seen.of("hangs") == []
    assert seen.of("works")


def test_a_childs_failure_waits_for_its_parents_verdict() -> None:
    """The child fails first, and runs much more often than its parent."""
    child = check("child", is_refused, interval=1000, confirm=Confirm(1, 1, 100), parents=("parent",))
    parent = check("parent", is_refused, interval=60_000, confirm=Confirm(3, 1, 100))
    seen = watched(2.5, child, parent)
    assert [(change.check, change.after) for change in seen.changes] == [
        ("parent", Status.DOWN),
        ("child", Status.DOWN),
    ]


def test_a_child_that_fails_alone_is_down_once_its_parent_has_proved_to_work() -> None:
    child = check("child", is_refused, interval=1000, confirm=Confirm(2, 1, 100), parents=("parent",))
    seen = watched(2.5, child, check("parent", works, interval=60_000))
    assert [(change.check, change.after) for change in seen.changes] == [
        ("parent", Status.UP),
        ("child", Status.DOWN),
    ]


def test_more_checks_of_one_host_than_may_run_leave_room_for_others() -> None:
    crowd = [check(f"crowd {number}", hangs, timeout=0.3, interval=1000) for number in range(40)]
    seen = watched(2.5, *crowd, check("works", works))
    assert len(seen.of("works")) >= 2
    assert [run.failure for run in seen.of("works")] == [None] * len(seen.of("works"))


class Faulty(Condition):
    """A condition that cannot judge."""

    def __init__(self, *, heavy: bool) -> None:
        super().__init__("body", "/secret/", ErrorType.BODY)
        self.heavy = heavy

    def contradiction(self, fact: object) -> str | None:
        raise KeyError(fact)


async def answers(_: Probe[Any]) -> Mapping[str, object]:
    return {"body": "the answer"}


@pytest.mark.parametrize("heavy", [False, True])
def test_a_condition_that_is_at_fault_itself_is_an_error_of_that_check_alone(heavy: bool) -> None:
    """Fault 8: one rule of one check that cannot be judged ended every check."""
    seen = watched(2.5, check("faulty", answers, expect=(Faulty(heavy=heavy),)), check("works", works))
    failures = {run.failure for run in seen.of("faulty")}
    assert failures == {Failure(ErrorType.EXECUTOR, "the condition failed: KeyError", "body: /secret/")}
    assert {run.outcome for run in seen.of("works")} == {Outcome.OK}


class Hostless(Calling):
    """An executor that cannot tell the host of its checks."""

    def host(self, options: Work) -> str:
        raise KeyError(options)


def test_an_executor_that_cannot_tell_the_host_runs_nevertheless() -> None:
    seen = watched(1.5, replace(check("hostless", works), executor=Hostless(ExecutorContext(Resolver(1)))))
    assert {run.outcome for run in seen.of("hostless")} == {Outcome.OK}


def test_an_observer_that_is_at_fault_does_not_end_the_agent() -> None:
    class Raising(Seen):
        def skipped(self, reason: str, slots: int) -> None:
            super().skipped(reason, slots)
            raise RuntimeError("a fault of the observer")

    seen = Raising()

    async def life() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, _context: None)
        agent = Agent(seen)
        agent.replace([check("slow", hangs, timeout=30), check("works", works)])
        while seen.left_out["overrun"] < 2:
            await asyncio.sleep(0.05)
        known = len(seen.of("works"))
        while len(seen.of("works")) < known + 2:
            await asyncio.sleep(0.05)
        await agent.stop()

    asyncio.run(asyncio.wait_for(life(), 30))


def test_a_check_that_is_edited_while_it_runs_is_the_new_one_from_then_on() -> None:
    """Fault 9: the end of a run wrote the old definition back."""

    async def during(agent: Agent) -> None:
        agent.run_now("shop")
        await asyncio.sleep(0.1)
        assert agent.states["shop"].running is not None
        agent.replace([check("shop", works, service="new")])

    seen = watched(2.5, check("shop", hangs, timeout=0.9, service="old"), during=during)
    assert {run.outcome for run in seen.of("shop")} == {Outcome.OK}
    assert [change.after for change in seen.changes] == [Status.UP]


def test_a_check_that_is_disabled_while_it_runs_stays_disabled() -> None:
    """Fault 9: the end of a run enabled it again."""

    async def during(agent: Agent) -> None:
        agent.run_now("shop")
        await asyncio.sleep(0.1)
        agent.replace([check("shop", hangs, enabled=False)])
        assert agent.states == {}

    assert watched(1.5, check("shop", hangs), during=during).runs == []


class SetClock(Clock):
    """The clocks of the host, of which the wall clock can be set."""

    def __init__(self) -> None:
        self.by = 0

    def wall(self) -> int:
        return super().wall() + self.by


HOUR = 3_600_000


@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_a_wall_clock_that_is_set_runs_nothing_twice_and_changes_no_status(by: int) -> None:
    """Forward is also what a laptop sees that slept: its monotonic clock stood still."""
    clock, seen = SetClock(), Seen()

    async def life() -> None:
        agent = Agent(seen, clock)
        agent.replace([check(f"check-{number}", works) for number in range(10)])
        while len(seen.runs) < 20:
            await asyncio.sleep(0.05)
        clock.by = by
        before = len(seen.runs)
        while len(seen.runs) < before + 20:
            await asyncio.sleep(0.05)
        await agent.stop()

    asyncio.run(asyncio.wait_for(life(), 30))
    slots = [(run.check, run.slot, run.repeat) for run in seen.runs]
    assert len(slots) == len(set(slots))
    assert len(slots) < 60, "what was passed over is not made up for"
    assert [change.after for change in seen.changes] == [Status.UP] * 10
    assert (seen.left_out["clock"] >= 10 * 3590) is (by > 0)
