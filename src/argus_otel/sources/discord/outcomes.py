"""Outcomes of work: the original exception under discord.py's wrappers, and who caused it: user, Discord or the bot."""

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
        ``ok``, ``rejected`` (by a check, a cooldown or bad input: caused by the user), ``refused`` (by Discord, for a
        permission that the bot lacks there or a message that is gone) or ``error`` (caused by the bot).
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

REFUSALS = frozenset({50001, 50007, 50013, 10008})
"""Discord's codes of refusals that no bot can prevent: Missing Access, Cannot send messages to this user, Missing
Permissions, and Unknown Message (its documentation, "Opcodes and Status Codes", JSON error codes)."""

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
    if error is None:
        return OK
    kind = type(error)
    return _outcome_of_class(kind, "refused" if error_code(error) in REFUSALS else "error")


def error_code(error: BaseException | None) -> int | None:
    """Return the code in the JSON body with which Discord refused a REST call; ``None`` if ``error`` has none."""
    if error is None or not _is_http(type(error)):
        return None
    code: object = getattr(error, "code", 0)
    return code if isinstance(code, int) and code > 0 else None  # 0 is a response without a code, such as a proxy's


@lru_cache(maxsize=1024)
def _outcome_of_class(kind: type[BaseException], otherwise: str) -> Outcome:
    rejected = any(_class_path(base) in _REJECTIONS for base in kind.__mro__)
    return Outcome("rejected" if rejected else otherwise, kind.__qualname__)


@lru_cache(maxsize=1024)
def _is_http(kind: type[BaseException]) -> bool:
    # `ConnectionClosed` has a `code` too, the gateway's.
    return any(_class_path(base) == "errors.HTTPException" for base in kind.__mro__)


def _class_path(kind: type) -> str:
    """Return a class's path in its library, such as ``ext.commands.errors.CheckFailure``; empty for any other."""
    root, _, module = kind.__module__.partition(".")
    return f"{module}.{kind.__name__}" if root in ROOTS else ""
