"""What running checks needs of the extra ``checks``."""

from __future__ import annotations

from importlib.util import find_spec

NEEDED = ("h11", "yaml")
"""Modules without which no check runs."""


def missing() -> str:
    """Return what cannot be imported, for people; empty if checks can run."""
    return " and ".join(module for module in NEEDED if find_spec(module) is None)
