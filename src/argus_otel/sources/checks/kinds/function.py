"""``function``: a function of the program, given to :func:`argus_otel.checks.check`; no file has this type."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

from argus_otel.sources.checks.conditions import Condition
from argus_otel.sources.checks.errors import CheckError, ErrorType
from argus_otel.sources.checks.executor import Executor, ExecutorContext, Probe
from argus_otel.sources.checks.file.condition_types import DURATION
from argus_otel.sources.checks.file.field_types import FieldType, Text

Checked = Callable[[], Any]

THREADS = 8
"""How many functions that are no coroutines run at the same time."""


class FunctionExecutor(Executor[Checked]):
    """Calls a function: it succeeds by returning, and fails by raising.

    A coroutine function runs on the program's event loop if there is one: a loop that is blocked is a check that fails,
    and not an agent that stands still.

    Parameters
    ----------
    loop:
        Returns the program's event loop; ``None`` if none is known.
    """

    type = "function"
    title = "a function of the program"
    options = Text("a function")
    subjects: ClassVar[Mapping[str, FieldType[tuple[Condition, ...]]]] = {"duration": DURATION}

    def __init__(self, context: ExecutorContext, loop: Callable[[], asyncio.AbstractEventLoop | None]) -> None:
        super().__init__(context)
        self._loop = loop
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="argus-otel check function")

    def host(self, options: Checked) -> str:
        """Return nothing that others share: a function is limited by itself."""
        return f"function {id(options)}"

    def span_attributes(self, options: Checked) -> Mapping[str, str]:
        """Return the function's name."""
        return {"code.function.name": getattr(options, "__qualname__", "")}

    async def run(self, probe: Probe[Checked]) -> Mapping[str, object]:
        """Call it. What it raises is the failure, whose message is not shown: it may have anything in it."""
        call = self._call(probe.options)
        try:
            await asyncio.wait([call])
        finally:
            call.cancel()
        error = call.exception()
        if isinstance(error, CheckError):
            raise error
        if error is not None:
            raise CheckError(ErrorType.OTHER, f"it raised {type(error).__name__}") from error
        return {}

    def _call(self, function: Checked) -> asyncio.Future[object]:
        here = asyncio.get_running_loop()
        if not inspect.iscoroutinefunction(function):
            return here.run_in_executor(self._pool, function)
        loop = self._loop()
        if loop is not None and loop.is_running():
            return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(function(), loop))
        return here.create_task(function())

    async def close(self) -> None:
        """Call nothing any more."""
        self._pool.shutdown(wait=False, cancel_futures=True)
