"""What a run of a check comes to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

from argus_otel.telemetry import SpanIds

from .errors import ErrorType


class Outcome(Enum):
    """The result of a run, or of one of its attempts."""

    OK = "ok"
    WARN = "warn"
    """It succeeded, and a condition under ``warn:`` did not hold."""
    FAILED = "failed"
    UNKNOWN = "unknown"
    """The service was not judged: the agent could not run the check, or has no network itself."""

    @property
    def good(self) -> bool:
        """Whether the service did what ``expect:`` asks."""
        return self in (Outcome.OK, Outcome.WARN)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed, or has a warning.

    Attributes
    ----------
    error_type:
        Which kind of failure; the value of ``error.type``.
    detail:
        One sentence for people. It has no secret and nothing that the service sent, except a number or a status.
    condition:
        The condition that did not hold, as the file has it, such as ``duration: < 2s``; empty if there was none.
    """

    error_type: ErrorType
    detail: str
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt.

    Attributes
    ----------
    outcome, failure:
        The verdict; the failure is ``None`` if the outcome is :attr:`Outcome.OK`.
    duration:
        From the look-up of the name to the last byte, in seconds.
    phases:
        How long each phase took, in seconds, in their order. They add up to the duration.
    facts:
        What was found out, by name, such as ``status`` and ``certificate``.
    """

    outcome: Outcome
    failure: Failure | None
    duration: float
    phases: dict[str, float] = field(default_factory=dict[str, float])
    facts: dict[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class Run:
    """One run: its attempts, of which the last one decides.

    Attributes
    ----------
    check:
        The check's name.
    slot:
        When it was due, in milliseconds since 1970.
    repeat:
        How often this slot was run before: above 0 after the wall clock was set back.
    started:
        When it began, in milliseconds since 1970.
    attempts:
        In their order; at least one.
    disturbed:
        Whether the agent itself was too slow to measure durations.
    span:
        Its span; ``None`` if its trace is not sampled.
    """

    check: str
    slot: int
    repeat: int
    started: int
    attempts: tuple[Attempt, ...]
    disturbed: bool = False
    span: SpanIds | None = None

    def unjudged(self, detail: str) -> Run:
        """Return the run as one that says nothing about the service; ``detail`` says why."""
        last = self.attempts[-1]
        failure = Failure(last.failure.error_type, detail) if last.failure is not None else None
        unknown = replace(last, outcome=Outcome.UNKNOWN, failure=failure)
        return replace(self, attempts=(*self.attempts[:-1], unknown))

    @property
    def last(self) -> Attempt:
        """The attempt that decides."""
        return self.attempts[-1]

    @property
    def outcome(self) -> Outcome:
        """The outcome of the last attempt."""
        return self.last.outcome

    @property
    def failure(self) -> Failure | None:
        """The failure of the last attempt."""
        return self.last.failure
