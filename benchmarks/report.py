"""The figures, as a table and as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone

import discord

import argus_otel

from .pairs import Result


def circumstances(rounds: int, versions: Mapping[str, str]) -> dict[str, str]:
    """Return what the figures depend on.

    Parameters
    ----------
    versions:
        Those of the peers, by their names.
    """
    return {
        "argus-otel": argus_otel.__version__,
        "discord.py": discord.__version__,
        **versions,
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "machine": f"{os.cpu_count()} CPUs, {platform.machine()}, {platform.system()}",
        "rounds": str(rounds),
        "date": datetime.now(timezone.utc).date().isoformat(),
    }


def heading(about: Mapping[str, str]) -> str:
    """Return the circumstances as one paragraph."""
    return ", ".join(f"{name} {value}" if name != "machine" else value for name, value in about.items())


def table(title: str, results: Sequence[Result]) -> str:
    """Return one scenario's table: microseconds of thread CPU time for each piece of work."""
    width = max(len(result.name) for result in results) + 2
    columns = f"{'each':>10}{'added':>12}{'95 % of the median':>24}{'ratio':>9}{'records':>9}"
    lines = [f"{title:<{width}}"] if len(title) >= width else []
    lines.append(f"{'' if lines else title:<{width}}{columns}")
    for result in results:
        spread = f"{result.low:+.2f} … {result.high:+.2f}"
        figures = f"{result.each:>7.2f} µs{result.added:>+9.2f} µs{spread:>24}{result.ratio:>+9.1%}"
        lines.append(f"{result.name:<{width}}{figures}{result.records:>9.2f}")
    return "\n".join(lines)


LEGEND = """\
each: median of a piece of work, in µs of the thread's CPU time. added: median of the differences to the bare run of the
same round, and the middle 95 % of that median. ratio: added, as a part of bare. records: how many points of metrics and
spans were recorded for each piece, so 0.00 means that the work was not observed and costs nothing for that reason.
The rows with A/A have nothing to add: what they show is what this machine and this method see where nothing is."""


def as_json(about: Mapping[str, str], tables: Mapping[str, Sequence[Result]]) -> str:
    """Return everything, with microseconds as numbers."""
    scenarios = {
        name: [asdict(result) | {"ratio": result.ratio} for result in results] for name, results in tables.items()
    }
    return json.dumps({"about": about, "scenarios": scenarios}, indent=2)
