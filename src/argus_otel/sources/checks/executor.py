"""The contract between the agent and what probes: one executor for each type of check.

A package of your own brings another one by an entry point::

    [project.entry-points.argus_otel_check]
    mail = "my_package.mail:MailExecutor"

The types that come with argus-otel are found in the same way.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    from argus_otel.telemetry import AttributeValue

    from .conditions import Condition
    from .file.field_types import FieldType
    from .net.resolver import Resolver

GROUP = "argus_otel_check"
"""The entry-point group of executors."""

OptionsT = TypeVar("OptionsT")

Follow: TypeAlias = "Callable[[Mapping[str, object], Mapping[str, AttributeValue]], Mapping[str, str]]"
"""See :meth:`Probe.again`."""

AcceptCalls: TypeAlias = "Callable[[str, Callable[[str, bytes], int] | None], None]"
"""See :attr:`ExecutorContext.accept_calls`."""


WHOLE = "run"
"""The one phase of an attempt whose executor begins none."""


class Phases:
    """How long each phase of an attempt took. They add up to the time from the first phase's begin to the end.

    The time before an executor begins its first phase, in which it may make a TLS context, counts for nothing.

    Attributes
    ----------
    now:
        The phase that is under way; :data:`WHOLE` before the first, and empty after the last.
    seconds:
        How long each phase took, by name.
    listener:
        Called with each phase that begins.
    """

    __slots__ = ("now", "seconds", "listener", "_begun")

    def __init__(self) -> None:
        self.now = WHOLE
        self.listener: Callable[[str], None] | None = None
        self.seconds: dict[str, float] = {}
        self._begun = perf_counter()

    def begin(self, phase: str) -> None:
        """Begin a phase, which ends the one before. A phase may come again, as with redirects."""
        moment = perf_counter()
        if self.now and not (phase and self.now == WHOLE):
            self.seconds[self.now] = self.seconds.get(self.now, 0.0) + moment - self._begun
        self.now, self._begun = phase, moment
        if phase and self.listener is not None:
            self.listener(phase)

    def end(self) -> None:
        """End the last phase. Safe to repeat."""
        self.begin("")

    @property
    def total(self) -> float:
        """The sum of all phases that have ended, in seconds."""
        return sum(self.seconds.values())


class Probe(Generic[OptionsT]):
    """One attempt, as its executor sees it.

    Attributes
    ----------
    check:
        The check's name.
    options:
        The options of the check, as :attr:`Executor.options` reads them.
    timeout:
        How long the attempt may take, in seconds. The agent ends it then; the executor need not watch the time.
    phases:
        The executor begins each phase. One that begins none is timed as a whole.
    headers:
        What to send along if the protocol has headers, such as ``traceparent``.
    follow:
        Called by :meth:`again`; returns the headers of the next request. ``None`` if nothing is traced.
    """

    __slots__ = ("check", "options", "timeout", "phases", "headers", "follow")

    def __init__(self, check: str, options: OptionsT, timeout: float, headers: Mapping[str, str]) -> None:
        self.check = check
        self.options = options
        self.timeout = timeout
        self.phases = Phases()
        self.headers = headers
        self.follow: Follow | None = None

    def again(self, facts: Mapping[str, object], attributes: Mapping[str, AttributeValue]) -> None:
        """Tell that a request is done and another one follows, as after a redirect. Then :attr:`headers` are its.

        Parameters
        ----------
        facts:
            Those of the request that is done, its phases too.
        attributes:
            Those of the next one that are known before it, as :meth:`Executor.span_attributes` returns them.
        """
        if self.follow is not None:
            self.headers = self.follow(facts, attributes)


@dataclass(frozen=True, slots=True)
class ExecutorContext:
    """What the executors of one agent share.

    Attributes
    ----------
    resolver:
        Looks up the names of hosts.
    directory:
        Where an executor may keep files of its own between two starts of the agent; ``None`` if nothing is kept.
    allow_commands:
        Whether programs may be started.
    accept_calls:
        Has calls at the endpoint answered whose path begins with a prefix, or, by ``None``, no more. An answer gets the
        path below the prefix and the token that was offered, and returns a status of HTTP; on any thread.
    run_soon:
        Has a check run at once, by its name. Any thread.
    """

    resolver: Resolver
    directory: Path | None = None
    allow_commands: bool = False
    accept_calls: AcceptCalls = lambda _prefix, _answer: None
    run_soon: Callable[[str], None] = lambda _name: None


class Executor(ABC, Generic[OptionsT]):
    """Probes one type of service. There is one object for all checks of its type, on one event loop.

    Parameters
    ----------
    context:
        What all executors of the agent share.

    Attributes
    ----------
    type:
        The name of the type, and its key in the file: ``http``.
    title:
        What it does, for the documentation: ``an HTTP exchange``.
    options:
        Reads the options of a check.
    subjects:
        What ``expect:`` and ``warn:`` may ask, by key: each reads one or more conditions.
    waits:
        Whether it probes nothing and waits for calls: then only an agent that runs meanwhile can judge.
    """

    type: ClassVar[str]
    title: ClassVar[str]
    options: ClassVar[FieldType[Any]]
    subjects: ClassVar[Mapping[str, FieldType[tuple[Condition, ...]]]]
    waits: ClassVar[bool] = False

    def __init__(self, context: ExecutorContext) -> None:
        self.context = context

    @abstractmethod
    def host(self, options: OptionsT) -> str:
        """Return the host that is probed; the agent limits how many checks probe one host at the same time."""

    @abstractmethod
    async def run(self, probe: Probe[OptionsT]) -> Mapping[str, object]:
        """Probe once, and return the facts that conditions may ask for.

        Raises
        ------
        CheckError
            The service could not be probed; a :class:`~.errors.NotJudgedError` if that is the agent's own doing. Any
            other exception is a fault of the executor.
        """

    def defaults(self, options: OptionsT) -> tuple[Condition, ...]:  # noqa: ARG002 - for those that need them
        """Return the conditions that hold where ``expect:`` says nothing about their subject."""
        return ()

    def use(self, checks: Mapping[str, OptionsT]) -> None:
        """Learn which checks there are, by their names; called before the first one runs, and when they change."""

    def span_attributes(self, options: OptionsT) -> Mapping[str, AttributeValue]:
        """Return the attributes of an attempt's span that are known before it. They have no secret."""
        return {"server.address": self.host(options)}

    async def close(self) -> None:
        """Release what the executor holds. The agent is ending."""
