"""What of an exception may leave the process: one rule for spans, log records and our own warnings.

An exception that rejects what a user did quotes what the user wrote, and so do those that it was raised from or while
handling. A source says which are so: they are private. Of a private exception, and of all beneath it, the class and the
frames leave, and no message. One that the program raised over a private one keeps its message, without the private
messages in it: what else the program writes into it, such as an argument that it takes out of the private one, is its
own choice.
"""

from __future__ import annotations

import textwrap
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from .guard import message_of

HIDDEN = "[private]"
"""Stands for the message of a private exception, where another one quotes it."""

_CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"


class Described(NamedTuple):
    """An exception as it may leave.

    Attributes
    ----------
    message:
        Empty where the exception is private or has none.
    stacktrace:
        As Python prints it: causes and contexts, groups and notes too.
    """

    message: str
    stacktrace: str


class Exceptions:
    """Describes exceptions without secrets, and without what is private.

    Parameters
    ----------
    redact:
        Takes secrets out of a text.
    """

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._private: list[Callable[[BaseException], bool]] = []

    def keep_private(self, is_private: Callable[[BaseException], bool]) -> None:
        """Keep to the class and the frames of an exception that ``is_private`` says so of."""
        if is_private not in self._private:
            self._private.append(is_private)

    def concerns_private(self, error: BaseException) -> bool:
        """Whether ``error`` is private, or was raised from such a one or while it was handled."""
        return any(self._is_private(each) for each in _chain(error))

    def describe(self, error: BaseException) -> Described:
        """Return what may leave of ``error``. Never raises where its ``__str__`` does."""
        private = self._private_in(error)
        if not private:
            message = message_of(error)
            stack = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        else:
            shown = _Shown(private)
            message = shown.message(error)
            stack = shown.stacktrace(error)
        return Described(self._redact(message), self._redact(stack))

    def stacktrace(self, error: BaseException) -> str:
        """Return the stacktrace alone."""
        return self.describe(error).stacktrace

    def _is_private(self, error: BaseException) -> bool:
        return any(is_private(error) for is_private in self._private)

    def _private_in(self, error: BaseException) -> dict[int, BaseException]:
        """Return each exception that ``error`` shows and that must not be quoted, by identity."""
        found: dict[int, BaseException] = {}
        for each in _chain(error):
            if id(each) not in found and self._is_private(each):
                found.update((id(beneath), beneath) for beneath in _chain(each))
        return found


class _Shown:
    """Formats an exception that shows private ones."""

    def __init__(self, private: dict[int, BaseException]) -> None:
        self._private = private
        said = {message_of(error) for error in private.values()}
        said.update([repr(message)[1:-1] for message in said])  # as one looks in another's repr
        self._said: Sequence[str] = sorted(filter(None, said), key=len, reverse=True)

    def message(self, error: BaseException) -> str:
        return "" if id(error) in self._private else self._without(message_of(error))

    def stacktrace(self, error: BaseException, seen: set[int] | None = None) -> str:
        seen = set() if seen is None else seen
        parts: list[str] = []
        each: BaseException | None = error
        while each is not None and id(each) not in seen:
            seen.add(id(each))
            parts.append(self._alone(each, seen))
            if each.__cause__ is not None:
                link, each = _CAUSE, each.__cause__
            elif each.__suppress_context__:
                break
            else:
                link, each = _CONTEXT, each.__context__
            if each is not None and id(each) not in seen:
                parts.append(link)
        return "".join(reversed(parts))

    def _alone(self, error: BaseException, seen: set[int]) -> str:
        text = ""
        if error.__traceback__ is not None:
            text = "Traceback (most recent call last):\n" + "".join(traceback.format_tb(error.__traceback__))
        text += self._last_lines(error)
        for inner in getattr(error, "exceptions", ()):
            if isinstance(inner, BaseException) and id(inner) not in seen:
                text += textwrap.indent(self.stacktrace(inner, seen), "  | ")
        return text

    def _last_lines(self, error: BaseException) -> str:
        if id(error) in self._private:  # its message, its notes, and a SyntaxError's line of source stay here
            return f"{_class_of(error)}\n"
        return self._without("".join(traceback.format_exception_only(type(error), error)))

    def _without(self, text: str) -> str:
        for said in self._said:
            text = text.replace(said, HIDDEN)
        return text


def _class_of(error: BaseException) -> str:
    """Return the class as a traceback names it."""
    kind = type(error)
    return (
        kind.__qualname__ if kind.__module__ in ("__main__", "builtins") else f"{kind.__module__}.{kind.__qualname__}"
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Iterate over ``error`` and the exceptions that a traceback of it shows or suppresses."""
    shown = {id(error): error}
    to_come = [error]
    while to_come:
        each = to_come.pop()
        yield each
        for other in (each.__cause__, each.__context__, *getattr(each, "exceptions", ())):
            if isinstance(other, BaseException) and id(other) not in shown:
                shown[id(other)] = other
                to_come.append(other)
