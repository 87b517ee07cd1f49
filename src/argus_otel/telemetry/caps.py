"""The bound on every metric attribute: values beyond it become ``_OTHER``, and are counted."""

from __future__ import annotations

from collections.abc import Callable

from .definitions import OTHER, Attribute, AttributeValue
from .encoding import is_utf8


class AttributeCaps:
    """Which values of each attribute have been seen, over all the metrics of one source that share it.

    Parameters
    ----------
    overflowed:
        Called with the attribute's name each time a value had to become :data:`~.definitions.OTHER`.
    """

    def __init__(self, overflowed: Callable[[str], None]) -> None:
        self._overflowed = overflowed
        self._seen: dict[str, set[AttributeValue]] = {}

    def admit(self, attribute: Attribute, value: AttributeValue) -> AttributeValue:
        """Return the value to report for ``value``: itself, its normal form, or ``_OTHER``."""
        if attribute.normalise is not None and isinstance(value, str):
            value = attribute.normalise(value)
        if not _portable(value):
            pass
        elif attribute.values:
            if value in attribute.values or value == OTHER:
                return value
        else:
            seen = self._seen.setdefault(attribute.name, set())
            if value in seen or value == OTHER:
                return value
            if len(seen) < attribute.cap:
                seen.add(value)
                return value
        return self.refuse(attribute)

    def refuse(self, attribute: Attribute) -> AttributeValue:
        """Return ``_OTHER`` for a value that may not be reported, and count it."""
        self._overflowed(attribute.name)
        return OTHER

    def is_full(self, attribute: Attribute) -> bool:
        """Whether an attribute with an open set has as many values as it may have."""
        return len(self._seen.get(attribute.name, ())) >= attribute.cap


def _portable(value: AttributeValue) -> bool:
    """Whether every exporter can carry a value: one that it cannot, costs it all the others of the same export."""
    if isinstance(value, str):
        return is_utf8(value)
    return not isinstance(value, int) or -(2**63) <= value < 2**63
