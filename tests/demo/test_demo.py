"""`argus-otel demo`, as a newcomer runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import pytest
from rich.console import Console

from argus_otel.cli import demo
from argus_otel.demo.row import Row
from argus_otel.demo.stage import Stage, bot_path

COMMAND = [sys.executable, "-m", "argus_otel", "demo"]


def test_it_ends_by_itself_and_everything_agrees() -> None:
    done = subprocess.run([*COMMAND, "--duration", "5"], capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"All \d+ numbers agree", done.stdout)
    assert "/metrics" in done.stdout
    for subject in ("gateway events", "interactions", "commands", "REST responses"):
        assert subject in done.stdout


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_ctrl_c_ends_it_with_the_table() -> None:
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:  # until the bot runs, which takes as long as the machine is busy
            if "/metrics" in line:
                break
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert re.search(r"All \d+ numbers agree", output)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--duration", "soon"], "'soon' is not a number above 0"),
        (["--rate", "0"], "'0' is not a number above 0"),
        (["--port", "70000"], "'70000' is not a port"),
        (["bots"], "invalid choice: 'bots'"),
        (["checks", "--rate", "5"], "argus-otel demo checks: it has no --rate"),
        (["graphs", "--seed", "5"], "argus-otel demo graphs: it has no --rate and no --seed"),
    ],
)
def test_wrong_arguments(words: list[str], complaint: str) -> None:
    done = subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert complaint in done.stderr


class Unsettled(Stage):
    """A stage that nobody has entered."""

    def output(self) -> str:
        return "what the bot said"


@pytest.mark.parametrize("rows", [[Row("commands", "play", 3, 2), Row("commands", "stop", 1, 1)], []])
def test_a_difference_is_an_error(rows: list[Row]) -> None:
    console = Console(record=True, width=100)
    assert demo.conclude(console, Unsettled(1.0, 1), rows) == 1
    text = console.export_text()
    assert f"{sum(not row.agrees for row in rows)} of {len(rows)} numbers differ" in text
    assert "what the bot said" in text


def test_help_teaches_each_demo() -> None:
    told = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, timeout=30, check=True).stdout
    for words in (
        "argus-otel demo\n",
        "argus-otel demo checks --duration 15\n",
        "argus-otel demo graphs --duration 15\n",
        "argus-otel demo training\n",
        "{discord,checks,graphs,training}",
    ):
        assert words in told
    assert "the default" in " ".join(told.split())


def test_the_bot_is_the_example() -> None:
    assert bot_path().name == "bot.py"
    assert "argus_otel" not in bot_path().read_text(encoding="utf-8")
