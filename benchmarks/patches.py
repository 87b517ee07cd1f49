"""The patches that a package makes in discord.py, found by comparison, so that they can be applied and reverted."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

_ABSENT = object()


class Patches:
    """All attributes of discord.py's modules and classes that a call changes; afterwards the changes are applied.

    Parameters
    ----------
    change:
        Makes the changes.
    """

    def __init__(self, change: Callable[[], object]) -> None:
        before = _attributes()
        change()
        after = _attributes()
        self._changed = [
            (owner, name, before.get((key, name), (owner, _ABSENT))[1], value)
            for (key, name), (owner, value) in after.items()
            if before.get((key, name), (owner, _ABSENT))[1] is not value
        ]
        if not self._changed:
            raise RuntimeError("nothing of discord.py has been changed")

    def put_in(self) -> None:
        """Make the changes again."""
        for owner, name, _, value in self._changed:
            setattr(owner, name, value)

    def take_out(self) -> None:
        """Revert all changes."""
        for owner, name, before, _ in self._changed:
            if before is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, before)


def _attributes() -> dict[tuple[int, str], tuple[Any, Any]]:
    """Return every attribute of every module and class of discord.py, by its owner's id and its name."""
    modules = [module for name, module in sys.modules.items() if name == "discord" or name.startswith("discord.")]
    owners: dict[int, Any] = {id(module): module for module in modules}
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, type) and value.__module__.startswith("discord"):
                owners[id(value)] = value
    return {(key, name): (owner, value) for key, owner in owners.items() for name, value in list(vars(owner).items())}
