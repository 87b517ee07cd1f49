"""Probes once, as an agent does: with retries off, a deadline, and the verdict of the conditions."""

from __future__ import annotations

from pathlib import Path

from argus_otel.sources.checks.executor import ExecutorContext
from argus_otel.sources.checks.executors import installed
from argus_otel.sources.checks.file.checks_file import parse
from argus_otel.sources.checks.limits import Limits
from argus_otel.sources.checks.net.resolver import Resolver
from argus_otel.sources.checks.once import run_once
from argus_otel.sources.checks.outcomes import Attempt


async def probed(definition: str, timeout: str = "2s", *, allow_commands: bool = False) -> Attempt:
    """Run the check of a definition, as the file has it, once."""
    resolver = Resolver(2)
    executors = installed(ExecutorContext(resolver, allow_commands=allow_commands))
    text = f"defaults: {{retries: 0, timeout: {timeout}}}\nchecks: {{it: {definition}}}"
    try:
        (run,) = await run_once(parse(text, Path("checks.yaml"), executors, {}).checks, Limits())
        return run.last
    finally:
        resolver.close()
