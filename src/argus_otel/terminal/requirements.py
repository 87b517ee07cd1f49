"""Compares requirements with the packages that are installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from packaging.requirements import Requirement


def installed_version(name: str) -> str | None:
    """Return the version of the distribution ``name``; ``None`` if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def check(requirement: Requirement) -> tuple[str | None, bool]:
    """Return the installed version of what ``requirement`` names, or ``None``, and whether it satisfies it.

    Pre-releases do, such as one from git.
    """
    found = installed_version(requirement.name)
    return found, found is not None and requirement.specifier.contains(found, prereleases=True)
