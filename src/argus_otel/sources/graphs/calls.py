"""Wraps a method so that work of ours begins before a call of it, and ends with what it returns or raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

Begin: TypeAlias = Callable[[Any, "tuple[Any, ...]", "dict[str, Any]"], Any]
"""Called with the object, and the positional and named arguments of the call. ``None`` leaves it unobserved."""

End: TypeAlias = Callable[[Any, Any, "BaseException | None"], object]
"""Called with what has begun, the result, and the exception that the call has raised."""


def around(original: Callable[..., Any], begin: Begin, end: End) -> Callable[..., Any]:
    """Return a replacement of a method. Neither ``begin`` nor ``end`` may raise."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        begun = begin(self, args, kwargs)
        if begun is None:
            return original(self, *args, **kwargs)
        try:
            result = original(self, *args, **kwargs)
        except BaseException as error:
            end(begun, None, error)
            raise
        end(begun, result, None)
        return result

    return call


def around_async(original: Callable[..., Any], begin: Begin, end: End) -> Callable[..., Any]:
    """Return a replacement of a method that is a coroutine function, like :func:`around`."""

    async def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        begun = begin(self, args, kwargs)
        if begun is None:
            return await original(self, *args, **kwargs)
        try:
            result = await original(self, *args, **kwargs)
        except BaseException as error:
            end(begun, None, error)
            raise
        end(begun, result, None)
        return result

    return call
