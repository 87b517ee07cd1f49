"""Whether what argus-otel hooks is there in the discord.py, or the fork of it, that is installed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import cast

from argus_otel.terminal.findings import Finding, Status

from .libraries import installed_roots

_PATIENCE = 30.0

# In a Python of its own: importing a broken or mixed-up library can raise anything, or never end.
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


def look_at_hooks(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Import each library as the bot would, and ask the source for each hook's target."""
    for root in installed_roots():
        yield from _look_into(root, environ)


def _look_into(root: str, environ: Mapping[str, str]) -> Iterator[Finding]:
    group = "discord.py" if root == "discord" else root
    try:
        done = subprocess.run(  # noqa: S603 - our own Python, our own words
            [sys.executable, "-c", _PROBE, root],
            env={**environ, "OTEL_SDK_DISABLED": "true"},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        yield Finding(group, "import", Status.FAIL, f"importing {root} takes longer than {_PATIENCE:g} s")
        return
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        remedy = "python -c 'import argus_otel.sources.discord' shows the whole traceback"
        yield Finding(group, "import", Status.FAIL, reason, remedy)
        return
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    fork = bool(found.get("fork"))
    name = f"{found['name']} " if fork and root == "discord" else ""
    yield Finding(group, "import", Status.OK, f"{name}{found['version']} from {found['file']}")
    hooks = cast("dict[str, str | None]", found["hooks"])
    absent = {name: reason for name, reason in hooks.items() if reason is not None}
    status = Status.WARN if absent and not fork else Status.OK
    yield Finding(group, "hooks", status, f"{len(hooks) - len(absent)} of {len(hooks)} can be set")
    if fork and absent:
        listed = ", ".join(name.removeprefix("hook:") for name in absent)
        yield Finding(group, "absent", Status.INFO, f"a fork has no {listed}; docs/hooks.md says what each is for")
        return
    for name, reason in absent.items():
        yield Finding(group, f"hook {name}", Status.WARN, reason, "the bot runs without this signal; please report it")
