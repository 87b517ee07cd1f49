"""Wraps a callable of single objects, and unwraps it again, without keeping the objects alive.

If discord.py calls a function through an instance, wrapping it on that instance is cheaper and narrower than patching
the class.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

from .patches import Function

OwnerT = TypeVar("OwnerT")


class InstancePatches(Generic[OwnerT]):
    """The wrapped objects of one class.

    Parameters
    ----------
    get, put:
        Read the callable of an object, and replace it.
    """

    def __init__(self, get: Callable[[OwnerT], Function], put: Callable[[OwnerT, Function], None]) -> None:
        self._get = get
        self._put = put
        # Keys and values are weak: a wrapper holds the original, which as a bound method holds the owner.
        self._wrappers: weakref.WeakKeyDictionary[OwnerT, weakref.ref[Function]] = weakref.WeakKeyDictionary()

    def wrap(self, owner: OwnerT, make: Callable[[Function], Function]) -> None:
        """Replace the callable of ``owner`` with ``make`` of it, unless it is this wrapper already."""
        original = self._get(owner)
        known = self._wrappers.get(owner)
        if known is not None and known() is original:
            return
        wrapper = make(original)
        wrapper.__wrapped__ = original  # type: ignore[attr-defined]
        self._wrappers[owner] = weakref.ref(wrapper)
        self._put(owner, wrapper)

    def unwrap_all(self) -> None:
        """Restore each original whose wrapper has not been wrapped since."""
        for owner, known in tuple(self._wrappers.items()):
            wrapper = known()
            if wrapper is not None and self._get(owner) is wrapper:
                self._put(owner, wrapper.__wrapped__)  # type: ignore[attr-defined]
        self._wrappers.clear()
