"""Puts closures in the place of one object's callable, and takes them out again, without keeping the object alive.

Where discord.py calls something by way of an instance, that is a cheaper and narrower hook than a patched class.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

from .patches import Function

OwnerT = TypeVar("OwnerT")


class Chains(Generic[OwnerT]):
    """The closures in one kind of place.

    Parameters
    ----------
    get, put:
        Read and write the place on its owner.
    """

    def __init__(self, get: Callable[[OwnerT], Function], put: Callable[[OwnerT, Function], None]) -> None:
        self._get = get
        self._put = put
        # Both ways weak: a closure holds what it wraps, and that, as a bound method, the owner.
        self._placed: weakref.WeakKeyDictionary[OwnerT, weakref.ref[Function]] = weakref.WeakKeyDictionary()

    def place(self, owner: OwnerT, make: Callable[[Function], Function]) -> None:
        """Put what ``make`` returns for the callable there in its place, unless ours stands there already."""
        original = self._get(owner)
        placed = self._placed.get(owner)
        if placed is not None and placed() is original:
            return
        ours = make(original)
        ours.__wrapped__ = original  # type: ignore[attr-defined]
        self._placed[owner] = weakref.ref(ours)
        self._put(owner, ours)

    def release(self) -> None:
        """Put every original back, where nobody has chained on ours since."""
        for owner, placed in tuple(self._placed.items()):
            ours = placed()
            if ours is not None and self._get(owner) is ours:
                self._put(owner, ours.__wrapped__)  # type: ignore[attr-defined]
        self._placed.clear()
