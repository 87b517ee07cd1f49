"""Patches of discord.py, and of the forks that have the same functions under another import name."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from argus_otel.sources import patches
from argus_otel.sources.patches import Function, PatchSet, resolve

from .library import Library

__all__ = ["Function", "Patch", "PatchSet", "patches_for", "resolve"]


class Patch(patches.Patch):
    """A function of discord.py, and how to wrap it.

    Attributes
    ----------
    libraries:
        The libraries that are patched here, by :attr:`.library.Library.name`; empty for all of them.
    """

    def __init__(
        self,
        hook: str,
        module: str,
        target: str,
        make: Callable[[Function], Function],
        package: str = "discord",
        fallbacks: tuple[tuple[str, str], ...] = (),
        libraries: tuple[str, ...] = (),
    ) -> None:
        super().__init__(hook, module, target, make, package, fallbacks)
        self.libraries = libraries

    @property
    def name(self) -> str:
        """The name of this part in ``/status``, such as ``hook:REST calls http.HTTPClient.request``.

        A fork with an import name of its own keeps that name: ``hook:REST calls nextcord.http.HTTPClient.request``.
        """
        return f"hook:{self.hook} {self.module.removeprefix('discord.')}.{self.target}"

    def rooted(self, root: str) -> Patch:
        """Return this patch for a library that is imported as ``root``."""
        if root == "discord":
            return self
        fallbacks = tuple((_rooted(module, root), target) for module, target in self.fallbacks)
        module, package = _rooted(self.module, root), _rooted(self.package, root)
        return Patch(self.hook, module, self.target, self.make, package, fallbacks, self.libraries)


def patches_for(library: Library, patches: Iterable[Patch]) -> list[Patch]:
    """Return those of ``patches`` that apply to ``library``, under its import name."""
    applying = (patch for patch in patches if not patch.libraries or library.name in patch.libraries)
    return [patch.rooted(library.root) for patch in applying]


def _rooted(name: str, root: str) -> str:
    return root + name.removeprefix("discord") if name == "discord" or name.startswith("discord.") else name
