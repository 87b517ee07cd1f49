from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import ClassVar

import pytest

from argus_otel.testing import SourceContract
from discord_simulator import BackgroundSimulator, redirect

from ..discord_source.test_fail_open import everything_works


class TestContract(SourceContract):
    source = "discord"
    modules = (
        "discord.app_commands.commands",
        "discord.app_commands.tree",
        "discord.client",
        "discord.ext.commands.bot",
        "discord.ext.tasks",
        "discord.gateway",
        "discord.http",
        "discord.state",
        "discord.ui.view",
        "discord.voice_client",
        "aiohttp.client",
    )

    _simulator: ClassVar[BackgroundSimulator]

    @pytest.fixture(autouse=True)
    def simulated(self) -> Iterator[None]:
        with BackgroundSimulator() as type(self)._simulator, redirect(self._simulator.url):
            yield

    def exercise(self) -> object:
        return asyncio.run(everything_works(self._simulator))
