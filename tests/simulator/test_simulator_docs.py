"""Every snippet of the page runs."""

from __future__ import annotations

import ast
import asyncio
import pathlib
import re
import subprocess
import sys

from simulated_bots import everything

from discord_simulator import Simulator

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "simulator.md"
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_each_snippet_is_exercised_here():
    assert len(SNIPPETS) == 6


def test_the_whole_test_runs_as_it_stands():
    result = subprocess.run(
        [sys.executable, "-c", SNIPPETS[0]], check=False, capture_output=True, text=True, timeout=30
    )
    assert result.returncode == 0, result.stderr


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
        assert hasattr(Simulator, name), name
