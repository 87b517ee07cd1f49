"""The ports of the endpoint: one, a range of which the first free one is used, or any."""

from __future__ import annotations

from collections.abc import Iterator

LAST = 65535


class Ports:
    """Ports to try in turn. Immutable.

    Attributes
    ----------
    first, last:
        The bounds, which may be equal. 0 is any port that is free.
    """

    __slots__ = ("first", "last")

    def __init__(self, first: int, last: int | None = None) -> None:
        self.first = first
        self.last = first if last is None else last

    @classmethod
    def parse(cls, text: str) -> Ports:
        """Read ``9464`` or ``9464-9479``.

        Raises
        ------
        ValueError
            It is neither, or a port is above 65535, or the range is empty or begins with 0.
        """
        first, dash, last = text.partition("-")
        ports = cls(int(first), int(last) if dash else None)
        if not 0 <= ports.first <= ports.last <= LAST or (dash and ports.first == 0):
            raise ValueError(text)
        return ports

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.first, self.last + 1))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ports):
            return NotImplemented
        return (self.first, self.last) == (other.first, other.last)

    def __hash__(self) -> int:
        return hash((self.first, self.last))

    def __repr__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
