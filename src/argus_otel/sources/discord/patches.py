"""Hooks in discord.py, and in the forks that have the same functions under another import name."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from argus_otel.sources import patches
from argus_otel.sources.patches import Function, Hooks, resolve

from .library import Library

__all__ = ["Function", "Hooks", "Patch", "patches_for", "resolve"]


class Patch(patches.Patch):
    """One function of discord.py, and what takes its place.

    Attributes
    ----------
    of:
        The libraries that do it in this way, by :attr:`.library.Library.name`; empty where all are expected to.
    """

    def __init__(
        self,
        hook: str,
        module: str,
        target: str,
        make: Callable[[Function], Function],
        package: str = "discord",
        instead: tuple[tuple[str, str], ...] = (),
        of: tuple[str, ...] = (),
    ) -> None:
        super().__init__(hook, module, target, make, package, instead)
        self.of = of

    @property
    def name(self) -> str:
        """Its name among the parts, such as ``hook:REST calls http.HTTPClient.request``.

        A fork with an import name of its own keeps that: ``hook:REST calls nextcord.http.HTTPClient.request``.
        """
        return f"hook:{self.hook} {self.module.removeprefix('discord.')}.{self.target}"

    def rooted(self, root: str) -> Patch:
        """Return it for a library that is imported as ``root``."""
        if root == "discord":
            return self
        instead = tuple((_rooted(module, root), target) for module, target in self.instead)
        module, package = _rooted(self.module, root), _rooted(self.package, root)
        return Patch(self.hook, module, self.target, self.make, package, instead, self.of)


def patches_for(library: Library, patches: Iterable[Patch]) -> list[Patch]:
    """Return those of ``patches`` that are for ``library``, re-rooted to it."""
    return [patch.rooted(library.root) for patch in patches if not patch.of or library.name in patch.of]


def _rooted(name: str, root: str) -> str:
    return root + name.removeprefix("discord") if name == "discord" or name.startswith("discord.") else name
