"""The checks of ``argus-otel doctor`` about a bot: its library, the hooks' targets, its clock, its sessions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from packaging.requirements import Requirement

from argus_otel.terminal.findings import Check, Finding, Look, Status
from argus_otel.terminal.probes import ProbeError, probed
from argus_otel.terminal.requirements import check, installed_version

_GROUP = "discord.py"
_HOOKED = Requirement("discord.py>=2.4,<3")
_SAME_NAME = ("py-cord", "py-cord-dev", "discord.py-self")  # imported as `discord`, as discord.py is
_FORKS = ("py-cord", "nextcord", "disnake")
_HANDS_IN = "aiointeractions"
_IN_PART = "observed in part, see docs/hooks.md"

# The bot itself warns from this offset on, too.
_OFFSET_AT_MOST = 1.0
# Of a day's sessions. The alert IdentifyBudgetHalfSpent fires at the same share.
_SPENT_AT_MOST = 0.5
_USUAL_LIMIT = 1000

_PROBE = """
import importlib, json, sys
library = importlib.import_module(sys.argv[1])
from argus_otel.sources.discord.source import DiscordSource
from argus_otel.sources.discord.library import Library
known = Library.of(library)
found = {"version": known.version, "file": library.__file__, "fork": known.fork, "name": known.name}
found["hooks"] = DiscordSource.probe(sys.argv[1])
print()
print(json.dumps(found))
"""


def _libraries(_: Look) -> Iterator[Finding]:
    """Check which library is installed, and whether another library or a script of the bot hides it."""
    found, fits = check(_HOOKED)
    same = {name: shown for name in _SAME_NAME if (shown := installed_version(name))}
    forks = {name: shown for name in _FORKS if (shown := installed_version(name))}
    remedy = f"pip install '{_HOOKED}'"
    if found is not None and fits:
        yield Finding(_GROUP, "discord.py", Status.OK, found)
    elif found is not None:
        detail = f"{found}, but its hooks are for {_HOOKED.specifier}"
        yield Finding(_GROUP, "discord.py", Status.FAIL, detail, remedy)
    elif same and not forks:
        others = ", ".join(f"{name} {shown}" for name, shown in same.items())
        yield Finding(_GROUP, "discord.py", Status.FAIL, f"not installed; {others} is, which is not observed", remedy)
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
        detail = f"{shown} is installed too, and both write the package `discord`, which is now a mixture"
        remedy = f"pip uninstall -y {name} discord.py && pip install '{_HOOKED}'"
        yield Finding(_GROUP, name, Status.FAIL, detail, remedy)


def _hooks(look: Look) -> Iterator[Finding]:
    """Import each library as the bot would, and check that every hook's target is in it."""
    for root in _installed_roots():
        yield from _probe(root, look.environ)


def _installed_roots() -> list[str]:
    roots = [name for name in ("nextcord", "disnake") if installed_version(name)]
    return ["discord", *roots] if any(map(installed_version, ("discord.py", *_SAME_NAME))) else roots


def _probe(root: str, environ: Mapping[str, str]) -> Iterator[Finding]:
    group = _GROUP if root == "discord" else root
    try:
        found: dict[str, object] = probed(_PROBE, root, environ)
    except ProbeError as error:
        yield Finding(group, "import", Status.FAIL, str(error), error.remedy)
        return
    fork = bool(found.get("fork"))
    name = f"{found['name']} " if fork and root == "discord" else ""
    yield Finding(group, "import", Status.OK, f"{name}{found['version']} from {found['file']}")
    hooks = cast("dict[str, str | None]", found["hooks"])
    absent = {name: reason for name, reason in hooks.items() if reason is not None}
    status = Status.WARN if absent and not fork else Status.OK
    yield Finding(group, "hooks", status, f"{len(hooks) - len(absent)} of {len(hooks)} patch targets exist")
    if fork and absent:
        listed = ", ".join(name.removeprefix("hook:") for name in absent)
        yield Finding(
            group, "absent", Status.INFO, f"missing in this fork: {listed}; docs/hooks.md describes each hook"
        )
        return
    for name, reason in absent.items():
        yield Finding(group, f"hook {name}", Status.WARN, reason, "the bot runs without this signal; please report it")


def _clock(look: Look) -> Iterator[Finding]:
    """Check the running bot's clock, as it compared it with Discord's."""
    section = look.status.get("clock")
    offset = cast("dict[str, object]", section).get("offset") if isinstance(section, dict) else None
    if not isinstance(offset, (int, float)):
        return
    detail = f"{abs(offset):.1f} s {'ahead of' if offset > 0 else 'behind'} Discord's"
    if abs(offset) <= _OFFSET_AT_MOST:
        yield Finding(_GROUP, "clock", Status.OK, detail)
        return
    remedy = (
        "synchronise this machine's clock by NTP: `timedatectl set-ntp true` where systemd runs, else install chrony"
    )
    yield Finding(_GROUP, "clock", Status.WARN, detail, remedy)


def _sessions(look: Look) -> Iterator[Finding]:
    """Check how many gateway sessions the running bot may still begin today, as Discord said last."""
    if _framework(look):
        return
    section = look.status.get("sessions")
    sessions = cast("dict[str, object]", section) if isinstance(section, dict) else {}
    begun, limit, remaining = (sessions.get(name) for name in ("begun", "limit", "remaining"))
    if isinstance(limit, int) and isinstance(remaining, int):
        detail = f"{remaining} of {limit} that Discord allows in 24 hours are left"
        spent = limit - remaining
    elif isinstance(begun, int):
        limit, spent = _USUAL_LIMIT, begun
        detail = (
            f"this process has begun {begun}; the bot has not asked Discord for its limit, usually {limit} in 24 hours"
        )
    else:
        return
    if spent <= limit * _SPENT_AT_MOST:
        yield Finding(_GROUP, "sessions", Status.OK, detail)
        return
    remedy = "stop what restarts or reconnects over and over: at the limit, Discord resets the token"
    yield Finding(_GROUP, "sessions", Status.WARN, detail, remedy)


def _http_interactions(look: Look) -> Iterator[Finding]:
    """Say that a bot has no gateway, and what hands interactions to it. Such a bot never has shards."""
    framework = _framework(look)
    if framework:
        detail = f"{framework} hands them in; no gateway, so the bot is ready by its log-in, and has no shards"
        yield Finding(_GROUP, "HTTP interactions", Status.OK, detail)
    elif not look.status and (found := installed_version(_HANDS_IN)):
        detail = f"{_HANDS_IN} {found}: a bot that never asks for the gateway is ready 5 s after its log-in"
        yield Finding(_GROUP, "HTTP interactions", Status.INFO, detail)


def _framework(look: Look) -> str:
    """Return what hands interactions to the running bot; empty if it has a gateway, or does not run."""
    section = look.status.get("http_interactions")
    return str(cast("dict[str, object]", section).get("framework", "")) if isinstance(section, dict) else ""


CHECKS: tuple[Check, ...] = (_libraries, _hooks, _clock, _sessions, _http_interactions)
"""See :mod:`argus_otel.terminal.findings`."""
