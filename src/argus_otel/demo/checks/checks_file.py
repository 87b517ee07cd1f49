"""The file of checks that the demo's agent runs, written from the cast."""

from __future__ import annotations

import os
from pathlib import Path

from .cast import CAST, CONFIRM, Part
from .services import Services


def write(path: Path, services: Services, interval: str) -> None:
    """Write the file, or replace it at once, so that the agent never reads half of it.

    Parameters
    ----------
    interval:
        The distance of runs, also while a change is not confirmed: ``1s``.
    """
    lines = [
        "location: demo",
        "defaults:",
        f"  interval: {interval}",
        # No service but the one that hangs may come near it, also on a busy machine.
        "  timeout: 10s",
        "  retries: 0",
        f"  confirm: {{down: {CONFIRM}, up: {CONFIRM}, every: {interval}}}",
        f"limits: {{per_host: {2 * len(CAST)}}}",
        "checks:",
        *(f"  {part.name}: {{{_check(part, services)}}}" for part in CAST),
    ]
    beside = path.with_suffix(".new")
    beside.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.replace(beside, path)  # noqa: PTH105 - the same, and atomic on Windows too


def _check(part: Part, services: Services) -> str:
    options = [f'url: "{services.url(part.name)}"']
    if part.certificate is not None:
        options.append(f"ca: '{services.authority}'")
    if part.options:
        options.append(part.options)
    settings = [f"http: {{{', '.join(options)}}}", f"service: {part.name}"]
    if part.retries:
        settings.append(f"retries: {part.retries}")
    if part.settings:
        settings.append(part.settings)
    return ", ".join(settings)
