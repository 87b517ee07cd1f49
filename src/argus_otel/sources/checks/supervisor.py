"""Runs the checks of a file: reads it, and reads it again when it changes; keeps states; lets one process run it."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from .agent import Agent, Observer
from .clock import Clock
from .definition import Check
from .directory_lock import DirectoryLock, unusable
from .executor import AcceptCalls, ExecutorContext
from .file_watch import FileWatch
from .mutes import MUTES_FILE, MuteError, read_mutes
from .sharding import Shard
from .state_file import StateFile
from .tracing import Tracer

if TYPE_CHECKING:
    from .file.checks_file import CheckFile

_log = logging.getLogger("argus_otel")

LOOK_EVERY = 2.0
"""How often the file, and that of mutes, is looked at, in seconds."""

_INTERRUPTED = 60_000
"""After how long an interruption runs in a row do not go on, in milliseconds."""


class SupervisorObserver(Observer, Protocol):
    """Is given what the agent tells, and what becomes of the file."""

    def reloaded(self, error: str) -> None:
        """The file was read again: it is in use, or ``error`` says why the old one still is."""


class Supervisor:
    """Runs the checks of one file until it is cancelled.

    Parameters
    ----------
    path:
        The file of checks; ``None`` for those alone that are added.
    observer:
        Is given what happens.
    location:
        Where the checks run from; by default what the file says, else the name of the host.
    directory:
        Where states are kept. One process has it; another one waits until that has ended. ``None`` to keep nothing.
    shard:
        Which share of the checks is run; ``None`` for all.
    allow_commands:
        Whether checks may start programs.
    tracer:
        Traces runs; ``None`` for none.
    used:
        Called with each file before its checks run.
    accept_calls:
        See :class:`.executor.ExecutorContext`.

    Attributes
    ----------
    agent:
        Runs the checks; ``None`` before the file was read, and while another process has the directory.
    file:
        What is in use of the file.
    reload_error:
        Why the file on disk is not the one in use; empty if it is.
    start_error:
        Why no checks run, if they could not be started; else empty. Whoever runs the supervisor sets it.
    """

    def __init__(
        self,
        path: Path | None,
        observer: SupervisorObserver,
        *,
        location: str = "",
        directory: Path | None = None,
        shard: Shard | None = None,
        allow_commands: bool = False,
        tracer: Tracer | None = None,
        used: Callable[[CheckFile], None] = lambda _: None,
        accept_calls: AcceptCalls = lambda _prefix, _answer: None,
        clock: Clock | None = None,
    ) -> None:
        self.agent: Agent | None = None
        self.file: CheckFile | None = None
        self.reload_error = ""
        self.start_error = ""
        self._path = path
        self._observer = observer
        self._location = location
        self._directory = directory
        self._shard = shard
        self._allow_commands = allow_commands
        self._tracer = tracer
        self._used = used
        self._accept_calls = accept_calls
        self._clock = clock or Clock()
        self._asked = False
        self._added: dict[str, Check] = {}

    @property
    def location(self) -> str:
        """Where the checks run from."""
        return self._location or (self.file.location if self.file is not None else "") or socket.gethostname()

    def watch(self) -> FileWatch | None:
        """Return what tells whether the file has changed since; ``None`` if there is no file."""
        return None if self._path is None else FileWatch(self._path)

    def reload(self) -> None:
        """Read the file again soon. Any thread."""
        self._asked = True

    def add(self, check: Check) -> None:
        """Run this check too, instead of one of the same name. Before the start, or on the supervisor's loop."""
        self._added[check.name] = check
        self._use_again()

    def remove(self, name: str) -> None:
        """Run a check no more that was added; on the supervisor's loop."""
        self._added.pop(name, None)
        self._use_again()

    def run_now(self, name: str) -> None:
        """Run a check soon; ignored if there is none of this name. On the supervisor's loop."""
        if self.agent is not None and name in self.agent.states:
            self.agent.run_now(name)

    def _use_again(self) -> None:
        if self.agent is not None and self.file is not None:
            self._use(self.agent, self.file)

    async def run(self) -> None:
        """Run the checks until the task is cancelled.

        Raises
        ------
        OSError
            The file or the directory cannot be used.
        CheckFileError
            The file has mistakes.
        ExecutorError
            What probes cannot be loaded.
        """
        from .net.resolver import Resolver

        lock = None if self._directory is None else DirectoryLock(self._directory)
        resolver = Resolver()
        try:
            loop = asyncio.get_running_loop()
            context = ExecutorContext(
                resolver,
                self._directory,
                self._allow_commands,
                self._accept_calls,
                lambda name: _soon(loop, lambda: self.run_now(name)),
            )
            read = self._reader(context)
            file_watch = self.watch()
            file = await asyncio.to_thread(read)
            if lock is not None and await self._wait_for(lock):
                file_watch = self.watch()
                file = await self._read_again(read) or file
            await self._run(file, read, file_watch)
        finally:
            resolver.close()
            if lock is not None:
                lock.release()

    def _reader(self, context: ExecutorContext) -> Callable[[], CheckFile]:
        from .executors import installed
        from .file.checks_file import CheckFile, read

        path = self._path
        if path is None:
            return CheckFile
        executors = installed(context)
        return lambda: read(path, executors)

    async def _wait_for(self, lock: DirectoryLock) -> bool:
        """Take the lock; return whether another process had it, so that what was read before may be old."""
        waiting = False
        while not self._taken(lock):
            if not waiting:
                waiting = True
                _log.info(
                    "argus-otel: another process runs the checks of %s (states: %s); this one takes over when it ends",
                    self._path,
                    self._directory,
                )
            await asyncio.sleep(LOOK_EVERY / 4)
        return waiting

    def _taken(self, lock: DirectoryLock) -> bool:
        try:
            return lock.take()
        except OSError as error:
            raise OSError(unusable(lock.directory, error)) from error

    async def _run(self, file: CheckFile, read: Callable[[], CheckFile], file_watch: FileWatch | None) -> None:
        states = None if self._directory is None else StateFile(self._directory, self._clock)
        agent = Agent(self._observer, self._clock, keeper=states, tracer=self._tracer)
        try:
            self._use(agent, file)
            if states is not None:
                saved = states.load([state.check for state in agent.states.values()])
                recent = self._clock.wall() - saved.written <= _INTERRUPTED
                agent.restore(saved.verdicts, streaks=recent)
                for change in saved.changes:
                    agent.report_again(change)
            self.agent = agent
            await self._watch(agent, read, file_watch, states)
        finally:
            self.agent = None
            await agent.stop()
            if states is not None:
                states.close()

    async def _watch(
        self, agent: Agent, read: Callable[[], CheckFile], file_watch: FileWatch | None, states: StateFile | None
    ) -> None:
        """Use the file and the mutes anew each time that they change."""
        mutes_watch = None if self._directory is None else FileWatch(self._directory / MUTES_FILE)
        self._read_mutes(agent)
        while True:
            await asyncio.sleep(LOOK_EVERY)
            if (file_watch is not None and file_watch.changed()) or self._asked:
                self._asked = False
                await self._reload(agent, read, states)
            if mutes_watch is not None and mutes_watch.changed():
                self._read_mutes(agent)

    async def _reload(self, agent: Agent, read: Callable[[], CheckFile], states: StateFile | None) -> None:
        file = await self._read_again(read)
        if file is not None:
            self._use(agent, file)
            if states is not None:
                states.forget(agent.states)
            _log.info("argus-otel: %d checks are read from %s", len(file.checks), self._path)
        self._observer.reloaded(self.reload_error)

    async def _read_again(self, read: Callable[[], CheckFile]) -> CheckFile | None:
        """Return what the file says now; ``None`` if it is wrong, and the checks have to stay as they were."""
        from .file.problems import CheckFileError

        try:
            file = await asyncio.to_thread(read)
        except (OSError, CheckFileError) as error:
            self.reload_error = str(error)
            _log.warning("argus-otel: the checks stay as they were, because the file is wrong:\n%s", error)
            return None
        self.reload_error = ""
        return file

    def _use(self, agent: Agent, file: CheckFile) -> None:
        self._used(file)
        self.file = file
        agent.limit(file.limits.total, file.limits.per_host)
        agent.replace(self._selected(file), anchors=file.anchors, windows=file.windows)

    def _selected(self, file: CheckFile) -> list[Check]:
        of_the_file = file.checks if self._shard is None else self._shard.select(file.checks, file.anchors)
        return list({**{check.name: check for check in of_the_file}, **self._added}.values())

    def _read_mutes(self, agent: Agent) -> None:
        if self._directory is not None:
            try:
                agent.mute(read_mutes(self._directory))
            except MuteError as error:
                _log.warning("argus-otel: the mutes stay as they were: %s", error)


def _soon(loop: asyncio.AbstractEventLoop, function: Callable[[], None]) -> None:
    """Call a function on a loop, soon; not at all if that has ended. Any thread."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(function)
