"""Several events in one row of history."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

from .definitions import AttributeValue


class SeveralEvents(Mapping[str, AttributeValue]):
    """The attributes of a row of history that tells of several events: what is lost of it is counted by their number.

    A source may add events until history reads the attributes, on its own thread.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def number(self) -> int:
        """How many events it tells of, once its attributes were read."""
