"""Look-ups of names: those that hang harm no others, however many they are."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from argus_otel.sources.checks.errors import NotJudgedError
from argus_otel.sources.checks.executor import ExecutorContext
from argus_otel.sources.checks.executors import installed
from argus_otel.sources.checks.file.checks_file import parse
from argus_otel.sources.checks.limits import Limits
from argus_otel.sources.checks.net import resolver as resolvers
from argus_otel.sources.checks.net.resolver import ASIDE_AFTER, MOST_ASIDE, THREADS, Resolver
from argus_otel.sources.checks.once import run_once
from argus_otel.testing import until_async as until

from .services import Answering, http, service

HANGING = 200


class Hangs:
    """Lets look-ups of names below hanging.example wait, as a name server does that does not answer.

    Attributes
    ----------
    asked:
        How often each name was looked up.
    now, most:
        How many of them wait, and how many did at the most.
    """

    def __init__(self) -> None:
        self.free = threading.Event()
        self.asked: Counter[str] = Counter()
        self.now = self.most = 0
        self._lock = threading.Lock()
        self._resolved = socket.getaddrinfo

    def __call__(self, host: str, *more: Any) -> Any:
        with self._lock:
            self.asked[host] += 1
        if not host.endswith(".hanging.example"):
            return self._resolved(host, *more)
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.free.wait(60)
        with self._lock:
            self.now -= 1
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


@pytest.fixture
def hangs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hangs]:
    made = Hangs()
    monkeypatch.setattr(socket, "getaddrinfo", made)
    yield made
    made.free.set()


@pytest.fixture
def resolver() -> Iterator[Resolver]:
    made = Resolver()
    yield made
    made.close()


def names(count: int, group: str = "a") -> list[str]:
    return [f"{group}{number}.hanging.example" for number in range(count)]


async def asked_for(resolver: Resolver, hosts: list[str]) -> list[asyncio.Task[Any]]:
    """Ask for names, and let each get as far as it does now."""
    tasks = [asyncio.create_task(resolver.look_up(host, "any")) for host in hosts]
    await asyncio.sleep(0)
    return tasks


async def seconds_of(resolver: Resolver, host: str = "localhost") -> float:
    begun = time.monotonic()
    await asyncio.wait_for(resolver.look_up(host, "ipv4"), 30)
    return time.monotonic() - begun


async def given_up(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def test_a_healthy_name_waits_for_a_moment_behind_many_that_hang_and_are_not_known_yet(
    resolver: Resolver, hangs: Hangs
) -> None:
    async def life() -> float:
        tasks = await asked_for(resolver, names(HANGING))
        took = await seconds_of(resolver)
        assert hangs.now == HANGING, "each of them still has a thread"
        await given_up(tasks)
        return took

    turns = HANGING // THREADS
    assert asyncio.run(life()) < turns * ASIDE_AFTER + 1


def test_names_that_hung_before_have_a_share_of_the_threads_and_healthy_ones_do_not_wait(
    resolver: Resolver, hangs: Hangs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolvers, "SLOW", 0.3)

    async def life() -> list[float]:
        tasks = await asked_for(resolver, names(HANGING))
        await until(lambda: hangs.now == HANGING)
        await asyncio.sleep(0.5)
        hangs.free.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        hangs.free.clear()
        hangs.most = 0
        took: list[float] = []
        for _ in range(3):  # whoever gives up asks again
            again = await asked_for(resolver, names(HANGING))
            took.append(await seconds_of(resolver))
            await asyncio.sleep(2 * ASIDE_AFTER)
            took.append(await seconds_of(resolver))
            assert hangs.now == THREADS
            await given_up(again)
        assert hangs.most == THREADS
        return took

    assert max(asyncio.run(life())) < 1


def test_a_name_that_is_answered_again_is_healthy_again(
    resolver: Resolver, hangs: Hangs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolvers, "SLOW", 0.3)
    (host,) = names(1)

    async def life() -> None:
        for slow in (True, False):
            (task,) = await asked_for(resolver, [host])
            await until(lambda: hangs.now == 1)
            if slow:
                await asyncio.sleep(0.4)
            hangs.free.set()
            await asyncio.gather(task, return_exceptions=True)
            assert bool(resolver._slow) is slow
            hangs.free.clear()

    asyncio.run(life())


def test_every_name_that_hung_has_its_turn_though_all_that_asked_gave_up(
    resolver: Resolver, hangs: Hangs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolvers, "SLOW", 0.0)

    async def life() -> None:
        await given_up(await asked_for(resolver, names(HANGING)))
        await until(lambda: hangs.now == HANGING)
        hangs.free.set()
        await until(lambda: not resolver._under_way)
        hangs.asked.clear()
        await given_up(await asked_for(resolver, names(HANGING)))
        await until(lambda: not resolver._under_way)
        assert hangs.asked == Counter(names(HANGING))

    asyncio.run(life())


def test_threads_are_bounded_however_many_names_hang(hangs: Hangs) -> None:
    resolver = Resolver(2)

    async def life() -> None:
        tasks = await asked_for(resolver, names(100))
        bound = 2 * (1 + MOST_ASIDE)
        await until(lambda: hangs.now == bound)
        await asyncio.sleep(3 * ASIDE_AFTER)
        assert hangs.now == bound
        hangs.free.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert await seconds_of(resolver) < 1

    asyncio.run(life())
    resolver.close()


def test_what_one_loop_has_asked_does_not_bind_the_next(hangs: Hangs) -> None:
    resolver = Resolver(1)

    async def ask() -> None:
        await given_up(await asked_for(resolver, names(2)))

    asyncio.run(ask())
    assert asyncio.run(seconds_of(resolver)) < 1
    hangs.free.set()
    resolver.close()


def test_where_no_thread_can_be_started_nothing_is_judged(resolver: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def life() -> None:
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", start)
            with pytest.raises(NotJudgedError, match="can't start new thread"):
                await resolver.look_up("localhost", "any")
        assert await resolver.look_up("localhost", "any")
        assert not resolver._under_way

    asyncio.run(life())


def test_fault_20_two_hundred_names_that_hang_leave_a_healthy_check_unharmed(resolver: Resolver, hangs: Hangs) -> None:
    async def life() -> list[tuple[str, float]]:
        async with service(Answering(http(b""))) as port:
            lines = [f"  {name}: {{http: 'http://{name}/'}}" for name in names(HANGING)]
            lines.append(f"  local: {{http: {{url: 'http://localhost:{port}/', family: ipv4}}}}")
            text = "\n".join(["defaults: {timeout: 3s, retries: 0}", "checks:", *lines])
            found = parse(text, Path("checks.yaml"), installed(ExecutorContext(resolver)), {}).checks
            rounds: list[tuple[str, float]] = []
            for _ in range(2):
                runs = {run.check: run for run in await run_once(found, Limits(total=500))}
                local = runs.pop("local")
                rounds.append((local.outcome.value, local.last.duration))
                failures = [run.last.failure for run in runs.values()]
                assert {failure and failure.error_type.value for failure in failures} == {"dns_timeout"}
            return rounds

    (first, at_first), (second, at_second) = asyncio.run(life())
    assert (first, second) == ("ok", "ok")
    assert at_first < 2
    assert at_second < 1
