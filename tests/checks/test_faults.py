"""The faults of other check monitors: that each has its tests, and the tests of the whole agent and of several parts.

Those of one part stand beside the others of that part; :mod:`tests.checks.faults` names all.
"""

from __future__ import annotations

import ast
import asyncio
import gc
import logging
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import trustme

from argus_otel.sources.checks.agent import Agent
from argus_otel.sources.checks.conditions import Comparison
from argus_otel.sources.checks.definition import Check
from argus_otel.sources.checks.errors import ErrorType
from argus_otel.sources.checks.executor import ExecutorContext, Probe
from argus_otel.sources.checks.executors import installed as installed_executors
from argus_otel.sources.checks.file.checks_file import parse
from argus_otel.sources.checks.judge import Status
from argus_otel.sources.checks.limits import Limits
from argus_otel.sources.checks.matching import PatternCondition, matcher
from argus_otel.sources.checks.net.resolver import Resolver
from argus_otel.sources.checks.once import run_once
from argus_otel.sources.checks.outcomes import Attempt, Outcome, Run
from argus_otel.sources.checks.slots import phase
from argus_otel.sources.checks.supervisor import Supervisor
from argus_otel.testing import until_async as until

from .faults import FAULTS
from .probing import probed
from .services import Answering, Talk, http, service
from .test_agent import Seen, check, hangs, works
from .test_file import problems
from .test_signals import Switched, a_check, events, running, served
from .test_signals import until as until_seen
from .test_supervisor import SeenReloads, checks, status, supervised

TESTS = Path(__file__).parents[1]


def in_file(path: str) -> set[str]:
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    return {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}


def test_each_fault_has_its_number() -> None:
    assert list(FAULTS) == list(range(1, 23))


@pytest.mark.parametrize("number", FAULTS)
def test_the_tests_of_a_fault_are_there(number: int) -> None:
    for named in FAULTS[number][1]:
        path, _, name = named.partition("::")
        assert name in in_file(path), named


def test_each_test_that_names_a_fault_is_in_the_table() -> None:
    files = [*TESTS.glob("checks/**/test_*.py"), *TESTS.glob("history/checks/test_*.py")]
    named = [
        (f"{path.relative_to(TESTS).as_posix()}::{name}", int(name.split("_")[2]))
        for path in files
        for name in in_file(path.relative_to(TESTS).as_posix())
        if name.startswith("test_fault_")
    ]
    assert len(named) > 20
    for test, number in named:
        assert test in FAULTS[number][1], test


# -- one deadline


async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(("talk", "phase_"), [(says_nothing, "first_byte"), (drips, "transfer")])
def test_fault_2_an_answer_that_never_ends_ends_at_the_deadline(talk: Talk, phase_: str) -> None:
    ended = asyncio.Event()

    async def noting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            ended.set()

    async def life() -> Attempt:
        async with service(noting) as port:
            attempt = await probed(f"{{http: 'http://127.0.0.1:{port}/'}}", "500ms")
            await asyncio.wait_for(ended.wait(), 10)  # the connection does not outlive the attempt
            return attempt

    attempt = asyncio.run(life())
    assert attempt.failure is not None
    assert (attempt.failure.error_type, attempt.failure.detail) == (
        ErrorType.TIMEOUT,
        f"not done within 0.5 s: {phase_}",
    )
    assert attempt.duration < 5


# -- slots


def consecutive(runs: list[Run], interval: int) -> bool:
    """Whether runs are in each slot of the grid, from the first to the last."""
    slots = [run.slot for run in runs]
    in_grid = all(run.slot % interval == phase(run.check, interval) for run in runs)
    return in_grid and slots == list(range(slots[0], slots[-1] + 1, interval))


def run_until(seen: Seen, checks_: list[Check], done: Callable[[], bool]) -> None:
    """Run checks until something is so."""

    async def life() -> None:
        agent = Agent(seen)
        agent.replace(checks_)
        await until(done, timeout=60)
        await agent.stop()

    asyncio.run(life())


def test_fault_3_a_check_that_takes_long_keeps_its_slots() -> None:
    async def is_slow(_: Probe[Any]) -> Mapping[str, object]:
        await asyncio.sleep(0.6)
        return {}

    seen = Seen()
    run_until(seen, [check("slow", is_slow, timeout=0.9)], lambda: len(seen.of("slow")) >= 5)
    assert consecutive(seen.of("slow"), 1000)
    assert not seen.left_out


def test_fault_4_five_hundred_checks_run_in_each_of_their_slots() -> None:
    seen, names = Seen(), [f"check-{number}" for number in range(500)]
    run_until(seen, [check(name, works, interval=2000) for name in names], lambda: len(seen.runs) >= 4 * len(names))
    for name in names:
        assert len(seen.of(name)) >= 3
        assert consecutive(seen.of(name), 2000)
    assert not seen.left_out


def test_fault_5_more_checks_than_any_buffer_has_room_for_end() -> None:
    many = [check(f"check-{number}", works) for number in range(3000)]
    runs = asyncio.run(asyncio.wait_for(run_once(many, Limits()), 60))
    assert [run.check for run in runs] == [each.name for each in many]
    assert {run.outcome for run in runs} == {Outcome.OK}


def test_fault_22_a_thousand_checks_that_are_due_at_once_each_run() -> None:
    under_way, most = set[str](), 0

    async def waits(probe: Probe[Any]) -> Mapping[str, object]:
        nonlocal most
        under_way.add(probe.check)
        most = max(most, len(under_way))
        await asyncio.sleep(0.2)
        under_way.remove(probe.check)
        return {}

    class Everywhere:
        """A work of a host of its own."""

        def __init__(self, number: int) -> None:
            self.__name__ = f"host-{number}"

        async def __call__(self, probe: Probe[Any]) -> Mapping[str, object]:
            return await waits(probe)

    seen = Seen()
    many = [check(f"check-{number}", Everywhere(number), interval=3_600_000, timeout=30) for number in range(1000)]

    async def life() -> None:
        agent = Agent(seen)
        agent.replace(many)
        for each in many:
            agent.run_now(each.name)
        await until(lambda: len(seen.runs) >= 1000, timeout=60)
        await agent.stop()

    asyncio.run(life())
    assert {run.check for run in seen.runs} == {each.name for each in many}
    assert {run.outcome for run in seen.runs} == {Outcome.OK}
    assert most == 200


# -- what is kept

_HOLDING = """
import fcntl, pathlib, sys
held = []
for path in pathlib.Path(sys.argv[1]).iterdir():
    file = path.open("r+")
    for lock in (fcntl.flock, fcntl.lockf):
        try:
            lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held.append(file)
        except BlockingIOError:
            pass
print(len(held), flush=True)
sys.stdin.read()
"""


@contextmanager
def locked_by_another(directory: Path) -> Iterator[int]:
    """Have another process hold every lock on files of a directory that it can get; yield their number."""
    command = [sys.executable, "-c", _HOLDING, str(directory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.communicate("")


def test_fault_7_locks_of_another_process_end_no_check(tmp_path: Path) -> None:
    pytest.importorskip("fcntl", reason="needs the locks of POSIX")
    switched, path, directory = Switched(), tmp_path / "checks.yaml", tmp_path / "state"
    seen, later = SeenReloads(), SeenReloads()

    async def life() -> None:
        async with service(switched) as port:
            path.write_text(checks(port, "first"))
            async with supervised(supervisor := Supervisor(path, seen, directory=directory)):
                await until(lambda: status(supervisor, "first") is Status.UP)
                with locked_by_another(directory) as locks:
                    assert locks > 0
                    before = len(seen.runs)
                    switched.on = False
                    await until(lambda: status(supervisor, "first") is Status.DOWN)
                    await until(lambda: len(seen.runs) >= before + 3)
            async with supervised(supervisor := Supervisor(path, later, directory=directory)):
                assert status(supervisor, "first") is Status.DOWN, "what changed meanwhile was kept"

    asyncio.run(life())


def test_fault_8_a_rule_that_is_null_is_a_mistake_with_its_place() -> None:
    for rule in ("status: null", "duration: null", "body: null", "json: {'$.a': '< null'}", "headers: {x-a: null}"):
        (problem,) = problems(f"checks:\n  shop:\n    http: http://x\n    expect: {{{rule}}}\n")
        assert problem.startswith("4:"), problem
        assert "checks.shop.expect" in problem


# -- what is told


def test_fault_10_a_duration_has_neither_the_queue_nor_other_attempts_in_it() -> None:
    async def takes_a_while(_: Probe[Any]) -> Mapping[str, object]:
        await asyncio.sleep(0.2)
        return {}

    crowd = [check(f"crowd-{number}", takes_a_while) for number in range(24)]
    begun = time.perf_counter()
    runs = asyncio.run(run_once(crowd, Limits()))
    elapsed = time.perf_counter() - begun
    assert elapsed >= 0.6, "eight of one host at the same time"
    durations = sorted(run.last.duration for run in runs)
    assert durations[12] < elapsed / 2
    assert any(abs(each * 1000 - round(each * 1000)) > 1e-6 for each in durations), "not in whole milliseconds"

    turns = iter((hangs, works))

    async def hangs_once(probe: Probe[Any]) -> Mapping[str, object]:
        return await next(turns)(probe)

    (run,) = asyncio.run(run_once([check("late", hangs_once, retries=1)], Limits()))
    assert run.outcome is Outcome.OK
    assert run.attempts[0].duration >= 0.5
    assert run.last.duration < 0.5


def test_fault_12_nothing_that_is_logged_has_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("SHOP_TOKEN", "t0ken-of-the-shop")
    with served(Answering(http(b"", "500 Internal Server Error"))) as port:
        options = f"{{url: 'http://127.0.0.1:{port}/?key=s3cret', headers: {{authorization: '${{env:SHOP_TOKEN}}'}}}}"
        text = a_check(port) + f"  other: {{http: {options}}}\n"
        with running(tmp_path / "checks.yaml", text) as observed:
            until_seen(lambda: len(events(observed, "failed")) == 2)
            (tmp_path / "checks.yaml").write_text(text.replace("interval: 1s", "interval: 1"))
            until_seen(lambda: "the checks stay as they were" in caplog.text)
    printed = "".join(capfd.readouterr())
    for secret in ("s3cret", "t0ken"):
        assert secret not in caplog.text
        assert secret not in printed


def test_fault_15_what_a_metric_says_of_errors_is_a_class(tmp_path: Path) -> None:
    turn = 0

    async def something_else_each_time(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal turn
        turn += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(http(b"", f"{500 + turn} Error number {turn}") if turn % 2 else b"SSH-2.0-number-%d\r\n" % turn)

    with (
        served(something_else_each_time) as port,
        running(tmp_path / "checks.yaml", a_check(port)) as observed,
    ):
        until_seen(lambda: turn >= 6)
        found = {attributes.get("error.type") for attributes, _ in observed.points()["argus.check.runs"]}
    assert found <= {"status", "protocol"}


# -- what holds others


def test_fault_19_a_slow_pattern_holds_neither_the_loop_nor_other_checks() -> None:
    pattern = PatternCondition("body", "/(a|aa)+$/", ErrorType.BODY, matcher("/(a|aa)+$/"))

    async def answers(_: Probe[Any]) -> Mapping[str, object]:
        return {"body": b"a" * 40 + b"b"}

    ended: list[str] = []

    async def often(_: Probe[Any]) -> Mapping[str, object]:
        for _each in range(20):
            await asyncio.sleep(0.005)
        return {}

    slow = check("slow", answers, expect=(pattern,))
    asyncio.run(run_once([slow, check("often", often)], Limits(), lambda run: ended.append(run.check)))
    assert ended == ["often", "slow"], "while the pattern was searched, the loop has turned twenty times"


def test_fault_20_names_that_hang_delay_no_other_name(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    resolved, free = socket.getaddrinfo, threading.Event()

    def getaddrinfo(host: str, *more: Any) -> Any:
        if host.endswith(".hanging.example"):
            free.wait(60)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return resolved(host, *more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    async def life() -> list[dict[str, str]]:
        resolver = Resolver()
        async with service(Answering(http(b""))) as port:
            names = [f"name-{number}.hanging.example" for number in range(20)]
            lines = [f"  {name}: {{http: 'http://{name}/'}}" for name in names]
            lines.append(f"  local: {{http: {{url: 'http://localhost:{port}/', family: ipv4}}}}")
            text = "\n".join(["defaults: {timeout: 1s, retries: 0}", "checks:", *lines])
            found = parse(text, Path("checks.yaml"), installed_executors(ExecutorContext(resolver)), {}).checks
            rounds: list[dict[str, str]] = []
            for _ in range(3):  # what was given up goes on, and must not add up
                runs = await run_once(found, Limits())
                assert not free.is_set()
                failures = {run.check: run.last.failure for run in runs}
                rounds.append({name: each.error_type.value if each else "ok" for name, each in failures.items()})
            free.set()
            await until(lambda: not resolver._under_way)
            gc.collect()
            resolver.close()
        return rounds

    try:
        for found in asyncio.run(life()):
            assert found.pop("local") == "ok"
            assert set(found.values()) == {"dns_timeout"}
    finally:
        free.set()
    assert "never retrieved" not in caplog.text


@pytest.mark.parametrize("blocked", [True, False])
def test_fault_22_a_loop_that_is_blocked_makes_no_service_slow(blocked: bool) -> None:
    begun = asyncio.Event()

    async def answers_late(_: Probe[Any]) -> Mapping[str, object]:
        begun.set()
        await asyncio.sleep(0.05 if blocked else 1.0)
        return {}

    async def life() -> Run:
        limit = Comparison("duration", "< 500ms", ErrorType.SLOW, "<", 0.5, str)
        running_ = asyncio.ensure_future(run_once([check("shop", answers_late, timeout=5, expect=(limit,))], Limits()))
        await begun.wait()
        if blocked:
            time.sleep(2)
        (run,) = await running_
        return run

    run = asyncio.run(life())
    assert run.disturbed is blocked
    assert run.outcome is (Outcome.UNKNOWN if blocked else Outcome.FAILED)
    assert run.last.duration > (1.9 if blocked else 0.9)


# -- networks and certificates


def test_fault_22_a_connection_that_is_never_accepted_is_told_from_a_slow_answer() -> None:
    async def life() -> Attempt:
        with socket.socket() as full:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            waiting = [socket.socket() for _ in range(4)]
            for each in waiting:
                each.setblocking(False)
                each.connect_ex(full.getsockname())
            await asyncio.sleep(0.1)
            try:
                return await probed(f"{{http: 'http://127.0.0.1:{full.getsockname()[1]}/'}}", "500ms")
            finally:
                for each in waiting:
                    each.close()

    attempt = asyncio.run(life())
    assert attempt.failure is not None
    assert attempt.failure.error_type is ErrorType.CONNECT_TIMEOUT


def test_fault_22_an_intermediate_certificate_that_expires_first_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    soon = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=5)
    with monkeypatch.context() as patch:
        patch.setattr(trustme, "DEFAULT_EXPIRY", soon)
        between = authority.create_child_ca()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    between.issue_cert("127.0.0.1", not_after=soon + timedelta(days=300)).configure_cert(context)
    ca = tmp_path / "ca.pem"
    ca.write_bytes(authority.cert_pem.bytes())

    async def life() -> Attempt:
        async with service(Answering(http(b"")), context) as port:
            target = f"{{url: 'https://127.0.0.1:{port}/', ca: '{ca}'}}"
            return await probed(f"{{http: {target}, expect: {{certificate: '> 14d'}}}}")

    attempt = asyncio.run(life())
    assert attempt.facts["certificate_expiry"] == soon.timestamp()
    assert attempt.failure is not None
    assert attempt.failure.error_type is ErrorType.CERTIFICATE_EXPIRED


def test_fault_22_a_redirect_from_https_to_http_is_not_followed(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    ca = tmp_path / "ca.pem"
    ca.write_bytes(authority.cert_pem.bytes())
    plain = Answering(http(b""))

    async def life() -> Attempt:
        async with service(plain) as port:
            moved = Answering(http(b"", "302 Found", f"location: http://127.0.0.1:{port}/"))
            async with service(moved, context) as secured:
                target = f"{{url: 'https://127.0.0.1:{secured}/', ca: '{ca}', redirects: 5}}"
                return await probed(f"{{http: {target}}}")

    attempt = asyncio.run(life())
    assert attempt.failure is not None
    assert attempt.failure.error_type is ErrorType.BLOCKED
    assert plain.heads == []
