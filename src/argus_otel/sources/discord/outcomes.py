"""How work ended: the original exception under discord.py's wrappers, and whose doing it was."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import NamedTuple

from .library import ROOTS


class Outcome(NamedTuple):
    """How a piece of work ended.

    Attributes
    ----------
    name:
        ``ok``, ``rejected`` (a check, a cooldown or bad input: the user's doing) or ``error`` (the bot's doing).
    error_type:
        The original exception's class, or ``None``.
    """

    name: str
    error_type: str | None = None

    @property
    def failed(self) -> bool:
        """Whether it is the bot's doing."""
        return self.name == "error"


OK = Outcome("ok")
REJECTED = Outcome("rejected")
UNHANDLED = Outcome("error", "unhandled")
COMMAND_NOT_FOUND = Outcome("rejected", "CommandNotFound")

# By name, so that nothing of a library is imported to judge it, and each has only those that it has.
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

# How work is cut short when a task is cancelled or its coroutine dropped: nobody's error. discord.py agrees.
_CUT_SHORT = (asyncio.CancelledError, GeneratorExit)


def original(error: BaseException) -> BaseException:
    """Return the exception under ``CommandInvokeError``, ``HybridCommandError`` and ``ConversionError``."""
    seen = 0
    while seen < 5 and isinstance(inner := getattr(error, "original", None), BaseException):
        error = inner
        seen += 1
    return error


def failure_of(error: BaseException | None) -> BaseException | None:
    """Return what work failed with, out of its wrappers: ``None`` where it went well, and where it was cut short."""
    return None if error is None or isinstance(error, _CUT_SHORT) else original(error)


def outcome_of(error: BaseException | None) -> Outcome:
    """Return the outcome of work that ended with ``error``, already unwrapped by :func:`original`."""
    return OK if error is None else _outcome_of_class(type(error))


@lru_cache(maxsize=1024)
def _outcome_of_class(kind: type[BaseException]) -> Outcome:
    rejected = any(_place_of(base) in _REJECTIONS for base in kind.__mro__)
    return Outcome("rejected" if rejected else "error", kind.__qualname__)


def _place_of(kind: type) -> str:
    """Return where in its library a class is, such as ``ext.commands.errors.CheckFailure``; empty for any other."""
    root, _, module = kind.__module__.partition(".")
    return f"{module}.{kind.__name__}" if root in ROOTS else ""
