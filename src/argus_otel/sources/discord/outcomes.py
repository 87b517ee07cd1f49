"""Outcomes of work: the original exception under discord.py's wrappers, and whether the user or the bot caused it."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import NamedTuple

from .library import ROOTS


class Outcome(NamedTuple):
    """The outcome of a piece of work.

    Attributes
    ----------
    name:
        ``ok``, ``rejected`` (by a check, a cooldown or bad input: caused by the user) or ``error`` (caused by the bot).
    error_type:
        The name of the original exception's class, or ``None``.
    """

    name: str
    error_type: str | None = None

    @property
    def failed(self) -> bool:
        """Whether the bot caused it."""
        return self.name == "error"


OK = Outcome("ok")
REJECTED = Outcome("rejected")
UNHANDLED = Outcome("error", "unhandled")
COMMAND_NOT_FOUND = Outcome("rejected", "CommandNotFound")

# By class path, so that no library is imported for it, and a library need not have all of them.
_REJECTIONS = frozenset(
    {
        "app_commands.errors.CheckFailure",
        "app_commands.errors.TransformerError",
        "ext.commands.errors.CheckFailure",
        "ext.commands.errors.CommandNotFound",
        "ext.commands.errors.CommandOnCooldown",
        "ext.commands.errors.DisabledCommand",
        "ext.commands.errors.MaxConcurrencyReached",
        "ext.commands.errors.UserInputError",
        "errors.CheckFailure",  # py-cord's application commands
        "errors.ApplicationCheckFailure",  # nextcord's
    }
)

# A task that is cancelled, or a coroutine that is dropped, has not failed. discord.py treats these alike.
_INTERRUPTIONS = (asyncio.CancelledError, GeneratorExit)


def original(error: BaseException) -> BaseException:
    """Return the exception under ``CommandInvokeError``, ``HybridCommandError`` and ``ConversionError``."""
    seen = 0
    while seen < 5 and isinstance(inner := getattr(error, "original", None), BaseException):
        error = inner
        seen += 1
    return error


def failure_of(error: BaseException | None) -> BaseException | None:
    """Return the original exception of work that failed; ``None`` if it succeeded or was interrupted."""
    return None if error is None or isinstance(error, _INTERRUPTIONS) else original(error)


def outcome_of(error: BaseException | None) -> Outcome:
    """Return the outcome of work that ended with ``error``, already unwrapped by :func:`original`."""
    return OK if error is None else _outcome_of_class(type(error))


@lru_cache(maxsize=1024)
def _outcome_of_class(kind: type[BaseException]) -> Outcome:
    rejected = any(_class_path(base) in _REJECTIONS for base in kind.__mro__)
    return Outcome("rejected" if rejected else "error", kind.__qualname__)


def _class_path(kind: type) -> str:
    """Return a class's path in its library, such as ``ext.commands.errors.CheckFailure``; empty for any other."""
    root, _, module = kind.__module__.partition(".")
    return f"{module}.{kind.__name__}" if root in ROOTS else ""
