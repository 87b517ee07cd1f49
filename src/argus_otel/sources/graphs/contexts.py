"""Context variables that are reset where they were set, or in another context."""

from __future__ import annotations

from contextvars import ContextVar, Token
from typing import TypeVar, cast

T = TypeVar("T")


def reset(variable: ContextVar[T], token: Token[T]) -> None:
    """Set a variable to what it was before.

    An asynchronous generator that the garbage collector closes ends in another context than the one of its steps.
    """
    try:
        variable.reset(token)
    except ValueError:
        variable.set(cast("T", None) if token.old_value is Token.MISSING else token.old_value)
