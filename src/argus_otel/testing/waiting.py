"""Waits for conditions that other threads or tasks fulfil."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T], timeout: float = 10.0, interval: float = 0.005) -> T:
    """Call ``condition`` until it returns a true value, and return that value.

    Parameters
    ----------
    timeout:
        How long to wait, in seconds.
    interval:
        The time between two calls, in seconds.

    Raises
    ------
    TimeoutError
        ``condition`` returned no true value within ``timeout``.
    """
    deadline = time.monotonic() + timeout
    while not (result := condition()):
        _check(deadline, timeout, condition)
        time.sleep(interval)
    return result


async def until_async(condition: Callable[[], T], timeout: float = 10.0, interval: float = 0.005) -> T:
    """Do the same as :func:`until` without blocking the event loop, for conditions that its tasks fulfil."""
    deadline = time.monotonic() + timeout
    while not (result := condition()):
        _check(deadline, timeout, condition)
        await asyncio.sleep(interval)
    return result


def _check(deadline: float, timeout: float, condition: Callable[[], object]) -> None:
    if time.monotonic() > deadline:
        raise TimeoutError(f"not within {timeout:g} s: {condition}")
