"""Which library the bot speaks to Discord with: discord.py, or one of its forks, or several in each other's way."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement

from argus_otel.terminal.findings import Finding, Status

from .packages import look_at_version

_GROUP = "discord.py"
_HOOKED = Requirement("discord.py>=2.4,<3")
_SAME_NAME = ("py-cord", "py-cord-dev", "discord.py-self")  # imported as `discord`, as discord.py is
_FORKS = ("py-cord", "nextcord", "disnake")
_IN_PART = "hooked in part, as docs/hooks.md says"


def installed_roots() -> list[str]:
    """Return the import names of the libraries that are installed; ``discord`` where there is none, to say why."""
    own = [name for name in ("nextcord", "disnake") if _version(name)]
    same = any(_version(name) for name in ("discord.py", *_SAME_NAME))
    return ["discord", *own] if same or not own else own


def look_at_discord() -> Iterator[Finding]:
    """Look at which of them are installed, and at a script of the bot's own that hides them."""
    found, fits = look_at_version(_HOOKED)
    same = {name: shown for name in _SAME_NAME if (shown := _version(name))}
    forks = {name: shown for name in _FORKS if (shown := _version(name))}
    if found is None and not forks:
        others = ", ".join(f"{name} {shown}" for name, shown in same.items())
        detail = f"not installed; {others} is, which is not hooked" if others else "not installed: nothing to hook"
        yield Finding(_GROUP, "discord.py", Status.FAIL, detail, f"pip install '{_HOOKED}'")
    elif found is not None and not fits:
        detail = f"{found}, but its hooks are for {_HOOKED.specifier}"
        yield Finding(_GROUP, "discord.py", Status.FAIL, detail, f"pip install '{_HOOKED}'")
    elif found is not None:
        yield Finding(_GROUP, "discord.py", Status.OK, found)
    if found:
        yield from _collisions(same)
    for name, shown in forks.items():
        if not (found and name in same):
            yield Finding(_GROUP, name, Status.INFO, f"{shown}: {_IN_PART}")
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
