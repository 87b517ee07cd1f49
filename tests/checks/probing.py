"""Probes once, as an agent does: with retries off, a deadline, and the verdict of the conditions."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from argus_otel.sources.checks.clock import Clock
from argus_otel.sources.checks.executor import ExecutorContext
from argus_otel.sources.checks.executors import installed
from argus_otel.sources.checks.file.checks_file import parse
from argus_otel.sources.checks.limits import Limits
from argus_otel.sources.checks.loop_lag import LoopLag
from argus_otel.sources.checks.net.resolver import Resolver
from argus_otel.sources.checks.outcomes import Attempt
from argus_otel.sources.checks.runner import Runner
from argus_otel.sources.checks.schedule import Due


async def probed(definition: str, timeout: str = "2s", *, allow_commands: bool = False) -> Attempt:
    """Run the check of a definition, as the file has it, once."""
    resolver, pool = Resolver(2), ThreadPoolExecutor(1)
    executors = installed(ExecutorContext(resolver, allow_commands=allow_commands))
    text = f"defaults: {{retries: 0, timeout: {timeout}}}\nchecks: {{it: {definition}}}"
    (check,) = parse(text, Path("checks.yaml"), executors, {}).checks
    runner = Runner(Clock(), Limits(), LoopLag(asyncio.get_running_loop()), pool)
    try:
        return (await runner.run(check, Due("it", 0))).last
    finally:
        resolver.close()
        pool.shutdown(wait=False)
