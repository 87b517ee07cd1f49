"""Service checks in a program of your own: start them, and learn of their changes.

.. code-block:: python

    from argus_otel import checks

    checks.start("checks.yaml")


    @checks.on("status_changed")
    async def tell(change: checks.Change) -> None:
        await channel.send(f"{change.check} is {change.after.value}")

Checks run on a thread of their own. A subscriber gets events one after the other, on another thread, or on the
program's event loop if it is a coroutine function; it can neither stall nor break the checks.

Checks need the extra: ``pip install 'argus-otel[checks]'``. :func:`heartbeat` does without.
"""

from __future__ import annotations

from argus_otel.sources.checks.api import (
    check,
    delete,
    heartbeat,
    on,
    register,
    reload,
    run_now,
    start,
    statuses,
    stop,
)
from argus_otel.sources.checks.definition import Check
from argus_otel.sources.checks.executors import ExecutorError
from argus_otel.sources.checks.file.problems import CheckFileError
from argus_otel.sources.checks.heartbeat_client import Heartbeat, HeartbeatError
from argus_otel.sources.checks.judge import Change, Status
from argus_otel.sources.checks.outcomes import Run
from argus_otel.sources.checks.subscribers import EventName
from argus_otel.sources.problems import Problem

__all__ = [
    "Change",
    "Check",
    "CheckFileError",
    "EventName",
    "ExecutorError",
    "Heartbeat",
    "HeartbeatError",
    "Problem",
    "Run",
    "Status",
    "check",
    "delete",
    "heartbeat",
    "on",
    "register",
    "reload",
    "run_now",
    "start",
    "statuses",
    "stop",
]
