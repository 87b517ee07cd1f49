"""An agent in a process of its own, which tests kill: ``python -m tests.checks.killed_agent FILE DIRECTORY EVENTS``.

Each confirmed change is appended to the file of events, with the id that its event has.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from argus_otel.sources.checks.definition import Check
from argus_otel.sources.checks.event_ids import change_id
from argus_otel.sources.checks.judge import Change, Status
from argus_otel.sources.checks.mutes import MuteReason
from argus_otel.sources.checks.outcomes import Run
from argus_otel.sources.checks.supervisor import Supervisor


class Appending:
    """Appends changes to a file: one write for each, which a kill cannot tear."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def started(self, check: Check, lateness: float) -> None: ...

    def ended(self, check: Check, run: Run, status: Status) -> None: ...

    def changed(self, check: Check, change: Change, run: Run | None) -> None:
        event = {
            "id": change_id(check.name, "here", change.since, change.repeat),
            "check": check.name,
            "before": change.before.value,
            "after": change.after.value,
            "again": change.again,
        }
        os.write(self._descriptor, json.dumps(event).encode() + b"\n")

    def muted(self, check: Check, before: frozenset[MuteReason], after: frozenset[MuteReason]) -> None: ...

    def skipped(self, reason: str, slots: int) -> None: ...

    def reloaded(self, error: str) -> None: ...


if __name__ == "__main__":
    file, directory, events = map(Path, sys.argv[1:])
    asyncio.run(Supervisor(file, Appending(events), directory=directory).run())
