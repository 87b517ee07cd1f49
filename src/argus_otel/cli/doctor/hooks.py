"""Whether what argus-otel hooks is there in the discord.py that is installed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import cast

from .findings import Finding, Status

_GROUP = "discord.py"
_PATIENCE = 30.0

# In a Python of its own: importing a broken or mixed-up library can raise anything, or never end.
_PROBE = """
import json, discord
from argus_otel.sources.discord import DiscordSource
probe = getattr(DiscordSource, "probe", None)
found = {"version": discord.__version__, "file": discord.__file__, "hooks": dict(probe()) if probe else None}
print()
print(json.dumps(found))
"""


def look_at_hooks(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Import discord.py as the bot would, and ask the source for each hook's target."""
    try:
        done = subprocess.run(  # noqa: S603 - our own Python, our own words
            [sys.executable, "-c", _PROBE],
            env={**environ, "OTEL_SDK_DISABLED": "true"},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        yield Finding(_GROUP, "import", Status.FAIL, f"importing discord takes longer than {_PATIENCE:g} s")
        return
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        remedy = "python -c 'import argus_otel.sources.discord' shows the whole traceback"
        yield Finding(_GROUP, "import", Status.FAIL, reason, remedy)
        return
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    yield Finding(_GROUP, "import", Status.OK, f"{found['version']} from {found['file']}")
    hooks = cast("dict[str, str | None] | None", found["hooks"])
    if hooks is None:
        yield Finding(_GROUP, "hooks", Status.INFO, "cannot be looked at before a bot runs")
        return
    absent = {name: reason for name, reason in hooks.items() if reason is not None}
    yield Finding(
        _GROUP, "hooks", Status.WARN if absent else Status.OK, f"{len(hooks) - len(absent)} of {len(hooks)} can be set"
    )
    for name, reason in absent.items():
        yield Finding(_GROUP, f"hook {name}", Status.WARN, reason, "the bot runs without this signal; please report it")
