"""A Python whose GIL is off is warned of, once: counts may fall short there. (The flag stands in for such a build.)"""

from __future__ import annotations

from .conftest import Run

_WARNING = "runs without a global interpreter lock"


def test_it_is_warned_of_once_at_the_start(program: Run) -> None:
    client = "import discord\ndiscord.Client(intents=discord.Intents.none())"
    again = f"argus_otel.instrument()\n{client}\nargus_otel.instrument()"
    done = program(f"sys._is_gil_enabled = lambda: False\n{again}")
    assert done.returncode == 0
    assert done.stderr.count(_WARNING) == 1
    assert "PYTHON_GIL=1" in done.stderr


def test_with_a_gil_nothing_is_said(program: Run) -> None:
    done = program("argus_otel.instrument()\nimport discord\ndiscord.Client(intents=discord.Intents.none())")
    assert done.returncode == 0
    assert _WARNING not in done.stderr
