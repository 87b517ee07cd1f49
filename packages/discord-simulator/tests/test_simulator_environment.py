"""A process that an environment variable points at a simulator, or that ``discord-simulator run`` starts."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import subprocess
import sys

import pytest

from discord_simulator import Simulator
from discord_simulator.environment import VARIABLE

RUN = [sys.executable, "-m", "discord_simulator", "run"]

BOT = """
import sys, discord
bot = discord.Client(intents=discord.Intents.default())
@bot.event
async def on_connect():
    await bot.close()
bot.run(sys.argv[1], log_handler=None)
"""

WHERE = "from discord.http import Route; print(Route.BASE)"
REDIRECT = "from discord_simulator.environment import redirect_from_environment; redirect_from_environment(); "


def python(code, *, command=(sys.executable,), **environment):
    """Run code in a process of its own; return its exit status, stdout and stderr."""
    own = {name: value for name, value in os.environ.items() if name not in (VARIABLE, "PYTHONPATH")} | environment
    done = subprocess.run([*command, "-c", code], check=False, capture_output=True, text=True, env=own, timeout=30)
    return done.returncode, done.stdout, done.stderr


def test_a_bot_is_run_as_it_is(tmp_path):
    script = tmp_path / "bot.py"
    script.write_text(BOT, encoding="utf-8")

    async def scenario():
        async with Simulator() as sim:
            bot = await asyncio.create_subprocess_exec(
                *RUN, "--url", sim.url, str(script), sim.token, stderr=asyncio.subprocess.PIPE
            )
            _, err = await asyncio.wait_for(bot.communicate(), 30)
            assert bot.returncode == 0, err
            assert sim.ledger.session_counts() == {(0, "identify"): 1}
            assert err.decode().count("discord-simulator: this bot talks to the simulator at") == 1
            assert f"{sim.url}, not to Discord ({VARIABLE} is set)" in err.decode()

    asyncio.run(scenario())


def test_python_gets_its_arguments_and_the_bots_children_are_redirected_too(tmp_path):
    child = tmp_path / "child.py"
    child.write_text(WHERE, encoding="utf-8")
    code = f"import sys, subprocess; print(sys.argv[1:]); subprocess.run([sys.executable, {str(child)!r}], check=True)"
    words = [*RUN, "--url", "http://127.0.0.1:9", "-c", code, "--verbose", "x"]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    assert done.stdout.replace("\r", "").splitlines() == ["['--verbose', 'x']", "http://127.0.0.1:9/api/v10"]


def test_the_exit_status_is_the_bots(tmp_path):
    assert subprocess.run([*RUN, "-c", "raise SystemExit(3)"], check=False).returncode == 3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--url", "http://example.com", "bot.py"], "'example.com' is not on this machine"),
        (["--url", "http://me:secret@127.0.0.1:1", "bot.py"], "expected something like http://127.0.0.1:8080"),
        ([], "a bot is missing"),
    ],
)
def test_a_command_that_cannot_be_run_is_explained(words, told):
    done = subprocess.run([*RUN, *words], check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert told in done.stderr
    assert "secret" not in done.stderr


def test_the_sitecustomize_that_ours_hides_is_executed_too(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("print('hidden')", encoding="utf-8")
    _, out, err = python(WHERE, command=[*RUN, "--url", "http://127.0.0.1:9"], PYTHONPATH=str(tmp_path))
    by_the_command, *by_the_bot = out.splitlines()
    assert by_the_command == "hidden"
    assert by_the_bot == ["hidden", "http://127.0.0.1:9/api/v10"], err


def test_the_loader_of_opentelemetry_finds_it_by_entry_point():
    (found,) = importlib.metadata.entry_points(group="opentelemetry_pre_instrument", name="discord_simulator")
    assert found.value == "discord_simulator.environment:redirect_from_environment"
    assert callable(found.load())


def test_a_library_is_redirected_when_it_is_imported_and_where_it_is_already():
    for code in (REDIRECT + WHERE, "import discord; " + REDIRECT + REDIRECT + WHERE):
        status, out, err = python(code, **{VARIABLE: "http://localhost:9/"})
        assert (status, out.strip()) == (0, "http://localhost:9/api/v10"), err
        assert len(err.splitlines()) == 1


def test_a_library_keeps_its_loader():
    code = "import discord, inspect, pkgutil; print(type(discord.__loader__).__name__, type(discord.__spec__.loader))"
    _, plain, _ = python(code)
    _, redirected, _ = python(REDIRECT + code, **{VARIABLE: "http://127.0.0.1:9"})
    assert redirected == plain


def test_without_the_variable_nothing_happens_and_nothing_is_imported():
    code = "import sys; before = list(sys.meta_path); " + REDIRECT
    code += "print(sys.meta_path == before, *({'aiohttp', 'discord', 'discord_simulator.server'} & sys.modules.keys()))"
    for environment in ({}, {VARIABLE: ""}):
        assert python(code, **environment) == (0, "True\n", "")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://example.com", "'example.com' is not on this machine"),
        ("http://me:secret@127.0.0.1:1", "expected something like http://127.0.0.1:8080"),
        ("nonsense", "expected something like"),
    ],
)
def test_a_bot_is_not_let_loose_on_discord_where_the_url_is_wrong(url, told):
    for library in ("import discord", "try:\n  import discord\nexcept Exception:\n  pass"):
        status, out, err = python(f"{REDIRECT}\nprint('other code runs')\n{library}\nprint('loose')", **{VARIABLE: url})
        assert (status, out) == (1, "other code runs\n")
        assert "discord is not imported, so that this bot cannot reach Discord" in err
        assert told in err
        assert "secret" not in err


def test_a_library_that_cannot_be_redirected_is_not_imported(tmp_path):
    package = tmp_path / "disnake"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "http.py").write_text("class HTTPClient: ...", encoding="utf-8")
    status, out, err = python(
        REDIRECT + "import disnake; print('loose')", PYTHONPATH=str(tmp_path), **{VARIABLE: "http://127.0.0.1:9"}
    )
    assert (status, out) == (1, "")
    assert "this version of disnake cannot be redirected: AttributeError" in err
