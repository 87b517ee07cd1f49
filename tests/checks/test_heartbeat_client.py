"""``checks.heartbeat``: programs beat to the real endpoint of an agent."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from argus_otel import checks
from argus_otel.sources.checks import heartbeat_calls
from argus_otel.testing import Observation

from .test_heartbeat import TOKEN, a_file, failure, serving
from .test_signals import events, point, running, until


class Agent(NamedTuple):
    url: str
    observed: Observation

    def runtime(self) -> float | None:
        last = checks.statuses()["nightly"][2]
        found = None if last is None else last.last.facts.get("runtime")
        return found if isinstance(found, float) else None


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    """An agent that checks whether a nightly job calls in."""
    with running(tmp_path / "checks.yaml", a_file("every: 1d")) as observed, serving(observed) as url:
        yield Agent(f"{url}/heartbeat/nightly", observed)


@pytest.fixture
def closed() -> str:
    """The URL of an agent that does not run."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}/heartbeat/nightly"


def test_a_program_says_that_it_works_or_failed(agent: Agent) -> None:
    nightly = checks.heartbeat(agent.url, token=TOKEN, raises=True)
    nightly.ok()
    until(lambda: point(agent.observed, "argus.check.up") == 1)
    nightly.fail()
    until(lambda: point(agent.observed, "argus.check.up") == 0)
    assert failure(agent.observed) == "answer"
    nightly.start()
    nightly.ok()
    until(lambda: point(agent.observed, "argus.check.up") == 1)
    until(lambda: agent.runtime() is not None)


def test_a_job_is_measured_from_the_beginning_of_its_block_to_the_end(agent: Agent) -> None:
    with checks.heartbeat(agent.url, token=TOKEN, raises=True):
        time.sleep(0.5)
    until(lambda: agent.runtime() is not None)
    assert 0.4 < (agent.runtime() or 0) < 5
    assert events(agent.observed, "failed") == []


class JobError(Exception):
    pass


def test_a_job_that_raises_has_failed_and_its_exception_passes_on(agent: Agent) -> None:
    with pytest.raises(JobError), checks.heartbeat(agent.url, token=TOKEN):
        raise JobError
    until(lambda: events(agent.observed, "failed"))
    assert failure(agent.observed) == "answer"


@pytest.mark.parametrize(("code", "up"), [(None, 1), (0, 1), (3, 0), ("no disk", 0)])
def test_a_job_that_exits_has_failed_unless_its_code_is_zero(agent: Agent, code: object, up: int) -> None:
    with pytest.raises(SystemExit), checks.heartbeat(agent.url, token=TOKEN):
        sys.exit(code)  # type: ignore[arg-type]
    until(lambda: point(agent.observed, "argus.check.up") == up)


def test_a_coroutine_beats_like_a_thread(agent: Agent) -> None:
    async def work() -> None:
        nightly = checks.heartbeat(agent.url, token=TOKEN, raises=True)
        async with nightly:
            await asyncio.sleep(0.5)
        with suppress(JobError):
            async with nightly:
                raise JobError
        await asyncio.to_thread(until, lambda: point(agent.observed, "argus.check.up") == 0)
        await nightly.astart()
        await nightly.aok()

    asyncio.run(work())
    until(lambda: point(agent.observed, "argus.check.up") == 1)
    until(lambda: agent.runtime() is not None)


def test_a_job_that_is_cancelled_has_failed(agent: Agent) -> None:
    async def work() -> None:
        async def job() -> None:
            async with checks.heartbeat(agent.url, token=TOKEN):
                await asyncio.sleep(60)

        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(job(), 0.5)

    asyncio.run(work())
    until(lambda: events(agent.observed, "failed"))


class Silent:
    """Accepts connections and never answers."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}/heartbeat/nightly"

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def silent() -> Iterator[Silent]:
    server = Silent()
    yield server
    server.close()


def longest_pause(loop_time: list[float]) -> float:
    return max(after - before for before, after in pairwise(loop_time))


@pytest.mark.parametrize("form", ["aok", "ok", "async with", "with"])
def test_an_agent_that_does_not_answer_never_holds_an_event_loop(silent: Silent, form: str) -> None:
    nightly = checks.heartbeat(silent.url, token=TOKEN, timeout=0.8, retries=0)
    ticks: list[float] = []

    async def tick() -> None:
        while True:
            ticks.append(time.monotonic())
            await asyncio.sleep(0.01)

    async def work() -> None:
        ticking = asyncio.create_task(tick())
        await asyncio.sleep(0.05)
        if form == "aok":
            await nightly.aok()
        elif form == "ok":
            nightly.ok()
        elif form == "async with":
            async with nightly:
                pass
        else:
            with nightly:
                pass
        await asyncio.sleep(0.05)
        ticking.cancel()

    asyncio.run(work())
    assert longest_pause(ticks) < 0.5


def test_beats_of_a_loop_that_nobody_awaits_arrive_in_their_order_even_if_the_program_ends(agent: Agent) -> None:
    program = f"""
        import asyncio
        from argus_otel import checks

        async def main():
            with checks.heartbeat({agent.url!r}, token={TOKEN!r}):
                await asyncio.sleep(0.2)

        asyncio.run(main())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stderr == ""
    until(lambda: agent.runtime() is not None)


def test_what_an_agent_does_not_accept_is_logged_once_and_raises_nothing(
    agent: Agent, closed: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    wrong = checks.heartbeat(agent.url, token="another-token")
    for _ in range(3):
        wrong.ok()
    with checks.heartbeat(closed, token=TOKEN, retries=0):
        pass
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == [
        "the heartbeat 'nightly' was not accepted: the agent has no such heartbeat, or the token is wrong (404)",
        "the heartbeat 'nightly' was not accepted: the agent cannot be reached: Connection refused",
    ]


def test_an_agent_that_is_away_for_a_moment_is_called_again(
    agent: Agent, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(heartbeat_calls, "_LONGEST_PAUSE", 0.2)
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]

    def reset_then_answer() -> None:
        server.accept()[0].close()
        connection, _ = server.accept()
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        connection.close()

    thread = threading.Thread(target=reset_then_answer)
    thread.start()
    checks.heartbeat(f"http://127.0.0.1:{port}/heartbeat/nightly", token=TOKEN, raises=True).ok()
    thread.join(10)
    server.close()
    assert caplog.records == []


def test_asked_for_a_beat_that_is_not_accepted_raises(agent: Agent, closed: str) -> None:
    wrong = checks.heartbeat(agent.url, token="another-token", raises=True)
    for beat in (wrong.ok, wrong.start, wrong.fail):
        with pytest.raises(checks.HeartbeatError, match=r"the token is wrong \(404\)"):
            beat()
    for beat in (wrong.aok, wrong.astart, wrong.afail):
        with pytest.raises(checks.HeartbeatError, match=r"the token is wrong \(404\)"):
            asyncio.run(beat())
    ran = False
    with pytest.raises(checks.HeartbeatError), checks.heartbeat(closed, token=TOKEN, retries=0, raises=True):
        ran = True
    assert ran, "a job runs though nobody has heard of its beginning"


def test_the_exception_of_a_job_is_never_replaced(closed: str) -> None:
    with pytest.raises(JobError), checks.heartbeat(closed, token=TOKEN, retries=0, raises=True):
        raise JobError

    async def work() -> None:
        async with checks.heartbeat(closed, token=TOKEN, retries=0, raises=True):
            raise JobError

    with pytest.raises(JobError):
        asyncio.run(work())


def test_a_start_is_tried_once_because_a_job_waits_for_it(closed: str) -> None:
    nightly = checks.heartbeat(closed, token=TOKEN, retries=5)
    before = time.monotonic()
    nightly.start()
    assert time.monotonic() - before < 0.9, "the first pause between attempts is a second"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_forked_child_beats_as_its_parent_does(agent: Agent) -> None:
    program = f"""
        import asyncio, os
        from argus_otel import checks

        nightly = checks.heartbeat({agent.url!r}, token={TOKEN!r}, raises=True)
        asyncio.run(nightly.aok())
        child = os.fork()
        asyncio.run(asyncio.wait_for(nightly.aok(), 10))
        if child:
            assert os.waitpid(child, 0)[1] == 0
    """
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}  # of forking beside threads
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, env=environment, timeout=30
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "url",
    [
        "agent:9464/heartbeat/nightly",
        "ftp://agent/heartbeat/nightly",
        "http:///heartbeat/nightly",
        "http://agent/heartbeat/nightly?token=t",
        "http://user:password@agent.example/heartbeat/nightly",
        "http://agent:99999/heartbeat/nightly",
        "http://agent/heartbeat/nightly beat",
        "http://agent/heartbeat/nächtlich",
        "http://[::1/heartbeat/nightly",
    ],
)
def test_a_wrong_url_is_refused_where_it_is_given(url: str) -> None:
    with pytest.raises(ValueError, match="the URL of a heartbeat is one such as http://agent:9464/heartbeat/nightly"):
        checks.heartbeat(url, token=TOKEN)


@pytest.mark.parametrize("token", ["", "a\r\nb", "tökèn"])
def test_a_wrong_token_is_refused_where_it_is_given(token: str) -> None:
    with pytest.raises(ValueError, match="the token of a heartbeat"):
        checks.heartbeat("http://agent:9464/heartbeat/nightly", token=token)


def test_a_host_that_dns_does_not_allow_is_told_like_any_other_problem() -> None:
    nightly = checks.heartbeat(f"http://{'a' * 70}.example/heartbeat/nightly", token=TOKEN, retries=0, raises=True)
    with pytest.raises(checks.HeartbeatError):
        nightly.ok()


def test_the_token_is_shown_nowhere(agent: Agent) -> None:
    secret = "7d0f3b61a94ce825"
    nightly = checks.heartbeat(agent.url, token=secret)
    assert secret not in repr(nightly)
    assert secret not in agent.observed.telemetry.redact(f"a span has {secret}")
