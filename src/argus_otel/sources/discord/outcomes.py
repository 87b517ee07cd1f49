"""How work ended: the original exception under discord.py's wrappers, and whose doing it was."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import NamedTuple

from discord import app_commands


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


def original(error: BaseException) -> BaseException:
    """Return the exception under ``CommandInvokeError``, ``HybridCommandError`` and ``ConversionError``."""
    seen = 0
    while seen < 5 and isinstance(inner := getattr(error, "original", None), BaseException):
        error = inner
        seen += 1
    return error


def outcome_of(error: BaseException | None) -> Outcome:
    """Return the outcome of work that ended with ``error``, already unwrapped by :func:`original`."""
    if error is None:
        return OK
    kind = type(error)
    return _outcome_of_class(kind, "discord.ext.commands" in sys.modules)


@lru_cache(maxsize=1024)
def _outcome_of_class(kind: type[BaseException], with_ext_commands: bool) -> Outcome:
    rejections: tuple[type[BaseException], ...] = (app_commands.CheckFailure, app_commands.TransformerError)
    if with_ext_commands:
        from discord.ext import commands

        rejections += (
            commands.CheckFailure,
            commands.CommandNotFound,
            commands.CommandOnCooldown,
            commands.DisabledCommand,
            commands.MaxConcurrencyReached,
            commands.UserInputError,
        )
    return Outcome("rejected" if issubclass(kind, rejections) else "error", kind.__qualname__)
