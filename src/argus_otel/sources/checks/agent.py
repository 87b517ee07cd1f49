"""The agent: runs every check in its slots, and judges what comes of it. It keeps no history and knows no exporter."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Protocol

from .anchors import Anchors
from .clock import Clock, StepDetector
from .definition import Check, Window
from .executor import Executor
from .judge import Change, Judge, Status, Verdict
from .limits import Limits
from .loop_lag import LoopLag
from .maintenance import Maintenance
from .mutes import Mute, MuteReason, is_muted
from .outcomes import Outcome, Run
from .runner import Runner
from .schedule import Due, Schedule
from .tracing import Tracer

_LONGEST_WAIT = 1.0
"""How long the agent waits at most, in seconds: it has to notice that the wall clock was set."""

_THREADS = 4

_NO_NETWORK = "not judged: none of the anchors answers, so this agent has no network"


class Observer(Protocol):
    """Is given everything that happens, on the agent's loop. Must not block, and must not raise."""

    def started(self, check: Check, lateness: float) -> None:
        """A run begins, ``lateness`` seconds after its slot."""

    def ended(self, check: Check, run: Run, status: Status) -> None:
        """A run has ended. The status is that after the run."""

    def changed(self, check: Check, change: Change, run: Run | None) -> None:
        """A change of status is confirmed, by ``run``; ``None`` if it is reported again after a restart."""

    def muted(self, check: Check, before: frozenset[MuteReason], after: frozenset[MuteReason]) -> None:
        """The reasons for which a check is muted have changed."""

    def skipped(self, reason: str, slots: int) -> None:
        """Slots were left out: ``overrun``, ``late`` or ``clock``."""


class Keeper(Protocol):
    """Keeps the state of checks between two starts of the agent."""

    def keep(self, state: CheckState, change: Change | None) -> None:
        """Keep a state, and the change that led to it, before the observer is given it. Must not raise."""


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
    muted:
        Why alerts on it are muted.
    """

    __slots__ = ("check", "judge", "last", "running", "muted")

    def __init__(self, check: Check) -> None:
        self.check = check
        self.judge = Judge(check.name, check.confirm)
        self.last: Run | None = None
        self.running: asyncio.Task[None] | None = None
        self.muted: frozenset[MuteReason] = frozenset()


class Agent:
    """Runs checks on the current event loop.

    Parameters
    ----------
    observer:
        Is given what happens.
    keeper:
        Keeps states; ``None`` for nothing.
    tracer:
        Traces runs; ``None`` for none.
    total, per_host:
        The most checks that run at the same time, in all and against one host.
    """

    def __init__(
        self,
        observer: Observer,
        clock: Clock | None = None,
        *,
        keeper: Keeper | None = None,
        tracer: Tracer | None = None,
        total: int = 200,
        per_host: int = 8,
    ) -> None:
        self._observer = observer
        self._keeper = keeper
        self._clock = clock or Clock()
        self._steps = StepDetector(self._clock)
        self._loop = asyncio.get_running_loop()
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="argus-otel checks")
        self._limits = (total, per_host)
        self._runner = Runner(self._clock, Limits(total, per_host), LoopLag(self._loop), self._pool, tracer)
        self._schedule = Schedule()
        self._states: dict[str, CheckState] = {}
        self._children: dict[str, tuple[str, ...]] = {}
        self._anchors = Anchors({})
        self._waiting_for_anchors: set[str] = set()
        self._maintenance = Maintenance((), ())
        self._open: tuple[bool, ...] = ()
        self._in_maintenance: frozenset[str] = frozenset()
        self._mutes: Mapping[str, Mute] = {}
        self._mutes_end: int | None = None
        self._handle: asyncio.Handle | None = None

    # -- what runs

    def replace(self, checks: Sequence[Check], *, anchors: Sequence[str] = (), windows: Sequence[Window] = ()) -> None:
        """Run these checks from now on, and no others. One that is as before keeps slots, status and run.

        Parameters
        ----------
        anchors:
            The names of those that tell whether the agent has a network.
        windows:
            When which checks are in maintenance.
        """
        now = self._clock.wall()
        checks = [check for check in checks if check.enabled]
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
        _tell_executors(checks, self._states.values())
        self._states = states
        self._children = _children(checks)
        asked = Anchors({name: states[name].check.confirm.down for name in anchors if name in states})
        asked.carry_over(self._anchors)
        self._anchors = asked
        self._waiting_for_anchors &= states.keys()
        self._maintenance = Maintenance(windows, states)
        self._open = self._maintenance.open_at(now)
        self._in_maintenance = self._maintenance.checks_in(self._open)
        self._mute_all(now)
        self._wake_soon()

    def restore(self, verdicts: Mapping[str, Verdict], *, streaks: bool) -> None:
        """Go on with the verdicts of an earlier agent, by the checks' names. Call it before the first check runs.

        Parameters
        ----------
        streaks:
            Whether runs in a row go on, too: the earlier agent ended a short time ago.
        """
        for name, verdict in verdicts.items():
            if name in self._states:
                self._states[name].judge.restore(verdict, streaks=streaks)
        self._mute_all(self._clock.wall())

    def limit(self, total: int, per_host: int) -> None:
        """Run at most this many checks at the same time. Those that run already are not counted in."""
        if self._limits != (total, per_host):
            self._limits = (total, per_host)
            self._runner.limits = Limits(total, per_host)

    def mute(self, mutes: Mapping[str, Mute]) -> None:
        """Mute checks as people have asked for, by name or pattern; replaces earlier ones."""
        self._mutes = mutes
        self._mute_all(self._clock.wall())

    def run_now(self, name: str) -> None:
        """Run a check at once, unless it is running.

        Raises
        ------
        KeyError
            There is no such check.
        """
        self._schedule.hasten(self._states[name].check.name, self._clock.wall())
        self._wake_soon()

    def report_again(self, change: Change) -> None:
        """Report a change of an earlier agent, which may have been killed before it reported that."""
        state = self._states.get(change.check)
        if state is not None:
            self._observer.changed(state.check, replace(change, again=True), None)

    @property
    def states(self) -> Mapping[str, CheckState]:
        """The state of each check, by its name. The mapping is replaced, never changed: any thread may iterate it."""
        return self._states

    @property
    def has_network(self) -> bool:
        """Whether one of the anchors answers; true if there are none."""
        return not self._anchors.lost

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
        """Start what is due, and wait for what is next, even if something on the way is at fault."""
        try:
            self._start_due()
        finally:
            following = self._schedule.next
            now = self._clock.wall()
            wait = _LONGEST_WAIT if following is None else min((following - now) / 1000, _LONGEST_WAIT)
            self._handle = self._loop.call_later(max(wait, 0), self._wake)

    def _start_due(self) -> None:
        step, now = self._steps.step(), self._clock.wall()
        if step and (passed := self._schedule.restart(now, back=step < 0)):
            self._observer.skipped("clock", passed)
        self._mute_by_time(now)
        for due in self._schedule.take(now):
            if due.missed:
                self._observer.skipped("late", due.missed)
            state = self._states[due.check]
            if state.running is not None:
                self._observer.skipped("overrun", 1)
            else:
                state.running = self._loop.create_task(self._run(state, due))

    def _hasten(self, name: str, at: int) -> None:
        """Let a check run at ``at`` too, and wake up in time for it."""
        before = self._schedule.next
        self._schedule.hasten(name, at)
        if before is None or at < before:
            self._wake_soon()

    async def _run(self, state: CheckState, due: Due) -> None:
        check = state.check
        sure = state.judge.status is Status.UP and not state.judge.unsure
        try:
            run = await self._runner.run(
                check, due, lambda begun: self._observer.started(check, (begun - due.slot) / 1000), sure=sure
            )
        finally:
            state.running = None
        if check.name in self._anchors:
            lost = self._anchors.lost
            self._anchors.add(run)
            if self._anchors.lost and not lost:
                self._suspend_all(run)
        judged = run.unjudged(_NO_NETWORK) if self._anchors.lost else run
        state.last = judged
        unsure = state.judge.unsure
        state.judge.add(judged)
        if not self._settle(state) and (unsure or state.judge.unsure):
            self._keep(state, None)
        self._observer.ended(check, judged, state.judge.status)
        self._settle_others(check.name)

    # -- what comes of it

    def _settle_others(self, name: str) -> None:
        """Settle the checks that may have waited for the verdict on this one."""
        for child in self._children.get(name, ()):
            self._settle(self._states[child])
        if name in self._anchors and self._waiting_for_anchors:
            waiting, self._waiting_for_anchors = self._waiting_for_anchors, set()
            for each in waiting:
                self._settle(self._states[each])

    def _settle(self, state: CheckState) -> bool:
        """Make the change that is confirmed, unless another verdict has to come first; return whether there was one."""
        check, judge, run = state.check, state.judge, state.last
        if run is None:
            return False
        change = judge.confirmed()
        if change is not None and not (change.worse and self._wait_for_cause(state)):
            self._make(state, change)
            return True
        if judge.unsure and state.running is None and not self._anchors.lost:
            self._hasten(check.name, max(run.slot, self._clock.wall()) + check.confirm.every)
        return False

    def _make(self, state: CheckState, change: Change) -> None:
        """Make a change: keep it, and only then report it."""
        change = replace(change, muted=state.muted if change.worse else frozenset())
        state.judge.apply(change)
        self._keep(state, change)
        self._observer.changed(state.check, change, state.last)
        for child in self._children.get(state.check.name, ()):
            self._mute_one(self._states[child], self._clock.wall())

    def _keep(self, state: CheckState, change: Change | None) -> None:
        if self._keeper is not None:
            self._keeper.keep(state, change)

    def _suspend_all(self, run: Run) -> None:
        """Judge nothing any more: ``run`` is the last one that shows that the agent has no network."""
        self._waiting_for_anchors.clear()
        for state in self._states.values():
            change = state.judge.suspended(run.slot)
            if change is not None:
                self._make(state, change)

    def _wait_for_cause(self, state: CheckState) -> bool:
        """Whether a parent or the agent's own network may be the cause, and is not judged yet.

        Those run at once, and if that does not suffice, as often as their confirmation says.
        """
        since = state.judge.failing_since
        if since is None:
            return False
        asked = [name for name in state.check.parents if (each := self._states.get(name)) and _is_open(each, since)]
        if not self._anchors.answered_since(since):
            others = [name for name in self._anchors.names if name != state.check.name]
            if not others:  # the only anchor never tells on itself
                return False
            self._waiting_for_anchors.add(state.check.name)
            asked += others
        now = self._clock.wall()
        for each in map(self._states.__getitem__, asked):
            if each.running is None:
                has_run = each.last is not None and each.last.started >= since
                self._hasten(each.check.name, now + each.check.confirm.every if has_run else now)
        return bool(asked)

    # -- who is muted

    def _mute_by_time(self, now: int) -> None:
        """Mute and unmute checks if a window of maintenance opens or closes, or a person's mute ends."""
        open_ = self._maintenance.open_at(now)
        if open_ != self._open:
            self._open = open_
            self._in_maintenance = self._maintenance.checks_in(open_)
            self._mute_all(now)
        elif self._mutes_end is not None and now >= self._mutes_end:
            self._mute_all(now)

    def _mute_all(self, now: int) -> None:
        self._mutes_end = min((each.until for each in self._mutes.values() if each.until > now), default=None)
        for state in self._states.values():
            self._mute_one(state, now)

    def _mute_one(self, state: CheckState, now: int) -> None:
        check, before = state.check, state.muted
        reasons: set[MuteReason] = set()
        if check.name in self._in_maintenance:
            reasons.add(MuteReason.MAINTENANCE)
        if any((each := self._states.get(name)) and each.judge.status is Status.DOWN for name in check.parents):
            reasons.add(MuteReason.PARENT)
        if self._mutes and is_muted(check.name, self._mutes, now):
            reasons.add(MuteReason.MANUAL)
        after = frozenset(reasons)
        if after != before:
            state.muted = after
            self._observer.muted(check, before, after)


def _is_open(parent: CheckState, since: int) -> bool:
    """Whether a parent was not judged yet on what happened ``since`` then."""
    if parent.judge.status is Status.DOWN or (parent.last is not None and parent.last.outcome is Outcome.UNKNOWN):
        return False
    return parent.last is None or parent.last.started < since or parent.judge.failing_since is not None


def _children(checks: Sequence[Check]) -> dict[str, tuple[str, ...]]:
    children: dict[str, list[str]] = {}
    for check in checks:
        for parent in check.parents:
            children.setdefault(parent, []).append(check.name)
    return {parent: tuple(names) for parent, names in children.items()}


def _tell_executors(checks: Sequence[Check], earlier: Iterable[CheckState]) -> None:
    """Tell each executor which checks it has now; one that had some may have none any more."""
    of: dict[Executor[Any], dict[str, Any]] = {state.check.executor: {} for state in earlier}
    for check in checks:
        of.setdefault(check.executor, {})[check.name] = check.options
    for executor, options in of.items():
        executor.use(options)


def _cancel(state: CheckState) -> None:
    if state.running is not None:
        state.running.cancel()
