"""Which parts of an exception may leave the process: one rule for spans, log records and our own warnings.

An exception that rejects a user's input quotes it, and so do the exceptions that it was raised from or while handling.
A source marks such exceptions as private. Of a private exception, and of every exception that it was raised from or
while handling, only the class and the frames are exported, never the message. An exception that the program raises over
a private one keeps its message, without the private messages quoted in it. Anything else that the program writes into
that message, such as an argument taken from the private exception, is the program's own choice.
"""

from __future__ import annotations

import textwrap
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from .guard import message_of

HIDDEN = "[private]"
"""Replaces the message of a private exception that another exception quotes."""

_CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"


class RedactedException(NamedTuple):
    """The exportable text of an exception.

    Attributes
    ----------
    message:
        Empty if the exception is private or has no message.
    stacktrace:
        As Python prints it, with causes, contexts, groups and notes.
    """

    message: str
    stacktrace: str


class ExceptionRedactor:
    """Describes exceptions without secrets and private messages.

    Parameters
    ----------
    redact:
        Removes secrets from a text.
    """

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._private: list[Callable[[BaseException], bool]] = []

    def mark_private(self, is_private: Callable[[BaseException], bool]) -> None:
        """Treat as private every exception for which ``is_private`` returns true."""
        if is_private not in self._private:
            self._private.append(is_private)

    def involves_private(self, error: BaseException) -> bool:
        """Whether ``error`` is private, or was raised from or while handling a private exception."""
        return any(self.is_private(each) for each in _chain(error))

    def describe(self, error: BaseException) -> RedactedException:
        """Return the exportable text of ``error``. Does not raise if the exception's ``__str__`` does."""
        private = self._private_in(error)
        if not private:
            message = message_of(error)
            stack = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        else:
            formatter = _Formatter(private)
            message = formatter.message(error)
            stack = formatter.stacktrace(error)
        return RedactedException(self._redact(message), self._redact(stack))

    def message(self, error: BaseException) -> str:
        """Return the exportable message of ``error``, without the cost of its stacktrace."""
        private = self._private_in(error)
        return self._redact(_Formatter(private).message(error) if private else message_of(error))

    def stacktrace(self, error: BaseException) -> str:
        """Return the exportable stacktrace of ``error``."""
        return self.describe(error).stacktrace

    def is_private(self, error: BaseException) -> bool:
        """Whether ``error`` rejects a user's input, as a source says."""
        return any(is_private(error) for is_private in self._private)

    def _private_in(self, error: BaseException) -> dict[int, BaseException]:
        """Return each exception that a traceback of ``error`` shows and that must not be quoted, by identity."""
        found: dict[int, BaseException] = {}
        for each in _chain(error):
            if id(each) not in found and self.is_private(each):
                found.update((id(beneath), beneath) for beneath in _chain(each))
        return found


class _Formatter:
    """Formats an exception whose traceback shows private ones."""

    def __init__(self, private: dict[int, BaseException]) -> None:
        self._private = private
        messages = {message_of(error) for error in private.values()}
        messages.update([repr(message)[1:-1] for message in messages])  # as another exception's repr quotes them
        self._messages: Sequence[str] = sorted(filter(None, messages), key=len, reverse=True)

    def message(self, error: BaseException) -> str:
        return "" if id(error) in self._private else self._hide(message_of(error))

    def stacktrace(self, error: BaseException, seen: set[int] | None = None) -> str:
        seen = set() if seen is None else seen
        parts: list[str] = []
        each: BaseException | None = error
        while each is not None and id(each) not in seen:
            seen.add(id(each))
            parts.append(self._without_chain(each, seen))
            if each.__cause__ is not None:
                link, each = _CAUSE, each.__cause__
            elif each.__suppress_context__:
                break
            else:
                link, each = _CONTEXT, each.__context__
            if each is not None and id(each) not in seen:
                parts.append(link)
        return "".join(reversed(parts))

    def _without_chain(self, error: BaseException, seen: set[int]) -> str:
        text = ""
        if error.__traceback__ is not None:
            text = "Traceback (most recent call last):\n" + "".join(traceback.format_tb(error.__traceback__))
        text += self._last_lines(error)
        for inner in getattr(error, "exceptions", ()):
            if isinstance(inner, BaseException) and id(inner) not in seen:
                text += textwrap.indent(self.stacktrace(inner, seen), "  | ")
        return text

    def _last_lines(self, error: BaseException) -> str:
        if id(error) in self._private:  # without its message, its notes, and a SyntaxError's line of source
            return f"{_class_of(error)}\n"
        return self._hide("".join(traceback.format_exception_only(type(error), error)))

    def _hide(self, text: str) -> str:
        for message in self._messages:
            text = text.replace(message, HIDDEN)
        return text


def _class_of(error: BaseException) -> str:
    """Return the class as a traceback names it."""
    kind = type(error)
    return (
        kind.__qualname__ if kind.__module__ in ("__main__", "builtins") else f"{kind.__module__}.{kind.__qualname__}"
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Iterate over ``error`` and the exceptions that a traceback of it shows or suppresses."""
    known = {id(error): error}
    pending = [error]
    while pending:
        each = pending.pop()
        yield each
        for other in (each.__cause__, each.__context__, *getattr(each, "exceptions", ())):
            if isinstance(other, BaseException) and id(other) not in known:
                known[id(other)] = other
                pending.append(other)
