"""Conditions: what ``expect:`` and ``warn:`` ask of an attempt's facts."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

from .errors import ErrorType
from .outcomes import Failure

Facts = Mapping[str, object]
"""What an attempt found out, by name."""


class Condition(ABC):
    """One condition.

    Parameters
    ----------
    subject:
        The fact that it is about, and its key in the file.
    written:
        The condition as the file has it.
    error_type:
        What kind of failure it is if the condition does not hold.
    """

    heavy = False
    """Whether judging may take long, so that it must not be done on the event loop."""

    def __init__(self, subject: str, written: str, error_type: ErrorType) -> None:
        self.subject = subject
        self.written = written
        self.error_type = error_type

    def judge(self, facts: Facts) -> Failure | None:
        """Return the failure if the condition does not hold."""
        fact = facts.get(self.subject)
        detail = f"there is no {self.subject}" if fact is None else self.contradiction(fact)
        if detail is None:
            return None
        return Failure(self.error_type, detail, f"{self.subject}: {self.written}")

    @abstractmethod
    def contradiction(self, fact: object) -> str | None:
        """Return why a fact does not meet the condition, or ``None`` if it does.

        The text may have a number or a status of the service, and nothing else that the service sent.
        """


_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
OPERATORS = tuple(sorted(_OPERATORS, key=len, reverse=True))
"""The operators of comparisons, the longest first."""


class Comparison(Condition):
    """A comparison of a number, such as ``duration: < 2s``.

    Parameters
    ----------
    sign:
        One of :data:`OPERATORS`.
    value:
        What the fact is compared with, in the fact's unit.
    shown:
        Formats a value of the fact for people.
    """

    def __init__(
        self,
        subject: str,
        written: str,
        error_type: ErrorType,
        sign: str,
        value: float,
        shown: Callable[[float], str],
    ) -> None:
        super().__init__(subject, written, error_type)
        self._holds = _OPERATORS[sign]
        self._value = value
        self._shown = shown

    def contradiction(self, fact: object) -> str | None:
        """Compare."""
        if not isinstance(fact, (int, float)):
            return f"{self.subject} is no number"
        if self._holds(fact, self._value):
            return None
        return f"{self.subject} is {self._shown(fact)}, not {self.written}"


class OneOf(Condition):
    """A number within one of several ranges, such as ``status: [200, 204]`` or ``2xx``."""

    def __init__(self, subject: str, written: str, error_type: ErrorType, ranges: tuple[range, ...]) -> None:
        super().__init__(subject, written, error_type)
        self._ranges = ranges

    def contradiction(self, fact: object) -> str | None:
        """Look for it."""
        if any(fact in each for each in self._ranges):
            return None
        return f"{self.subject} is {fact}, not {self.written}"
