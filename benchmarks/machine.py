"""What the figures were measured with."""

from __future__ import annotations

import os
import platform
from datetime import datetime, timezone
from importlib.metadata import version


def machine() -> str:
    """Return versions, processors and the date in one line."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    versions = f"argus-otel {version('argus-otel')}, discord.py {version('discord.py')}, {python}"
    date = datetime.now(timezone.utc).date().isoformat()
    return f"{versions}, {os.cpu_count()} CPUs, {platform.machine()}, {date}"
