from __future__ import annotations

import subprocess
import sys

from argus_otel.settings import Settings
from argus_otel.sources.discord.resource import attributes

PROGRAM = """
import argus_otel
from argus_otel.runtime import runtime
argus_otel.instrument(endpoint=False)
{bot}
resource = runtime()._resource
found = [] if resource is None else [each for each in resource.attributes.items() if each[0].startswith("discord.")]
print(*(f"{{name}}={{value}}" for name, value in sorted(found)))
"""
BOT = "import discord\ndiscord.Client(intents=discord.Intents.none())\nprint(discord.__version__)"


def ran(bot: str) -> list[str]:
    program = PROGRAM.format(bot=bot)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )


def test_a_bot_names_its_library() -> None:
    version, found, _ = ran(BOT)
    assert found == f"discord.library.name=discord.py discord.library.version={version}"


def test_a_program_that_is_no_bot_names_none() -> None:
    """Such as an agent of service checks in an environment in which discord.py is installed, too."""
    assert ran("")[-2:] == ["", ""]
    assert ran("import discord")[-2:] == ["", ""]


def test_it_says_which_process_of_the_bot_it_is() -> None:
    assert attributes(Settings.resolve({"ARGUS_DISCORD_CLUSTER_ID": "3"})) == {"discord.cluster.id": "3"}
    assert attributes(Settings.resolve({})) == {}
