from __future__ import annotations

import ast
import importlib.metadata
import subprocess
import sys

import pytest

from argus_otel.settings import Settings
from argus_otel.sources.discord.resource import attributes


def test_it_names_the_library_without_importing_it() -> None:
    program = (
        "import sys\nfrom argus_otel.sources.discord.resource import attributes\n"
        "from argus_otel.settings import Settings\n"
        "print(attributes(Settings.resolve({})), 'discord' in sys.modules)"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert output.endswith(" False\n")
    assert ast.literal_eval(output.removesuffix(" False\n")) == {
        "discord.library.name": "discord.py",
        "discord.library.version": importlib.metadata.version("discord.py"),
    }


@pytest.mark.parametrize("installed", ["py-cord", "nextcord", "disnake", None])
def test_it_names_whichever_library_there_is(monkeypatch: pytest.MonkeyPatch, installed: str | None) -> None:
    def version(name: str) -> str:
        if name != installed:
            raise importlib.metadata.PackageNotFoundError(name)
        return "9.8"

    monkeypatch.setattr("argus_otel.sources.discord.resource.version", version)
    expected = {"discord.library.name": installed, "discord.library.version": "9.8"} if installed else {}
    assert attributes(Settings.resolve({})) == expected


def test_it_names_the_cluster_that_is_set() -> None:
    assert attributes(Settings.resolve({}, {"cluster_id": "4"}))["discord.cluster.id"] == "4"
