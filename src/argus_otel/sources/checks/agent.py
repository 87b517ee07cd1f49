"""The agent: runs every check in its slots, and judges what comes of it. It keeps no history and knows no exporter."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from .clock import Clock, StepDetector
from .definition import Check
from .judge import Change, Judge, Status
from .limits import Limits
from .loop_lag import LoopLag
from .outcomes import Outcome, Run
from .runner import Runner
from .schedule import Due, Schedule

_LONGEST_WAIT = 1.0
"""How long the agent waits at most, in seconds: it has to notice that the wall clock was set."""

_THREADS = 4


class Observer(Protocol):
    """Is given everything that happens, on the agent's loop. Must not block, and must not raise."""

    def started(self, check: Check, lateness: float) -> None:
        """A run begins, ``lateness`` seconds after its slot."""

    def ended(self, check: Check, run: Run, status: Status) -> None:
        """A run has ended. The status is that after the run."""

    def changed(self, check: Check, change: Change, run: Run) -> None:
        """A change of status is confirmed, by ``run``."""

    def skipped(self, reason: str, slots: int) -> None:
        """Slots were left out: ``overrun``, ``late`` or ``clock``."""


class CheckState:
    """What the agent knows of a check. The agent's loop changes it; any thread may read it.

    Attributes
    ----------
    check:
        Its definition.
    judge:
        Its confirmed status.
    last:
        Its last run; ``None`` before the first.
    running:
        The run that is under way.
    """

    __slots__ = ("check", "judge", "last", "running")

    def __init__(self, check: Check) -> None:
        self.check = check
        self.judge = Judge(check.name, check.confirm)
        self.last: Run | None = None
        self.running: asyncio.Task[None] | None = None


class Agent:
    """Runs checks on the current event loop.

    Parameters
    ----------
    observer:
        Is given what happens.
    total, per_host:
        The most checks that run at the same time, in all and against one host.
    """

    def __init__(self, observer: Observer, clock: Clock | None = None, *, total: int = 200, per_host: int = 8) -> None:
        self._observer = observer
        self._clock = clock or Clock()
        self._steps = StepDetector(self._clock)
        self._loop = asyncio.get_running_loop()
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="argus-otel checks")
        self._runner = Runner(self._clock, Limits(total, per_host), LoopLag(self._loop), self._pool)
        self._schedule = Schedule()
        self._states: dict[str, CheckState] = {}
        self._children: dict[str, tuple[str, ...]] = {}
        self._handle: asyncio.Handle | None = None

    # -- what runs

    def replace(self, checks: Sequence[Check]) -> None:
        """Run these checks from now on, and no others. One that is as before keeps slots, status and run."""
        now = self._clock.wall()
        states: dict[str, CheckState] = {}
        for check in checks:
            known = self._states.get(check.name)
            if known is None or (known.check.executor, known.check.options) != (check.executor, check.options):
                states[check.name] = CheckState(check)
                if known is not None:
                    _cancel(known)
            else:
                known.check = check
                known.judge.confirm = check.confirm
                states[check.name] = known
            self._schedule.add(check.name, check.interval, now)
        for name in self._states.keys() - states.keys():
            _cancel(self._states[name])
        self._schedule.keep(states)
        self._states = states
        self._children = _children(checks)
        self._wake_soon()

    def run_now(self, name: str) -> None:
        """Run a check at once, unless it is running.

        Raises
        ------
        KeyError
            There is no such check.
        """
        self._schedule.hasten(self._states[name].check.name, self._clock.wall())
        self._wake_soon()

    @property
    def states(self) -> Mapping[str, CheckState]:
        """The state of each check, by its name. The mapping is replaced, never changed: any thread may iterate it."""
        return self._states

    async def stop(self) -> None:
        """End every run, and start none any more."""
        if self._handle is not None:
            self._handle.cancel()
        self._schedule.keep(())
        running = [state.running for state in self._states.values() if state.running is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for executor in {state.check.executor for state in self._states.values()}:
            await executor.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    # -- when it runs

    def _wake_soon(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._handle = self._loop.call_soon(self._wake)

    def _wake(self) -> None:
        """Start what is due, and wait for what is next."""
        step, now = self._steps.step(), self._clock.wall()
        if step and (passed := self._schedule.restart(now, back=step < 0)):
            self._observer.skipped("clock", passed)
        for due in self._schedule.take(now):
            if due.missed:
                self._observer.skipped("late", due.missed)
            state = self._states[due.check]
            if state.running is not None:
                self._observer.skipped("overrun", 1)
            else:
                state.running = self._loop.create_task(self._run(state, due))
        following = self._schedule.next
        wait = _LONGEST_WAIT if following is None else min((following - self._clock.wall()) / 1000, _LONGEST_WAIT)
        self._handle = self._loop.call_later(max(wait, 0), self._wake)

    async def _run(self, state: CheckState, due: Due) -> None:
        check = state.check
        try:
            run = await self._runner.run(
                check, due, lambda begun: self._observer.started(check, (begun - due.slot) / 1000)
            )
        finally:
            state.running = None
        state.last = run
        state.judge.add(run)
        self._settle(state)
        self._observer.ended(check, run, state.judge.status)
        for child in self._children.get(check.name, ()):  # they may wait for this verdict
            self._settle(self._states[child])

    # -- what comes of it

    def _settle(self, state: CheckState) -> None:
        """Make the change that is confirmed, unless a parent's verdict has to come first."""
        check, judge, run = state.check, state.judge, state.last
        if run is None:
            return
        change = judge.confirmed()
        if change is not None and not (change.worse and self._wait_for_parents(state)):
            judge.apply(change)
            self._observer.changed(check, change, run)
        elif judge.unsure and state.running is None:
            self._schedule.hasten(check.name, max(run.slot, self._clock.wall()) + check.confirm.every)
            self._wake_soon()

    def _wait_for_parents(self, state: CheckState) -> bool:
        """Whether a parent may be the cause, and is not judged yet. Each such parent runs at once."""
        since = state.judge.failing_since
        waiting = False
        for name in state.check.parents:
            parent = self._states.get(name)
            if parent is None or since is None or not _is_open(parent, since):
                continue
            waiting = True
            if parent.running is None:
                self._schedule.hasten(name, self._clock.wall())
                self._wake_soon()
        return waiting


def _is_open(parent: CheckState, since: int) -> bool:
    """Whether a parent was not judged yet on what happened ``since`` then."""
    if parent.judge.status is Status.DOWN or (parent.last is not None and parent.last.outcome is Outcome.UNKNOWN):
        return False
    return parent.last is None or parent.last.started < since or parent.judge.failing_since is not None


def _children(checks: Sequence[Check]) -> dict[str, tuple[str, ...]]:
    names = {check.name for check in checks}
    return {
        parent: tuple(check.name for check in checks if parent in check.parents)
        for parent in {each for check in checks for each in check.parents if each in names}
    }


def _cancel(state: CheckState) -> None:
    if state.running is not None:
        state.running.cancel()
