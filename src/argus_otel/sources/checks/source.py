"""The source of checks: runs them beside a program, or in an agent process of their own."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from argus_otel.settings import Settings
from argus_otel.sources.spec import Activate, Source
from argus_otel.telemetry import State, Telemetry
from argus_otel.telemetry.inbound import Answer

from .catalogue import SUBSCRIBER_DROPPED
from .definition import Check
from .packages import missing
from .settings import ChecksSettings

if TYPE_CHECKING:
    from .agent import CheckState
    from .executor import Executor, ExecutorContext
    from .file.checks_file import CheckFile
    from .kinds.function import FunctionExecutor
    from .recording import Recorder
    from .subscribers import Subscribers
    from .supervisor import Supervisor
    from .thread import ChecksThread

_PART = "checks"

_SHORTEST_SECRET = 4

_UNKNOWN = 404


class ChecksSource(Source):
    """Runs the checks of ``ARGUS_CHECKS_FILE``, or of :func:`argus_otel.checks.start`, on a thread of their own."""

    def __init__(self, telemetry: Telemetry, settings: Settings, activate: Activate) -> None:
        super().__init__(telemetry, settings, activate)
        self._path: Path | None = None
        self._thread: ChecksThread | None = None
        self._supervisor: Supervisor | None = None
        self._subscribers: Subscribers | None = None
        self._added: dict[str, Check] = {}
        self._functions: FunctionExecutor | None = None
        self._answers: dict[str, dict[str, Answer]] = {}
        self._executors: Mapping[str, Executor[Any]] | None = None

    # -- the life of a source

    def install(self) -> None:
        """Let :mod:`argus_otel.checks` act on this source; safe to repeat."""
        from . import api

        api.bind(self)

    def start(self) -> None:
        """Start the thread if a file is set; safe to repeat."""
        if self.settings[ChecksSettings].file is not None:
            self.run_in_thread(None)

    def end(self) -> None:
        """Stop the thread: what would fail now fails because the process ends."""
        if self._thread is not None:
            self._thread.stop()
        self._thread = self._supervisor = None

    def uninstall(self) -> None:
        """Stop the checks; safe to repeat."""
        from . import api

        api.bind(None)
        self.end()

    def drop_in_child(self) -> None:
        """After a fork, in the child: run no checks; the parent does."""
        if self._thread is not None:
            self._thread.forget()
        self._supervisor = None

    def resource(self) -> dict[str, str]:
        """Return where the checks run from: by the settings, else by the file, else the host's name."""
        location = self.settings[ChecksSettings].location
        if location is None and self._path is not None and _may_run(self.telemetry):
            from .file.checks_file import location_of

            location = location_of(self._path)
        return {"argus.check.location": location or socket.gethostname()}

    def describe(self) -> str:
        """Return the file, for the line at the start."""
        return f"checks of {self._path}" if self._path is not None else ""

    # -- what runs them

    def run_in_thread(self, path: Path | None) -> None:
        """Run the checks of a file on a thread of their own, unless some already run.

        Parameters
        ----------
        path:
            By default that of ``ARGUS_CHECKS_FILE``.
        """
        if self._thread is not None or self._supervisor is not None or not _may_run(self.telemetry):
            return
        from .thread import ChecksThread

        own = self.settings[ChecksSettings].file
        self._path = path = path or (None if own is None else Path(own))
        self._thread = ChecksThread(self.telemetry, lambda: self.supervise(path))
        self.telemetry.health.add_liveness(self._thread.alive)
        self._thread.start()

    def supervise(self, path: Path | None) -> Supervisor:
        """Return a supervisor whose checks are recorded. It is to be run on the current loop.

        Parameters
        ----------
        path:
            The file; ``None`` for the program's own checks only.
        """
        from .sharding import Shard
        from .supervisor import Supervisor
        from .tracing import Tracer

        own = self.settings[ChecksSettings]
        self._path = path
        supervisor = Supervisor(
            path,
            self._recorder(),
            location=own.location or "",
            directory=None if own.state is None else Path(own.state),
            shard=None if own.shard is None else Shard.parse(own.shard),
            allow_commands=own.allow_commands,
            tracer=Tracer(self.telemetry),
            used=self._hide_secrets,
            accept_calls=partial(self._accept_calls, "file"),
        )
        for check in self._added.values():
            supervisor.add(check)
        self._supervisor = supervisor
        self.telemetry.health.add_section("checks", self._section)
        return supervisor

    def decide_readiness(self) -> None:
        """Let the process be ready while it runs the checks; for one that does nothing else."""
        from .status import readiness

        self.telemetry.health.add_readiness(lambda: [readiness(self._supervisor)])

    # -- the program's own checks

    def add_function(self, name: str, function: Callable[[], Any], **more: Any) -> None:
        """Check a function of the program."""
        if _may_run(self.telemetry):
            from .kinds.function import FunctionExecutor

            if self._functions is None:
                self._functions = FunctionExecutor(self._context(), lambda: self.telemetry.loop)
            self._add(Check(name, self._functions, function, **more))

    def add_definition(self, name: str, definition: Mapping[str, Any]) -> None:
        """Run the check of this name that is defined as a file would do it.

        Raises
        ------
        CheckFileError
            The definition has mistakes.
        ExecutorError
            What probes cannot be loaded.
        """
        if _may_run(self.telemetry):
            from .executors import installed
            from .file.checks_file import parse
            from .file.definition_text import text_of

            text = text_of(name, definition)
            if self._executors is None:
                self._executors = installed(self._context())
            for check in parse(text, Path(f"check {name}"), self._executors, {}).checks:
                self._add(check)

    def remove(self, name: str) -> None:
        """Run one of the program's own checks no more."""
        if self._added.pop(name, None) is not None:
            self.call(lambda supervisor: supervisor.remove(name))

    def _add(self, check: Check) -> None:
        self._added[check.name] = check
        self.call(lambda supervisor: supervisor.add(check))

    def _context(self) -> ExecutorContext:
        from .executor import ExecutorContext
        from .net.resolver import Resolver

        return ExecutorContext(
            Resolver(),
            None,
            self.settings[ChecksSettings].allow_commands,
            partial(self._accept_calls, "program"),
            lambda name: self.call(lambda supervisor: supervisor.run_now(name)),
        )

    def call(self, function: Callable[[Supervisor], object]) -> None:
        """Have a function called with the supervisor, on its loop. Any thread."""
        if self._thread is not None:
            self._thread.call(function)

    @property
    def subscribers(self) -> Subscribers:
        """Passes events on to functions of the program."""
        if self._subscribers is None:
            from .subscribers import Subscribers

            self._subscribers = Subscribers(self.telemetry.guard, self._count_dropped, lambda: self.telemetry.loop)
        return self._subscribers

    @property
    def states(self) -> Mapping[str, CheckState]:
        """The states of the checks; none if none run."""
        agent = self._supervisor.agent if self._supervisor is not None else None
        return {} if agent is None else agent.states

    def _recorder(self) -> Recorder:
        from .recording import Recorder

        return Recorder(self.telemetry, self.subscribers, lambda: self.states, self._location)

    def _accept_calls(self, owner: str, prefix: str, answer: Answer | None) -> None:
        """Have calls answered for the checks of the file, and for those of the program, which are of two executors."""
        answers = self._answers.setdefault(prefix, {})
        answers.pop(owner, None)
        if answer is not None:
            answers[owner] = answer
        if answers:
            self.telemetry.inbound.add(prefix, partial(_first_answer, tuple(answers.values())))
        else:
            self.telemetry.inbound.remove(prefix)

    def _hide_secrets(self, file: CheckFile) -> None:
        for secret in file.secrets:
            self.hide(secret)

    def hide(self, secret: str) -> None:
        """Redact a secret from now on, in whatever is exported."""
        if len(secret) >= _SHORTEST_SECRET:  # a shorter one would be found in texts that have nothing to do with it
            self.telemetry.redact.add_secret(secret, permanent=True)

    def _location(self) -> str:
        return self._supervisor.location if self._supervisor is not None else ""

    def _count_dropped(self, event: str, events: int) -> None:
        self.telemetry.counter(SUBSCRIBER_DROPPED)[event].value += events

    def _section(self) -> object:
        from .status import section

        return section(self._supervisor)


def _first_answer(answers: tuple[Answer, ...], path: str, token: bytes) -> int:
    """Return the status of the first answer that knows the path; 404 if none does."""
    return next((status for each in answers if (status := each(path, token)) != _UNKNOWN), _UNKNOWN)


def _may_run(telemetry: Telemetry) -> bool:
    """Whether what checks need is installed; reported if not."""
    absent = missing()
    if absent:
        telemetry.health.report(_PART, State.FAILED, f"{absent} cannot be imported: pip install 'argus-otel[checks]'")
    return not absent
