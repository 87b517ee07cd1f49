"""The agent of the host that trains, beside the program itself, and a person who asks it for something now and then."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from argus_otel.settings import Settings
from argus_otel.sources.training import placed
from argus_otel.sources.training.agent.agent_file import read
from argus_otel.sources.training.agent.assembly import assembled
from argus_otel.sources.training.agent.commands import LIFETIME, Request
from argus_otel.sources.training.agent.journal import Journal
from argus_otel.sources.training.history.commands import commands_in

HOST = "trainee"


@contextmanager
def attended(directory: Path) -> Generator[None]:
    """Run the agent until the block ends."""
    file = directory / "agent.toml"
    file.write_text(f'host = "{HOST}"\ninterval = 1\nusers = ["default"]\nstate = "{directory}/agent"\n')
    file.chmod(0o600)
    config = read(file)
    journal = Journal(config.state)
    journal.open()
    agent = assembled(config, journal, Settings.resolve(), placed.activated())
    thread = threading.Thread(target=agent.run)
    thread.start()
    try:
        yield
    finally:
        agent.stop()
        thread.join()
        journal.close()


def ask() -> None:
    """Ask the agent to stop a run that there is not."""
    with commands_in(Settings.resolve().history_store) as commands:
        run = str(uuid4())
        commands.issue(Request(str(uuid4()), "stop", HOST, run, "", {}, commands.now() + LIFETIME), "")
