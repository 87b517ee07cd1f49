"""A prober: ``python -m benchmarks.checks.prober_process '{"library": …, "urls": […], "ca": …}'``.

It probes as it is asked: ``probe`` does a number of probes, 20 at a time; ``pace`` begins each URL once, at a rate, and
answers how long each took. Libraries: ``exchange`` (the one of the type http, alone), ``agent`` (with scheduler's task,
limits, verdict, and everything that records), ``aiohttp``, ``httpx``. Each probe has a connection of its own.

``agent`` is started by ``argus-otel run``; what it records is what the environment asks for.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from time import perf_counter, time
from typing import Any

from .child import Answer, answer

AT_ONCE = 20

Probe = Callable[[int], Awaitable[tuple[float, float] | None]]
"""Probes the URL of this place, which has to be answered with 200.

Returns the duration as the prober says it, and how much of it, or of a clock around it, is in no phase; in seconds.
``None`` if it says nothing: then the clock around it counts.
"""


async def _exchange(urls: Sequence[str], ca: str) -> Probe:
    from argus_otel.sources.checks.executor import Probe as Attempt

    checks = _checks(urls, ca)

    async def probe(place: int) -> tuple[float, float]:
        check = checks[place]
        begun = perf_counter()
        attempt = Attempt[Any](check.name, check.options, check.timeout, {})
        facts = await check.executor.run(attempt)
        attempt.phases.end()
        beyond = perf_counter() - begun - attempt.phases.total
        assert facts["status"] == 200
        return attempt.phases.total, beyond

    return probe


def _checks(urls: Sequence[str], ca: str) -> list[Any]:
    from argus_otel.sources.checks.executor import ExecutorContext
    from argus_otel.sources.checks.executors import installed
    from argus_otel.sources.checks.file.checks_file import parse
    from argus_otel.sources.checks.net.resolver import Resolver

    # They are due once a day, so that they run when they are asked to, and not by themselves.
    text = {
        "defaults": {"interval": "1d", "retries": 0, "confirm": {"down": 1}},
        "checks": {f"c{place:05}": {"http": _http(url, ca)} for place, url in enumerate(urls)},
    }
    return list(parse(json.dumps(text), Path("checks.yaml"), installed(ExecutorContext(Resolver())), {}).checks)


def _http(url: str, ca: str) -> dict[str, str]:
    return {"url": url, **({"ca": ca} if url.startswith("https") else {})}


async def _agent(urls: Sequence[str], ca: str) -> Probe:
    from argus_otel.sources.checks import api
    from argus_otel.sources.checks.agent import Agent
    from argus_otel.sources.checks.outcomes import Outcome
    from argus_otel.sources.checks.recording import Recorder
    from argus_otel.sources.checks.schedule import Due
    from argus_otel.sources.checks.tracing import Tracer

    source = api._source
    assert source is not None, "argus-otel does not observe this process"
    source.activate()
    recorder = Recorder(source.telemetry, source.subscribers, lambda: agent.states, lambda: "bench")
    agent = Agent(recorder, tracer=Tracer(source.telemetry), total=1000, per_host=1000)
    checks = _checks(urls, ca)
    agent.replace(checks)

    async def probe(place: int) -> tuple[float, float]:
        name = checks[place].name
        state = agent.states[name]
        await agent._run(state, Due(name, int(time() * 1000)))
        assert state.last is not None
        assert state.last.outcome is Outcome.OK, state.last.failure
        attempt = state.last.last
        return attempt.duration, attempt.duration - sum(attempt.phases.values())

    return probe


async def _aiohttp(urls: Sequence[str], ca: str) -> Probe:
    import aiohttp

    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=ca), force_close=True, limit=0)
    session = aiohttp.ClientSession(connector=connector)

    async def probe(place: int) -> None:
        async with session.get(urls[place]) as response:
            await response.read()
            assert response.status == 200

    return probe


async def _httpx(urls: Sequence[str], ca: str) -> Probe:
    import httpx

    limits = httpx.Limits(max_keepalive_connections=0)
    client = httpx.AsyncClient(verify=ssl.create_default_context(cafile=ca), limits=limits, trust_env=False)

    async def probe(place: int) -> None:
        response = await client.get(urls[place])
        assert response.status_code == 200

    return probe


LIBRARIES = {"exchange": _exchange, "agent": _agent, "aiohttp": _aiohttp, "httpx": _httpx}


async def _closed_loop(probe: Probe, count: int, urls: int) -> Answer:
    places = iter(range(count))

    async def work() -> None:
        for place in places:
            await probe(place % urls)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    await asyncio.to_thread(_flush)
    return {}


def _flush() -> None:
    """Export what is left: that belongs to the cost of the probes."""
    from opentelemetry import trace
    from opentelemetry._logs import get_logger_provider

    for provider in (trace.get_tracer_provider(), get_logger_provider()):
        flush = getattr(provider, "force_flush", None)
        if flush is not None:
            flush()


async def _paced(probe: Probe, rate: float, urls: int) -> Answer:
    """Probe each URL once; return of each the duration, and how much of it is in no phase, in seconds."""

    async def timed(place: int) -> tuple[float, float | None]:
        begun = perf_counter()
        said = await probe(place)
        return said or (perf_counter() - begun, None)

    begun = perf_counter()
    tasks: list[asyncio.Task[tuple[float, float | None]]] = []
    for place in range(urls):
        await asyncio.sleep(max(0.0, begun + place / rate - perf_counter()))
        tasks.append(asyncio.create_task(timed(place)))
    return {"took": await asyncio.gather(*tasks)}


async def main(library: str, urls: Sequence[str], ca: str) -> None:
    """Probe until the standard input ends."""
    loop = asyncio.get_running_loop()
    probe = await LIBRARIES[library](urls, ca)

    def handle(question: Answer) -> Answer:
        if question["ask"] == "probe":
            work = _closed_loop(probe, question["count"], len(urls))
        else:
            work = _paced(probe, question["rate"], len(urls))
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    await loop.run_in_executor(None, answer, {}, handle)


if __name__ == "__main__":
    options = json.loads(sys.argv[1])
    asyncio.run(main(options["library"], options["urls"], options["ca"]))
