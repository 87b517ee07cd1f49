"""The file of a running agent: read again as a whole or not at all, kept between starts, and run by one process."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from argus_otel.sources.checks import supervisor as supervisors
from argus_otel.sources.checks.file.checks_file import CheckFileError
from argus_otel.sources.checks.judge import Status
from argus_otel.sources.checks.mutes import Mute, MuteReason, change_mutes
from argus_otel.sources.checks.sharding import Shard
from argus_otel.sources.checks.supervisor import Supervisor
from argus_otel.testing import until_async as until

from .services import Answering, Talk, http, service
from .test_agent import Seen
from .test_killed import an_agent, written

DEFAULTS = "defaults: {interval: 1s, timeout: 900ms, retries: 0, confirm: {down: 2, up: 1, every: 1s}}\n"


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisors, "LOOK_EVERY", 0.1)


class SeenReloads(Seen):
    """Notes what becomes of the file, too."""

    def __init__(self) -> None:
        super().__init__()
        self.reloads: list[str] = []

    def reloaded(self, error: str) -> None:
        self.reloads.append(error)


@asynccontextmanager
async def supervised(supervisor: Supervisor) -> AsyncGenerator[None]:
    """Run a supervisor until its agent runs, and then in the background."""
    task = asyncio.ensure_future(supervisor.run())
    try:
        await until(lambda: task.done() or supervisor.agent is not None)
        if task.done():
            task.result()
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def with_service(during: Callable[[int], Awaitable[None]], talk: Talk | None = None) -> None:
    async def life() -> None:
        async with service(talk or Answering(http(b""))) as port:
            await during(port)

    asyncio.run(life())


def checks(port: int, *names: str) -> str:
    lines = "".join(f"  {name}: {{http: 'http://127.0.0.1:{port}/{name}'}}\n" for name in names)
    return f"location: here\n{DEFAULTS}checks:\n{lines}"


def replaced(path: Path, text: str) -> None:
    aside = path.with_suffix(".new")
    aside.write_text(text)
    aside.replace(path)


def status(supervisor: Supervisor, name: str) -> Status | None:
    agent = supervisor.agent
    return None if agent is None or name not in agent.states else agent.states[name].judge.status


def test_a_file_is_read_again_and_what_did_not_change_goes_on(tmp_path: Path) -> None:
    path, seen = tmp_path / "checks.yaml", SeenReloads()

    async def during(port: int) -> None:
        path.write_text(checks(port, "first", "second"))
        supervisor = Supervisor(path, seen)
        async with supervised(supervisor):
            agent = supervisor.agent
            assert agent is not None
            await until(lambda: status(supervisor, "first") is Status.UP)
            state = agent.states["first"]
            replaced(path, checks(port, "first", "third"))
            await until(lambda: set(agent.states) == {"first", "third"})
            assert agent.states["first"] is state
            await until(lambda: status(supervisor, "third") is Status.UP)
        assert supervisor.location == "here"

    with_service(during)
    assert seen.reloads == [""]
    assert len([change for change in seen.changes if change.check == "first"]) == 1


@pytest.mark.parametrize("how", ["half a file", "a mistake", "no file"])
def test_a_wrong_file_leaves_the_old_one_in_use_and_says_why(
    tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    path, seen = tmp_path / "checks.yaml", SeenReloads()

    async def during(port: int) -> None:
        text = checks(port, "first", "second")
        path.write_text(text)
        supervisor = Supervisor(path, seen)
        async with supervised(supervisor):
            agent = supervisor.agent
            assert agent is not None
            if how == "no file":
                path.unlink()
            else:
                path.write_text(text[:-20] if how == "half a file" else text.replace("interval: 1s", "interval: 1"))
            await until(lambda: seen.reloads)
            assert supervisor.reload_error
            assert set(agent.states) == {"first", "second"}
            assert "the checks stay as they were" in caplog.text
            replaced(path, text.replace("second", "third"))
            await until(lambda: set(agent.states) == {"first", "third"})
            assert supervisor.reload_error == ""

    with_service(during)
    assert seen.reloads[-1] == ""
    assert all(seen.reloads[:-1])


def test_a_link_that_leads_elsewhere_is_another_file(tmp_path: Path) -> None:
    path, seen = tmp_path / "checks.yaml", SeenReloads()

    async def during(port: int) -> None:
        for name in ("blue", "green"):
            (tmp_path / name).write_text(checks(port, name))
        path.symlink_to(tmp_path / "blue")
        supervisor = Supervisor(path, seen)
        async with supervised(supervisor):
            agent = supervisor.agent
            assert agent is not None
            other = tmp_path / "link"
            other.symlink_to(tmp_path / "green")
            other.replace(path)
            await until(lambda: set(agent.states) == {"green"})

    with_service(during)


def test_a_file_that_is_asked_to_be_read_again_is_read_even_if_it_is_the_same(tmp_path: Path) -> None:
    path, seen = tmp_path / "checks.yaml", SeenReloads()

    async def during(port: int) -> None:
        path.write_text(checks(port, "first"))
        supervisor = Supervisor(path, seen)
        async with supervised(supervisor):
            supervisor.reload()
            await until(lambda: seen.reloads == [""])

    with_service(during)


def test_a_wrong_file_at_the_start_is_the_supervisors_error(tmp_path: Path) -> None:
    path = tmp_path / "checks.yaml"
    path.write_text("checks: {shop: {htp: https://shop.example}}")
    with pytest.raises(CheckFileError, match="http"):
        asyncio.run(Supervisor(path, SeenReloads()).run())


def test_a_disabled_check_does_not_run(tmp_path: Path) -> None:
    path = tmp_path / "checks.yaml"

    async def during(port: int) -> None:
        path.write_text(checks(port, "first", "second").replace("/second'", "/second', enabled: false"))
        supervisor = Supervisor(path, SeenReloads())
        async with supervised(supervisor):
            assert supervisor.agent is not None
            assert set(supervisor.agent.states) == {"first"}

    with_service(during)


def test_states_are_kept_between_two_starts_and_nothing_is_reported_anew(tmp_path: Path) -> None:
    path = tmp_path / "checks.yaml"
    earlier, later = SeenReloads(), SeenReloads()

    async def during(port: int) -> None:
        path.write_text(checks(port, "first"))
        supervisor = Supervisor(path, earlier, directory=tmp_path / "state")
        async with supervised(supervisor):
            await until(lambda: status(supervisor, "first") is Status.UP)
        supervisor = Supervisor(path, later, directory=tmp_path / "state")
        async with supervised(supervisor):
            assert status(supervisor, "first") is Status.UP
            assert supervisor.agent is not None
            assert supervisor.agent.states["first"].judge.since == earlier.changes[0].since
            await until(lambda: later.runs)

    with_service(during)
    assert [change.again for change in later.changes] == [True]
    assert later.changes[0].since == earlier.changes[0].since


def test_a_mute_that_is_set_while_the_agent_runs_counts(tmp_path: Path) -> None:
    path = tmp_path / "checks.yaml"

    async def during(port: int) -> None:
        path.write_text(checks(port, "first"))
        supervisor = Supervisor(path, SeenReloads(), directory=tmp_path / "state")
        async with supervised(supervisor):
            agent = supervisor.agent
            assert agent is not None
            change_mutes(tmp_path / "state", lambda mutes: mutes.update({"first": Mute(1 << 50)}), 0)
            await until(lambda: agent.states["first"].muted == {MuteReason.MANUAL})
            change_mutes(tmp_path / "state", lambda mutes: mutes.clear(), 0)
            await until(lambda: agent.states["first"].muted == frozenset())

    with_service(during)


def test_agents_of_two_shards_share_the_checks(tmp_path: Path) -> None:
    path = tmp_path / "checks.yaml"

    async def during(port: int) -> None:
        names = [f"check-{number}" for number in range(30)]
        path.write_text(checks(port, *names))
        found: list[str] = []
        for index in (1, 2):
            supervisor = Supervisor(path, SeenReloads(), shard=Shard(index, 2))
            async with supervised(supervisor):
                assert supervisor.agent is not None
                found += supervisor.agent.states
        assert sorted(found) == sorted(names)

    with_service(during)


@pytest.mark.skipif(os.name == "nt", reason="processes are killed by signals here")
def test_a_second_process_waits_and_takes_over_when_the_first_is_killed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "argus_otel")
    path, state, events = tmp_path / "checks.yaml", tmp_path / "state", tmp_path / "events"
    seen = SeenReloads()

    async def during(port: int) -> None:
        path.write_text(checks(port, "first"))
        first = await an_agent(path, state, events)
        await until(lambda: written(events), 20)
        supervisor = Supervisor(path, seen, directory=state)
        task = asyncio.ensure_future(supervisor.run())
        await until(lambda: "takes over" in caplog.text)
        assert supervisor.agent is None
        first.send_signal(signal.SIGKILL)
        await first.wait()
        await until(lambda: supervisor.agent is not None)
        assert status(supervisor, "first") is Status.UP
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    with_service(during)
    assert all(change.again for change in seen.changes)


def test_what_waits_for_the_directory_uses_the_file_as_it_is_then(tmp_path: Path) -> None:
    """The first agent has states of a check that the file did not have when the second one began to wait."""
    path, state = tmp_path / "checks.yaml", tmp_path / "state"
    seen = SeenReloads()

    async def during(port: int) -> None:
        path.write_text(checks(port, "first"))
        one, other = Supervisor(path, SeenReloads(), directory=state), Supervisor(path, seen, directory=state)
        async with supervised(one):
            waiting = asyncio.ensure_future(other.run())
            await asyncio.sleep(0.3)
            replaced(path, checks(port, "first", "second"))
            await until(lambda: status(one, "second") is Status.UP)
        await until(lambda: other.agent is not None)
        assert status(other, "second") is Status.UP
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting

    with_service(during)
    assert all(change.again for change in seen.changes)


def test_a_file_that_is_nested_too_deeply_leaves_the_old_one_in_use(tmp_path: Path) -> None:
    path, seen = tmp_path / "checks.yaml", SeenReloads()

    async def during(port: int) -> None:
        path.write_text(checks(port, "first"))
        supervisor = Supervisor(path, seen)
        async with supervised(supervisor):
            for text, told in (
                ("[" * 100_000, "1:108: it is nested too deeply"),
                ("&alias {first: *alias}", "1:24: *alias stands for something that has *alias in it"),
            ):
                seen.reloads.clear()
                replaced(path, f"checks: {text}")
                await until(lambda: seen.reloads)
                assert told in supervisor.reload_error
            await until(lambda: status(supervisor, "first") is Status.UP)

    with_service(during)


def test_a_directory_that_cannot_be_locked_is_an_error_and_no_other_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")

    def no_locks(_file: object, _operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    path = tmp_path / "checks.yaml"
    path.write_text(checks(1, "first"))
    with pytest.raises(OSError, match="No locks available"):
        asyncio.run(Supervisor(path, SeenReloads(), directory=tmp_path / "state").run())
