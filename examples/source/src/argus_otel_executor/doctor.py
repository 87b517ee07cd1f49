"""The check of ``argus-otel doctor``."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from argus_otel.terminal.findings import Finding, Look, Status


def look_at_pools(_: Look) -> Iterator[Finding]:
    """Check whether another package has replaced the hooked function."""
    module = ThreadPoolExecutor.submit.__module__
    own = module == "concurrent.futures.thread"
    detail = "ThreadPoolExecutor.submit is the standard library's" if own else f"{module} has replaced submit"
    yield Finding("Executor", "submit", Status.OK if own else Status.INFO, detail)


CHECKS = (look_at_pools,)
