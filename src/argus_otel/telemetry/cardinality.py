"""The limit on the number of values of each metric attribute: later values become ``_OTHER`` and are counted."""

from __future__ import annotations

from collections.abc import Callable

from .definitions import OTHER, Attribute, AttributeValue
from .encoding import is_utf8


class CardinalityLimits:
    """Applies the limits of attributes, over all metrics of one source that share an attribute.

    Parameters
    ----------
    on_overflow:
        Called with the attribute's name each time that a value becomes :data:`~.definitions.OTHER`.
    """

    def __init__(self, on_overflow: Callable[[str], None]) -> None:
        self._on_overflow = on_overflow
        self._seen: dict[str, set[AttributeValue]] = {}

    def admit(self, attribute: Attribute, value: AttributeValue) -> AttributeValue:
        """Return the value to report: ``value`` itself, its normal form, or ``_OTHER``."""
        if attribute.normalise is not None and isinstance(value, str):
            value = attribute.normalise(value)
        if not _is_exportable(value):
            pass
        elif attribute.values:
            if value in attribute.values or value == OTHER:
                return value
        else:
            seen = self._seen.setdefault(attribute.name, set())
            if value in seen or value == OTHER:
                return value
            if len(seen) < attribute.cardinality_limit:
                seen.add(value)
                return value
        return self.refuse(attribute)

    def refuse(self, attribute: Attribute) -> AttributeValue:
        """Count an overflow of ``attribute`` and return ``_OTHER``."""
        self._on_overflow(attribute.name)
        return OTHER

    def is_full(self, attribute: Attribute) -> bool:
        """Whether an attribute with an open set has reached its limit."""
        return len(self._seen.get(attribute.name, ())) >= attribute.cardinality_limit


def _is_exportable(value: AttributeValue) -> bool:
    """Whether every exporter can encode ``value``. One that cannot be encoded costs the whole export."""
    if isinstance(value, str):
        return is_utf8(value)
    return not isinstance(value, int) or -(2**63) <= value < 2**63
