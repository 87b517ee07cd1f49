"""Periods of time in words."""

from __future__ import annotations

_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def lasting(seconds: float) -> str:
    """Return how long something lasts, in the two largest units that it has: ``2 h 5 min``, ``40 s``."""
    whole = max(0, round(seconds))
    for index, (unit, size) in enumerate(_UNITS):
        if whole >= size:
            many, rest = divmod(whole, size)
            smaller = _UNITS[index + 1 : index + 2]
            second = (
                f" {rest // smaller[0][1]} {smaller[0][0]}" if smaller and rest // smaller[0][1] and many < 10 else ""
            )
            return f"{many} {unit}{second}"
    return "0 s"


def ago(seconds: float) -> str:
    """Return how long ago something was: ``3 min ago``, ``just now``."""
    return "just now" if seconds < 5 else f"{lasting(seconds)} ago"
