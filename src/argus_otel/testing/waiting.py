"""Waits for what happens on other threads."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T], timeout: float = 5.0) -> T:
    """Return the first true answer of ``condition``.

    Parameters
    ----------
    timeout:
        How long to wait for it, in seconds.

    Raises
    ------
    TimeoutError
        There was none.
    """
    deadline = time.monotonic() + timeout
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout:g} s: {condition}")
        time.sleep(0.005)
    return answer
