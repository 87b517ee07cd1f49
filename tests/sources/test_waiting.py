from __future__ import annotations

import asyncio
import threading

import pytest

from argus_otel.testing import until, until_async


def test_the_first_true_value_is_returned() -> None:
    values = iter(["", None, 0, "ready", "later"])
    assert until(lambda: next(values), interval=0.0) == "ready"


def test_another_thread_may_fulfil_the_condition() -> None:
    done = threading.Event()
    threading.Timer(0.02, done.set).start()
    assert until(done.is_set)


def test_a_task_of_the_loop_may_fulfil_the_condition() -> None:
    async def main() -> bool:
        done = asyncio.Event()
        asyncio.get_running_loop().call_later(0.02, done.set)
        return await until_async(done.is_set)

    assert asyncio.run(main())


def test_a_condition_that_stays_false_is_an_error() -> None:
    with pytest.raises(TimeoutError, match=r"not within 0\.01 s"):
        until(lambda: False, timeout=0.01)
    with pytest.raises(TimeoutError, match=r"not within 0\.01 s"):
        asyncio.run(until_async(lambda: False, timeout=0.01))
