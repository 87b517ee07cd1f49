"""Which library a hook is put into: discord.py, or a fork of it that has grown its own names.

Hook files write `discord.…` and know no library; a patch is re-rooted to the one that was imported. What a fork has not
is reported as absent, and what it does in another way has a patch of its own (:attr:`.patches.Patch.of`).
"""

from __future__ import annotations

from types import ModuleType

ROOTS = ("discord", "nextcord", "disnake")
"""The names by which they are imported; ``discord`` is discord.py's and py-cord's."""

DISCORD_PY = "discord.py"
PY_CORD = "py-cord"
NEXTCORD = "nextcord"
DISNAKE = "disnake"

FORKS = (PY_CORD, NEXTCORD, DISNAKE)

_NAMES = {"discord": DISCORD_PY, "pycord": PY_CORD}


class Library:
    """One library that speaks to Discord, as it was imported.

    Attributes
    ----------
    root:
        Its import's name: ``discord``.
    name, version:
        What it is called on PyPI, and which it is: ``py-cord``, ``2.8.1``.
    """

    __slots__ = ("root", "name", "version")

    def __init__(self, root: str, name: str, version: str) -> None:
        self.root = root
        self.name = name
        self.version = version

    @classmethod
    def of(cls, module: ModuleType) -> Library:
        """Return what ``module``, one of :data:`ROOTS`, is. py-cord and discord.py differ by their title."""
        root = module.__name__
        title = str(getattr(module, "__title__", root))
        return cls(root, _NAMES.get(title, title), str(getattr(module, "__version__", "of no version")))

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def fork(self) -> bool:
        """Whether only a part of the hooks can be expected in it."""
        return self.name != DISCORD_PY

    def describe(self) -> dict[str, object]:
        """Return it for ``/status``."""
        return {"name": self.name, "version": self.version, "fork": self.fork}
