"""The agent: asks a store for commands, acts on each once, and answers."""

from __future__ import annotations

import getpass
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from importlib.metadata import version
from queue import Empty, SimpleQueue
from threading import Event
from typing import TYPE_CHECKING

from argus_otel.history.store.errors import StoreError
from argus_otel.sources.training.history.commands import FIRST_ID

from .actions import Done
from .commands import Issued, Result
from .journal import Answer, Journal, JournalError
from .judging import Judge, RefusedError, Why

if TYPE_CHECKING:
    from argus_otel.sources.training.history.commands import Commands
    from argus_otel.telemetry import Guard

    from .actions import Actions
    from .agent_file import AgentConfig
    from .health import AgentHealth
    from .judging import Action

_log = logging.getLogger("argus_otel")

HEARTBEAT = 30.0
"""How often an agent is heard, in seconds."""

_LONGEST_DELAY = 60.0
_AT_ONCE = 8
_PAGE = 500
_OVERLAP = timedelta(minutes=5)
"""How long before the last row the next question begins: a replica may have got a row late."""

_HOOK = "training agent"
_FAULT = "the agent has failed at it; its log says more"


def name_of(host: str) -> str:
    """Return the name of this user's agent on a host."""
    return f"{getpass.getuser()}@{host}"


class Agent:
    """The agent of a host and a user.

    Parameters
    ----------
    open_store:
        Opens the store; called again after a failure.
    record_lost:
        Records lost runs; called with each heartbeat.
    """

    def __init__(
        self,
        config: AgentConfig,
        open_store: Callable[[], Commands],
        journal: Journal,
        actions: Actions,
        health: AgentHealth,
        guard: Guard,
        record_lost: Callable[[], None],
    ) -> None:
        self.name = name_of(config.host)
        self._config = config
        self._open_store = open_store
        self._journal = journal
        self._actions = actions
        self._health = health
        self._guard = guard
        self._record_lost = record_lost
        self._names = (config.host, self.name)
        self._judge = Judge(config, self._names, actions.runs, actions.going_on)
        self._store: Commands | None = None
        self._failures = 0
        self._version = version("argus-otel")
        self._started = datetime.now(timezone.utc)
        self._heard: float | None = None
        self._since = datetime(1970, 1, 1, tzinfo=timezone.utc)
        self._acting: dict[str, str] = {}
        self._answers: SimpleQueue[Answer | None] = SimpleQueue()
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="argus-otel training agent")
        self._ended = Event()

    # -- its life

    def run(self) -> None:
        """Work until :meth:`stop`, whatever fails meanwhile."""
        while not self._ended.is_set():
            self._guard.run(_HOOK, self.tick)
            self.gather(time.monotonic() + self._delay)
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._close()

    def stop(self) -> None:
        """End :meth:`run` soon. Any thread; what it acts on is not ended."""
        self._ended.set()
        self._answers.put(None)

    def tick(self) -> None:
        """Ask, answer and be heard, once."""
        try:
            if self._store is None:
                self._store = self._open_store()
            self._poll(self._store)
            self._tell(self._store)
            self._be_heard(self._store)
        except StoreError as error:
            self._failures += 1
            self._health.failed(store=str(error), journal=self._health.journal_error)
            self._close()
        else:
            self._failures = 0
            self._health.polled()

    @property
    def _delay(self) -> float:
        return min(self._config.interval * 2**self._failures, max(_LONGEST_DELAY, self._config.interval))

    def _close(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            self._guard.run(_HOOK, store.close)

    # -- commands

    def _poll(self, store: Commands) -> None:
        if self._journal.began is None:
            self._journaled(lambda: self._journal.begin(store.now()))
        since, after, waiting = self._since, FIRST_ID, list[datetime]()
        while found := store.pending(self._names, since, after, _PAGE):
            waiting += [command.issued_at for command in found if not self._take(command)]
            since, after = found[-1].issued_at, found[-1].request.id
        self._since = min((max(self._since, since - _OVERLAP), *waiting))

    def _take(self, command: Issued) -> bool:
        """Take a command up, unless it was before; return whether it is done with."""
        request = command.request
        known = self._journal.digests_of(request.id)
        if command.digest in known:
            return True
        if request.id in self._acting:
            return False
        if self._journal.began is None or not self._journaled(
            lambda: self._journal.take_up(request.id, command.digest, command.issued_at)
        ):
            return False  # it must not be acted on, and is there at the next poll
        found = self._guard.run(_HOOK, self._judged, command, bool(known)) or RefusedError(Why.FAILED, _FAULT)
        if isinstance(found, RefusedError):
            self._refuse(command, found)
            return True
        if isinstance(found, Result):
            self._answer(command, found, "it has expired before the agent read it")
            return True
        self._actions.reserve(found)
        self._acting[request.id] = command.request.kind
        self._answer(command, Result.ACCEPTED)
        self._pool.submit(self._act, command, found)
        return True

    def _judged(self, command: Issued, is_replay: bool) -> Action | RefusedError | Result:
        """Return what to do, why not, or that it has expired."""
        began = self._journal.began
        if is_replay:
            return RefusedError(Why.REPLAY, "another command had this id before")
        if command.expired:
            return Result.EXPIRED
        if began is None or command.issued_at < began:
            return RefusedError(Why.EARLY, "it was issued before this agent's journal began; ask again")
        try:
            return self._judge.judge(command)
        except RefusedError as error:
            return error

    def _act(self, command: Issued, action: Action) -> None:
        """Act, on a thread of the pool."""
        done = self._guard.run(_HOOK, self._acted, command, action)
        if done is None:
            self._health.counted(command.request.kind, Result.REFUSED, Why.FAILED)
            done = Done(Result.REFUSED, _FAULT, command.request.run_id)
        self._answers.put(Answer(command.request.id, done.result, done.note, done.run_id, done.step))

    def _acted(self, command: Issued, action: Action) -> Done:
        request = command.request

        def accepted(note: str) -> None:
            self._answers.put(Answer(request.id, Result.ACCEPTED, note, request.run_id))

        try:
            done = self._actions.act(action, f"{command.issued_by} by {self.name}", accepted)
        except RefusedError as error:
            self._health.counted(request.kind, Result.REFUSED, error.why)
            done = Done(Result.REFUSED, str(error), request.run_id)
        else:
            self._health.counted(request.kind, done.result)
        self._log(command, done.result, done.note)
        return done

    # -- answers

    def _refuse(self, command: Issued, error: RefusedError) -> None:
        self._health.counted(command.request.kind, Result.REFUSED, error.why)
        self._keep(Answer(command.request.id, Result.REFUSED, str(error)))
        self._log(command, Result.REFUSED, str(error))

    def _answer(self, command: Issued, result: Result, reason: str = "") -> None:
        if result is not Result.ACCEPTED:
            self._health.counted(command.request.kind, result)
        self._keep(Answer(command.request.id, result, reason))
        self._log(command, result, reason)

    def _log(self, command: Issued, result: Result, note: str) -> None:
        request = command.request
        what = request.recipe if request.recipe and not request.run_id else request.run_id
        level = logging.WARNING if result is Result.REFUSED else logging.INFO
        _log.log(
            level, "argus-otel: training agent: %r %r, asked by %r: %s %s",
            request.kind, what[:64], command.issued_by[:64], result.value, note,
        )  # fmt: skip

    def _keep(self, answer: Answer) -> None:
        if answer.result.final:
            self._acting.pop(answer.id, None)
        self._journaled(lambda: self._journal.answer(answer))

    def gather(self, until: float) -> None:
        """Wait until a moment by :func:`time.monotonic`, and answer what is done meanwhile."""
        while not self._ended.is_set():
            try:
                answer = self._answers.get(timeout=max(0.0, until - time.monotonic()))
            except Empty:
                return
            if answer is not None:
                self._keep(answer)
                self._guard.run(_HOOK, self._tell_at_once)

    def _tell_at_once(self) -> None:
        if self._store is not None:
            try:
                self._tell(self._store)
            except StoreError:
                self._close()  # the next poll tells

    def _tell(self, store: Commands) -> None:
        for each in self._journal.untold:
            store.acknowledge(
                each.id, self.name, self._config.host, each.result, each.reason, each.run_id, each.step
            )  # fmt: skip
            self._journal.told(each)

    def _journaled(self, write: Callable[[], None]) -> bool:
        try:
            write()
        except JournalError as error:
            self._health.failed(journal=str(error))
            return False
        self._health.journal_error = ""
        return True

    # -- being there

    def _be_heard(self, store: Commands) -> None:
        now = time.monotonic()
        if self._heard is not None and now - self._heard < HEARTBEAT - 0.5:
            return
        self._guard.run(_HOOK, self._record_lost)
        try:
            self._health.running = self._actions.going_on()
            self._health.control_error = ""
        except RefusedError as error:
            self._health.failed(control=str(error), journal=self._health.journal_error)
        store.heard(
            self.name,
            self._config.host,
            started=self._started,
            version=self._version,
            runs=self._health.running,
            recipes=tuple(self._config.recipes),
            signed=self._config.key is not None,
        )
        self._heard = now
