"""How many gateway sessions a bot may begin in a day, as Discord answers, and how many it has begun."""

from __future__ import annotations

import asyncio

import pytest
from discord.ext import commands

from argus_otel.sources.discord import sessions as sessions_module
from argus_otel.sources.discord.catalogue import SESSION_LIMIT, SESSIONS_REMAINING
from argus_otel.sources.discord.patches import PatchSet
from argus_otel.sources.discord.sessions import Sessions
from argus_otel.telemetry import Metric, Telemetry
from discord_simulator import BackgroundSimulator, redirect

from .conftest import Observed, make_bot, running, until

LIMIT = "discord.gateway.session.limit"
REMAINING = "discord.gateway.session.remaining"


def test_the_limit_of_sessions_is_as_discord_answers(observed: Observed) -> None:
    with BackgroundSimulator(shards=2, guilds=2) as simulator, redirect(simulator.url):

        async def main() -> None:
            client = make_bot(commands.AutoShardedBot)  # without a number of shards, which it asks Discord for
            async with running(client, simulator, 2):
                assert observed.values(LIMIT) == {(): 1000}
                assert observed.values(REMAINING) == {(): 998}
                await simulator.invalidate_session(shard_id=0)
                await until(lambda: observed.values(REMAINING) == {(): 997})
                await until(lambda: sum(simulator.ledger.session_counts().values()) == 3)
                simulator.world.session_limit = 10
                await client.fetch_session_start_limits()
                assert observed.values(LIMIT) == {(): 10}
                assert observed.values(REMAINING) == {(): 7}
                assert observed.telemetry.health.sections()["sessions"] == {"begun": 3, "limit": 10, "remaining": 7}

        asyncio.run(main())


def test_without_an_answer_the_limit_is_not_known(observed: Observed, simulator: BackgroundSimulator) -> None:
    async def main() -> None:
        async with running(make_bot(), simulator):
            assert observed.values(LIMIT) == observed.values(REMAINING) == {}
            assert observed.telemetry.health.sections()["sessions"] == {"begun": 1}

    asyncio.run(main())


def test_what_remains_is_not_known_once_the_day_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    telemetry = Telemetry()
    hooks = PatchSet(telemetry)
    hooks.on = True
    sessions = Sessions(telemetry, hooks)

    def read(metric: Metric) -> list[float]:
        return [value for _, value in telemetry.points(metric)]

    now = 1000.0
    monkeypatch.setattr(sessions_module.time, "monotonic", lambda: now)
    answer = {"total": 1000, "remaining": 400, "reset_after": 3_600_000, "max_concurrency": 1}
    sessions._answered("token", (1, "wss://", answer))
    sessions._answered("other", (1, "wss://", answer | {"remaining": 300, "reset_after": 0}))
    assert read(SESSIONS_REMAINING) == [300]  # of two bots, the one that has fewer
    now += 3601
    assert read(SESSIONS_REMAINING) == [300]  # 0: its day has not begun
    now += 86_400
    assert read(SESSIONS_REMAINING) == []
    assert read(SESSION_LIMIT) == [1000]
    sessions._answered("old", (1, "wss://"))  # as discord.py 2.4 returns it
