"""Every snippet of the page runs."""

from __future__ import annotations

import ast
import asyncio
import pathlib
import re
import subprocess
import sys

from simulated_bots import everything

import discord_simulator
from discord_simulator import Simulator, __version__
from discord_simulator.__main__ import parser

PAGE = pathlib.Path(__file__).parents[1] / "README.md"
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_each_snippet_is_exercised_here():
    assert len(SNIPPETS) == 6


def test_the_whole_test_runs_as_it_stands(tmp_path):
    (tmp_path / "test_bot.py").write_text(SNIPPETS[0], encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    result = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout
    assert "1 passed" in result.stdout


def test_background():
    exec(SNIPPETS[1], {})  # noqa: S102 - our own page


def test_faults_limits_and_ledger(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()):
            for snippet in SNIPPETS[2:5]:
                exec(snippet, {"sim": sim})  # noqa: S102 - our own page

    asyncio.run(scenario())


def test_a_crowd(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()):
            code = compile(SNIPPETS[5], str(PAGE), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            names = {"sim": sim}
            await eval(code, names)  # noqa: S307 - our own page
            assert sum(names["load"].report.started.values()) > 100

    asyncio.run(scenario())


def test_every_name_on_the_page_exists():
    text = PAGE.read_text(encoding="utf-8")
    for name in re.findall(r"\| `(\w+)[(` ]", text):
        assert hasattr(Simulator, name) or name in discord_simulator.__all__, name


def test_every_option_on_the_page_exists():
    asked = {
        word for line in re.findall(r"discord-simulator (?!run)(.*)", PAGE.read_text("utf-8")) for word in line.split()
    }
    options = parser().format_help()
    assert {"--guilds", "--load", "--certificate"} <= asked
    for option in (word for word in asked if word.startswith("--")):
        assert option in options, option


def test_the_changelog_tells_of_this_version():
    text = PAGE.with_name("CHANGELOG.md").read_text(encoding="utf-8")
    assert f"Version {__version__}, not yet released" in text or f"## [{__version__}] - " in text
