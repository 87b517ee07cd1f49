"""What a metric's cells have in common: one cell for each set of attribute values, made on first use.

A family is a ``dict`` from key to cell, so that the hot path is one subscription. The key is the value itself where the
family has one attribute, a tuple of values in the attributes' order where it has several, and ``()`` where it has none.
``None`` stands for an attribute that is absent.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from threading import RLock
from typing import Any, Generic, TypeAlias, TypeVar

from .caps import AttributeCaps
from .definitions import OTHER, Attribute, AttributeValue

_log = logging.getLogger("argus_otel")

Key: TypeAlias = Any
"""A family's key: see the module's docstring. (``Any``: its shape depends on the number of attributes.)"""

Attributes: TypeAlias = dict[str, AttributeValue]

CellT = TypeVar("CellT")

MOST_SERIES = 1800
"""The most series of one metric that are told apart.

With those that stand for all others it has fewer than 2000, from where on OpenTelemetry's SDK (1.45.2) makes one point
of all that comes, and forgets each of its attributes.
"""


class Family(dict[Key, CellT], Generic[CellT]):
    """The cells of one or more metrics that are counted together.

    Memory is bounded: a key whose values were capped, or that comes when there are as many cells as there may be,
    shares an overflow cell, and is not remembered itself.

    Parameters
    ----------
    name:
        The metric's, for the warning that it is full.
    attributes:
        What the keys have values of.
    caps:
        Bounds the values of each attribute.
    most:
        From how many cells on a new key is counted with others: as the one in which attributes with an open set are
        ``_OTHER``, and those with a closed set or absent stay as they are. ``None`` for no such bound.
    """

    def __init__(self, name: str, attributes: tuple[Attribute, ...], caps: AttributeCaps, most: int | None) -> None:
        super().__init__()
        self.attributes = attributes
        self._name = name
        self._caps = caps
        self._most = most
        self._full = False
        # Reentrant: what the garbage collector takes away may log as it goes, and log records are counted in cells.
        self._making = RLock()
        # Append-only, and copied in one step: collection happens on another thread, where iterating the live dict
        # could meet a change of its size.
        self._rows: list[tuple[Attributes, CellT]] = []
        self._dormant: tuple[tuple[Attributes, CellT], ...] = ()

    def new_cell(self, attributes: Attributes) -> CellT:
        """Make the cell for a set of attributes that has none yet."""
        raise NotImplementedError

    def rows(self) -> Iterator[tuple[Attributes, CellT]]:
        """Iterate over (attributes, cell), from any thread."""
        if self._dormant:
            self._wake()
        return iter(tuple(self._rows))

    def unlock(self) -> None:
        """Let cells be made in a forked child, where another thread of the parent's may have been making one."""
        self._making = RLock()

    def begin_again(self) -> None:
        """Count from zero: in a forked child. Hooks keep their cells; one that counts nothing there is no row."""
        rows = [*self._dormant, *self._rows]
        for _, cell in rows:
            self.clear_cell(cell)
        self._rows = [row for row in rows if not row[0]]  # what has no attributes tells nothing of the parent
        self._dormant = tuple(row for row in rows if row[0])

    def _wake(self) -> None:
        """Make rows of the dormant cells that have counted something since."""
        with self._making:
            woken = [row for row in self._dormant if not self.is_clear(row[1])]
            if woken:
                self._dormant = tuple(row for row in self._dormant if self.is_clear(row[1]))
                self._rows += woken

    def clear_cell(self, cell: CellT) -> None:
        """Set a cell to zero."""
        raise NotImplementedError

    def is_clear(self, cell: CellT) -> bool:
        """Whether nothing has been counted in a cell."""
        raise NotImplementedError

    def __missing__(self, key: Key) -> CellT:
        warn = False
        with self._making:
            reported = self._admitted(key)
            if self._most is not None and len(self) >= self._most and reported not in self:
                reported = self._overflow(reported)
                warn, self._full = not self._full, True
            cell = self.get(reported)
            if cell is None:
                attributes = self._attributes(reported)
                cell = self[reported] = self.new_cell(attributes)
                self._rows.append((attributes, cell))
        if warn:  # not while the lock is held: a logging handler of the bot's may count too
            _log.warning(
                "argus-otel: %s has %d series, which is the most that it may have: from now on a new combination of "
                "attributes counts as one in which they are _OTHER. Sums stay right. Most often a name is made of what "
                "changes, such as an id, a time or a user's text. (Said once; argus.attribute.overflow counts on.)",
                self._name,
                self._most,
            )
        return cell

    def _admitted(self, key: Key) -> Key:
        """Return a key with the values that the caps let through."""
        return self._key(
            tuple(
                None if value is None else self._caps.admit(attribute, value)
                for attribute, value in zip(self.attributes, self._values(key), strict=True)
            )
        )

    def _overflow(self, key: Key) -> Key:
        """Return the key of what a key that there is no cell for is counted as."""
        return self._key(
            tuple(
                value if value in (None, OTHER) or attribute.values else self._caps.refuse(attribute)
                for attribute, value in zip(self.attributes, self._values(key), strict=True)
            )
        )

    def _attributes(self, key: Key) -> Attributes:
        values = zip(self.attributes, self._values(key), strict=True)
        return {attribute.name: value for attribute, value in values if value is not None}

    def _values(self, key: Key) -> tuple[AttributeValue | None, ...]:
        return (key,) if len(self.attributes) == 1 else key

    def _key(self, values: tuple[AttributeValue | None, ...]) -> Key:
        return values[0] if len(values) == 1 else values


class Bound(dict[Key, CellT], Generic[CellT]):
    """A family seen from one fixed first value, so that a hook in a hot path needs only the second.

    Keys are the values of the family's second attribute.
    """

    def __init__(self, family: Family[CellT], first: AttributeValue) -> None:
        super().__init__()
        self._family = family
        self._first = first

    def __missing__(self, second: AttributeValue) -> CellT:
        cell = self._family[(self._first, second)]
        # A capped value is not remembered here either: only keys that the family itself holds.
        if (self._first, second) in self._family:
            self[second] = cell
        return cell
