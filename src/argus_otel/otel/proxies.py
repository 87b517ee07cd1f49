"""Providers that only stand for the global one, until somebody sets that."""

from __future__ import annotations


def is_proxy(provider: object) -> bool:
    """Whether nobody has set a provider yet. By name: only for traces is the class public."""
    return "proxy" in type(provider).__name__.lower()


def same(known: object, provider: object, current: object) -> bool:
    """Whether what ``known`` was given reaches ``provider`` already.

    Parameters
    ----------
    current:
        The global provider now, to which every proxy passes things on.
    """
    return known is provider or (provider is current and is_proxy(known))
