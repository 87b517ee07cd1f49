"""argus-otel and discord.py, and nothing else: the core works, and what needs an extra says which."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pytest

from argus_otel.demo.agreement import compare
from argus_otel.scrape.series import Metrics
from discord_simulator import BackgroundSimulator
from tests.launch.conftest import Start, until
from tests.otel.receivers import http_receiver

pytestmark = pytest.mark.timeout(300)

BOT = Path(__file__).parent / "bots" / "with_discord_py.py"


@pytest.fixture(scope="module")
def scripts(install: Callable[..., Path]) -> Path:
    return install("discord.py>=2.4")


def run(scripts: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ARGUS_", "OTEL_"))}
    command = [str(scripts / words[0]), *words[1:]]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=scripts, timeout=60)


@pytest.mark.parametrize(("command", "extra"), [("top", "cli"), ("demo", "demo")])
def test_what_needs_an_extra_says_which(scripts: Path, command: str, extra: str) -> None:
    told = run(scripts, "argus-otel", command)
    assert told.returncode == 2
    assert f"pip install 'argus-otel[{extra}]'" in told.stderr
    assert "Traceback" not in told.stderr


def test_otlp_over_http_needs_no_extra(scripts: Path) -> None:
    with contextmanager(http_receiver)() as receiver:
        receiver.prefix = "/otlp"
        program = "import discord; argus_otel.count('worked'); discord.Client(intents=discord.Intents.default())"
        told = subprocess.run(
            [str(scripts / "python"), "-c", f"import argus_otel; argus_otel.instrument(endpoint=False); {program}"],
            capture_output=True,
            text=True,
            env={**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": f"{receiver.url}/otlp"},
            timeout=60,
        )
        assert (told.returncode, told.stderr.count("Traceback")) == (0, 0), told.stderr
        assert receiver.named("worked"), told.stderr


@pytest.mark.parametrize("way", [("opentelemetry-instrument", "python"), ("argus-otel", "run")])
def test_a_program_without_discord_runs_as_if_we_were_not_there(scripts: Path, tmp_path: Path, way: tuple[str]) -> None:
    program = tmp_path / "program.py"
    program.write_text("print('ran')\n")
    launched = [*way[:1], *(str(scripts / word) if word == "python" else word for word in way[1:]), str(program)]
    told = run(scripts, *launched)
    assert (told.returncode, told.stdout.strip(), told.stderr) == (0, "ran", "")


def test_the_doctor_finds_no_fault(scripts: Path) -> None:
    told = run(scripts, "argus-otel", "doctor", "--no-network", "--json")
    document = json.loads(told.stdout)
    assert document["counts"]["fail"] == 0, told.stdout


def test_a_bot_is_observed(simulator: BackgroundSimulator, start: Start, scripts: Path) -> None:
    settings = {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}
    bot = start([str(scripts / "argus-otel"), "run"], str(BOT), settings=settings)
    simulator.run(simulator.run(simulator.say, "!ping").reply)
    simulator.run(simulator.settle, 10.0)

    def agrees() -> bool:
        metrics: Metrics = bot.metrics()
        return all(row.agrees for row in compare(simulator.ledger, metrics, 1))

    until(agrees)
    assert json.loads(bot.get("/status"))["faults"] == {}
    assert bot.end() == 0
