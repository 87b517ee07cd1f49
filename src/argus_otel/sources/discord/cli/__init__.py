"""The commands of ``argus-otel discord``. This file describes them, and imports none."""

from __future__ import annotations

from argus_otel.terminal.commands import Command

COMMANDS: dict[str, Command] = {}
