"""Runs each of some checks once, for a terminal and for CI. Nothing is confirmed, muted or remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from .clock import Clock
from .definition import Check
from .limits import Limits
from .loop_lag import LoopLag
from .outcomes import Run
from .runner import Runner
from .schedule import Due

_THREADS = 4


async def run_once(
    checks: Sequence[Check],
    limits: Limits,
    ended: Callable[[Run], None] = lambda _: None,
    clock: Clock | None = None,
) -> list[Run]:
    """Run checks, each with its retries; return their runs in the order of the checks.

    Parameters
    ----------
    ended:
        Called when a run has ended.
    """
    clock = clock or Clock()
    now = clock.wall()
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="argus-otel checks")
    runner = Runner(clock, limits, LoopLag(asyncio.get_running_loop()), pool)

    async def one(check: Check) -> Run:
        run = await runner.run(check, Due(check.name, now))
        ended(run)
        return run

    try:
        return await asyncio.gather(*map(one, checks))
    finally:
        for executor in {check.executor for check in checks}:
            await executor.close()
        pool.shutdown(wait=False, cancel_futures=True)
