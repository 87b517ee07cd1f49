"""A simulator on a thread of its own."""

from __future__ import annotations

import asyncio
import time

import discord
import pytest
from simulated_bots import everything

from discord_simulator import BackgroundSimulator, Load, SimulatorError


def blocking_bot():
    bot = everything(sync=False)

    @bot.tree.command()
    async def block(interaction: discord.Interaction) -> None:
        time.sleep(0.4)
        await interaction.response.send_message("unblocked")

    return bot


def test_a_bot_that_blocks_does_not_stop_discord(run_bot):
    async def scenario():
        async with BackgroundSimulator() as sim, run_bot(sim, blocking_bot()):
            longest = 0.0

            def meanwhile():
                nonlocal longest
                for _ in range(60):
                    started = time.perf_counter()
                    sim.run(sim.typing)
                    longest = max(longest, time.perf_counter() - started)
                    time.sleep(0.01)

            watching = asyncio.create_task(asyncio.to_thread(meanwhile))
            handle = await sim.slash("block")
            answer = await handle.acknowledged(timeout=3)
            assert answer.content == "unblocked"
            assert answer.after >= 0.4
            await watching
            assert longest < 0.3
            entry = handle.entry
            assert entry.answered - entry.received < 0.2
            assert entry.received - entry.sent >= 0.39

    asyncio.run(scenario())


def test_from_no_loop_at_all():
    with BackgroundSimulator() as sim:
        assert sim.loop.is_running()
        with pytest.raises(TimeoutError, match="not ready"):
            sim.run(sim.ready, timeout=0.01)

        async def inside():
            with pytest.raises(RuntimeError, match="own thread"):
                sim.run(sim.ready)

        asyncio.run_coroutine_threadsafe(inside(), sim.loop).result(5)
        with pytest.raises(SimulatorError, match="running already"), sim:
            pass
    with pytest.raises(SimulatorError, match="not running"):
        sim.run(sim.ready)
    # What was recorded stays readable.
    assert sim.ledger.summary()["events"] == {}


def test_sync_and_async_driving_of_the_same_bot(run_bot):
    async def scenario():
        with BackgroundSimulator() as sim:
            async with run_bot(sim, everything()):
                handle = await asyncio.to_thread(sim.run, sim.slash, "secret")
                answer = await asyncio.to_thread(sim.run, handle.acknowledged, timeout=3)
                assert answer.content == "psst"
                said = await sim.say("!ping")
                assert (await said.reply()).content == "pong"
                report = await Load(sim, commands=["secret"]).run_operations(30)
                assert sum(report.started.values()) >= 30
                await sim.settle()
                with pytest.raises(TimeoutError, match="still connected"):
                    await sim.disconnected(timeout=0.01)
            await sim.disconnected()
            assert len(sim.ledger.closes) == 1

    asyncio.run(scenario())


def test_a_taken_port_is_an_error_where_it_was_entered():
    with BackgroundSimulator() as first:
        second = BackgroundSimulator(port=first.port)
        with pytest.raises(OSError, match=r"."), second:
            pass
        with pytest.raises(SimulatorError, match="running already"):
            first.run(first.start)
