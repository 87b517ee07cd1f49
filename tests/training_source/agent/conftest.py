from __future__ import annotations

import getpass
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from argus_otel.history.store import migrations
from argus_otel.history.store.client import connect
from argus_otel.history.store.schema import Schema
from argus_otel.settings import Settings
from argus_otel.sources.training import catalogue as c
from argus_otel.sources.training.agent.agent import Agent
from argus_otel.sources.training.agent.agent_file import read
from argus_otel.sources.training.agent.assembly import assembled
from argus_otel.sources.training.agent.commands import LIFETIME, Kind, Request
from argus_otel.sources.training.agent.journal import Journal
from argus_otel.sources.training.control import files, locks
from argus_otel.sources.training.control.directory import ControlDirectory, host_name
from argus_otel.sources.training.history import MODEL
from argus_otel.sources.training.history.commands import Answered, Commands, open_commands
from argus_otel.telemetry import Telemetry
from lab.clickhouse import ClickHouse

HOST = "gpu-7"
NAME = f"{getpass.getuser()}@{HOST}"
ISSUER = "default"
"""The engine's only user, as which every insert is done."""

KEY = b"0123456789abcdef0123456789abcdef"

RECIPE = """
[recipes.sleep]
argv = ["/bin/sleep", "{seconds}"]
cwd = "/"
[recipes.sleep.arguments]
seconds = { pattern = "[0-9]{1,2}" }
"""


@pytest.fixture
def address(server: ClickHouse, request: pytest.FixtureRequest) -> str:
    """A database of this test alone, with the tables of training runs."""
    return migrated(server, request.node.name)


def migrated(server: ClickHouse, name: str) -> str:
    letters = "".join(letter if letter.isalnum() else "_" for letter in name)
    found = server.dsn(f"agent_{letters}"[:120])
    with connect(found) as store:
        migrations.migrate(store, Schema((MODEL,)))
    return found


class Host:
    """A host with an agent, which is driven by hand: nothing happens on its own."""

    def __init__(self, directory: Path, address: str) -> None:
        self.address = address
        self.home = directory
        self.control = ControlDirectory(directory / "control")
        self.control.make()
        self.state = directory / "state"
        self.key_file = directory / "agent.key"
        self.key_file.write_bytes(KEY + b"\n")
        self.key_file.chmod(0o600)
        self.file = directory / "agent.toml"
        self.telemetry = Telemetry()
        self.agent: Agent | None = None
        self._journal: Journal | None = None
        self._locks: list[locks.RunLock] = []
        self.people = open_commands(address)

    # -- the agent

    def configure(self, more: str = "", *, users: Sequence[str] = (ISSUER,), recipes: str = RECIPE) -> Path:
        """Write the agent's file."""
        text = f'host = "{HOST}"\nusers = {list(users)}\nstate = "{self.state}"\n{more}\n{recipes}'
        self.file.write_text(text.replace("'", '"'))
        self.file.chmod(0o600)
        return self.file

    def start(self) -> Agent:
        """Start the agent, as a new process would: only its files are left of an earlier one."""
        self.end()
        self.telemetry = Telemetry()
        settings = Settings.resolve({"ARGUS_CONTROL": str(self.control.path), "ARGUS_HISTORY_STORE": self.address})
        config = read(self.file)
        self._journal = Journal(config.state)
        self._journal.open()
        self.agent = assembled(config, self._journal, settings, self.telemetry)
        self.work()
        return self.agent

    def end(self) -> None:
        """End the agent."""
        if self.agent is not None:
            self.agent.stop()
            self.agent.run()
            self.agent = None
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def close(self) -> None:
        self.end()
        self.people.close()
        for each in self._locks:
            each.release()

    def work(self, until: Callable[[], Any] | None = None, timeout: float = 20.0) -> Any:
        """Let the agent poll and answer: once, or until something is true."""
        assert self.agent is not None
        deadline = time.monotonic() + timeout
        while True:
            self.agent.tick()
            self.agent.gather(time.monotonic() + 0.05)
            found = until() if until is not None else True
            if found:
                return found
            assert time.monotonic() < deadline, "the agent does not get there"

    # -- what people do

    def request(self, kind: str = "stop", run_id: str = "", recipe: str = "", **arguments: str) -> Request:
        """Return a request that is in order, to be changed by :func:`dataclasses.replace`."""
        return Request(str(uuid4()), kind, HOST, run_id, recipe, arguments, self.people.now() + LIFETIME)

    def issue(self, request: Request, key: bytes | None = None) -> Request:
        self.people.issue(request, request.signed_with(key) if key else "")
        return request

    def ask(self, kind: str = "stop", run_id: str = "", recipe: str = "", **arguments: str) -> Request:
        return self.issue(self.request(kind, run_id, recipe, **arguments))

    def answers(self, request: Request) -> list[Answered]:
        return self.people.answers(request.id)

    def last_answer(self, request: Request) -> Answered:
        """Let the agent work until it has answered for good."""

        def final() -> Answered | None:
            return next((each for each in self.answers(request) if each.result.final), None)

        return self.work(final)

    def counted(self) -> dict[tuple[str, ...], float]:
        """Return the counter of commands: by kind, result, and why not."""
        points = self.telemetry.points(c.AGENT_COMMANDS)
        return {tuple(str(each) for each in labels.values()): value for labels, value in points if value}

    # -- runs

    def run(self, state: str = "running", **facts: object) -> str:
        """Put a run into the control directory: one whose process holds its lock, or one that has ended."""
        run_id = str(uuid4())
        now = time.time()
        data: dict[str, Any] = {
            "id": run_id, "attempt": 1, "pid": 0, "process_started": "", "argv": ["/bin/sleep", "30"], "cwd": "/",
            "host": host_name(), "step": 10, "progress_at": now, "written_at": now, "began_at": now,
            "outcome": "ok" if state == "ended" else "", **facts,
        }  # fmt: skip
        if state == "running":
            lock = locks.take(self.control.file(run_id, "lock"))
            assert lock is not None
            self._locks.append(lock)
        files.write(self.control.file(run_id, "json"), data)
        return run_id

    def commands_of(self, run_id: str) -> Mapping[str, object] | None:
        """Return what a run was asked for."""
        return files.read(self.control.file(run_id, "command"))


@pytest.fixture
def host(tmp_path: Path, address: str) -> Iterator[Host]:
    """A host whose agent is configured, and not started."""
    made = Host(tmp_path, address)
    made.configure()
    yield made
    made.close()


def later(request: Request, by: timedelta) -> Request:
    """Return a request that holds for longer, or less long."""
    return replace(request, expires=request.expires + by)


__all__ = ["HOST", "ISSUER", "KEY", "NAME", "RECIPE", "Commands", "Host", "Kind", "later", "migrated"]
