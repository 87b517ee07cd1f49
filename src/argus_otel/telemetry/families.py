"""Families of cells: one cell for each combination of attribute values, made on first use.

A family is a ``dict`` from key to cell, so that a hot path needs one subscription. The key is the value itself if the
family has one attribute, a tuple of values in the order of the attributes if it has several, and ``()`` if it has none.
An attribute whose value is ``None`` is absent from the point.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from threading import RLock
from typing import Any, Generic, TypeAlias, TypeVar

from .cardinality import CardinalityLimits
from .definitions import OTHER, Attribute, AttributeValue

_log = logging.getLogger("argus_otel")

Key: TypeAlias = Any
"""A key of a family, as the module's docstring describes it. Its type depends on the number of attributes."""

Attributes: TypeAlias = Mapping[str, AttributeValue]
"""The attributes of a point: name to value."""

CellT = TypeVar("CellT")

MAX_SERIES = 1800
"""How many series of one metric are told apart.

With the overflow series a metric stays below 2000. From there on OpenTelemetry's SDK (1.45.2) merges all new points of
a metric into one and drops their attributes.
"""


class Family(dict[Key, CellT], Generic[CellT]):
    """The cells of one or more metrics that are counted together.

    Memory is bounded. A key whose values overflow, or that is new when the family is full, shares an overflow cell, and
    the key itself is not stored.

    Parameters
    ----------
    name:
        The metric's name, for the warning when the family is full.
    attributes:
        The attributes whose values make up a key.
    limits:
        The cardinality limits of the attributes.
    max_series:
        How many cells are made for keys as they are. Later keys are counted in an overflow cell: attributes with an
        open set become ``_OTHER``, and attributes with a closed set, and absent ones, stay. ``None`` for no such limit.
    """

    def __init__(
        self, name: str, attributes: tuple[Attribute, ...], limits: CardinalityLimits, max_series: int | None
    ) -> None:
        super().__init__()
        self.attributes = attributes
        self._name = name
        self._limits = limits
        self._max_series = max_series
        self._warned = False
        # Reentrant: an object that the garbage collector frees here may log, and log records are counted in cells.
        self._lock = RLock()
        # Append-only, and copied in one step: another thread collects, and the dict may change size as it iterates.
        self._rows: list[tuple[Attributes, CellT]] = []
        self._dormant: tuple[tuple[Attributes, CellT], ...] = ()

    def new_cell(self, attributes: Attributes) -> CellT:
        """Return a new cell for a combination of attributes."""
        raise NotImplementedError

    def clear_cell(self, cell: CellT) -> None:
        """Set a cell to zero."""
        raise NotImplementedError

    def is_clear(self, cell: CellT) -> bool:
        """Whether nothing has been counted in a cell."""
        raise NotImplementedError

    def rows(self) -> Iterator[tuple[Attributes, CellT]]:
        """Iterate over (attributes, cell). Any thread."""
        if self._dormant:
            self._wake()
        return iter(tuple(self._rows))

    def unlock(self) -> None:
        """Replace the lock in a forked child: another thread of the parent may have held it."""
        self._lock = RLock()

    def restart_in_child(self) -> None:
        """Count from zero in a forked child. Hooks keep their cells; a cell gets a row once it counts something."""
        rows = [*self._dormant, *self._rows]
        for _, cell in rows:
            self.clear_cell(cell)
        self._rows = [row for row in rows if not row[0]]  # without attributes, a zero reveals nothing of the parent
        self._dormant = tuple(row for row in rows if row[0])

    def _wake(self) -> None:
        """Add rows for the dormant cells that have counted something."""
        with self._lock:
            woken = [row for row in self._dormant if not self.is_clear(row[1])]
            if woken:
                self._dormant = tuple(row for row in self._dormant if self.is_clear(row[1]))
                self._rows += woken

    def __missing__(self, key: Key) -> CellT:
        warn = False
        with self._lock:
            reported = self._admitted(key)
            if self._max_series is not None and len(self) >= self._max_series and reported not in self:
                reported = self._overflow(reported)
                warn, self._warned = not self._warned, True
            cell = self.get(reported)
            if cell is None:
                attributes = self._attributes(reported)
                cell = self[reported] = self.new_cell(attributes)
                self._rows.append((attributes, cell))
        if warn:  # after the lock is released: a logging handler of the program may count too
            _log.warning(
                "argus-otel: %s has %d series, which is its limit. From now on a new combination of attributes is "
                "counted in a series in which they are _OTHER; sums stay right. The usual cause is a value that is "
                "made of an id, a time or a user's text. (Reported once; argus.attribute.overflow counts on.)",
                self._name,
                self._max_series,
            )
        return cell

    def _admitted(self, key: Key) -> Key:
        """Return ``key`` with the values that the limits admit."""
        return self._key(
            tuple(
                None if value is None else self._limits.admit(attribute, value)
                for attribute, value in zip(self.attributes, self._values(key), strict=True)
            )
        )

    def _overflow(self, key: Key) -> Key:
        """Return the key of the overflow cell of ``key``."""
        return self._key(
            tuple(
                value if value in (None, OTHER) or attribute.values else self._limits.refuse(attribute)
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


class BoundFamily(dict[Key, CellT], Generic[CellT]):
    """A family of two attributes with the first value fixed, so that a hot path needs only the second.

    Keys are the values of the family's second attribute.
    """

    def __init__(self, family: Family[CellT], first: AttributeValue) -> None:
        super().__init__()
        self._family = family
        self._first = first

    def __missing__(self, second: AttributeValue) -> CellT:
        cell = self._family[(self._first, second)]
        # A value beyond the limit is not stored here either: only keys that the family itself has.
        if (self._first, second) in self._family:
            self[second] = cell
        return cell
