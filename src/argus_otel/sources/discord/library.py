"""The libraries that are observed: discord.py, and its forks, some under other import names.

Hook files spell ``discord.…``, and a patch is re-rooted to the library that was imported. Patch targets that a fork
lacks are reported as absent. A fork that does something in another way has patches of its own
(:attr:`.patches.Patch.libraries`).
"""

from __future__ import annotations

from types import ModuleType

ROOTS = ("discord", "nextcord", "disnake")
"""Their import names. discord.py and py-cord share ``discord``."""

DISCORD_PY = "discord.py"
PY_CORD = "py-cord"
NEXTCORD = "nextcord"
DISNAKE = "disnake"

FORKS = (PY_CORD, NEXTCORD, DISNAKE)

_NAMES = {"discord": DISCORD_PY, "pycord": PY_CORD}


class Library:
    """One library, as it was imported.

    Attributes
    ----------
    root:
        Its import name: ``discord``.
    name, version:
        Its name on PyPI, and its version: ``py-cord``, ``2.8.1``.
    """

    __slots__ = ("root", "name", "version")

    def __init__(self, root: str, name: str, version: str) -> None:
        self.root = root
        self.name = name
        self.version = version

    @classmethod
    def of(cls, module: ModuleType) -> Library:
        """Return the library of ``module``, one of :data:`ROOTS`. The title tells py-cord from discord.py."""
        root = module.__name__
        title = str(getattr(module, "__title__", root))
        return cls(root, _NAMES.get(title, title), str(getattr(module, "__version__", "of no version")))

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def fork(self) -> bool:
        """Whether it is a fork, in which only a part of the patch targets is expected."""
        return self.name != DISCORD_PY

    def describe(self) -> dict[str, object]:
        """Return the library for ``/status``."""
        return {"name": self.name, "version": self.version, "fork": self.fork}
