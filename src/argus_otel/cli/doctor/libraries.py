"""Which library the bot speaks to Discord with: discord.py, or one of its forks, or several in each other's way."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement

from .findings import Finding, Status
from .packages import look_at_version

_GROUP = "discord.py"
_HOOKED = Requirement("discord.py>=2.4,<3")
_SAME_NAME = ("py-cord", "py-cord-dev", "discord.py-self")  # imported as `discord`, as discord.py is
_OWN_NAME = ("nextcord", "disnake")


def look_at_discord() -> Iterator[Finding]:
    """Look at which of them are installed, and at a script of the bot's own that hides them."""
    found, fits = look_at_version(_HOOKED)
    same = {name: shown for name in _SAME_NAME if (shown := _version(name))}
    if found is None:
        others = ", ".join(f"{name} {shown}" for name in (*_SAME_NAME, *_OWN_NAME) if (shown := _version(name)))
        detail = f"not installed; {others} is, which is not hooked" if others else "not installed: nothing to hook"
        yield Finding(_GROUP, "discord.py", Status.FAIL, detail, f"pip install '{_HOOKED}'")
    elif not fits:
        detail = f"{found}, but its hooks are for {_HOOKED.specifier}"
        yield Finding(_GROUP, "discord.py", Status.FAIL, detail, f"pip install '{_HOOKED}'")
    else:
        yield Finding(_GROUP, "discord.py", Status.OK, found)
    if found:
        yield from _collisions(same)
        for name in _OWN_NAME:
            if shown := _version(name):
                detail = f"{shown}: not hooked; a bot that imports {name} is not observed"
                yield Finding(_GROUP, name, Status.INFO, detail)
    if Path("discord.py").exists() or Path("discord").is_dir():
        detail = f"{Path.cwd()} holds a discord.py or discord/ of its own, which a script there imports instead"
        yield Finding(_GROUP, "name", Status.WARN, detail, "rename it")


def _collisions(same: dict[str, str]) -> Iterator[Finding]:
    for name, shown in same.items():
        detail = f"{shown} is installed too, and both write the package `discord`: what is there now is a mixture"
        remedy = f"pip uninstall -y {name} discord.py && pip install '{_HOOKED}'"
        yield Finding(_GROUP, name, Status.FAIL, detail, remedy)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
