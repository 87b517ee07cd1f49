"""Messages and the comings and goings of people and guilds."""

from __future__ import annotations

import asyncio

import discord
import pytest
from simulated_bots import everything

from discord_simulator import NotConnectedError, Simulator, SimulatorError


def listen(bot, *names):
    heard = []
    for name in names:

        async def listener(*arguments, name=name):
            heard.append((name, arguments))

        bot.add_listener(listener, f"on_{name}")
    return heard


async def until(condition, timeout=3.0):
    deadline = asyncio.get_running_loop().time() + timeout
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "it did not happen"
        await asyncio.sleep(0.005)


def test_prefix_commands(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()):
            one = await sim.say("!ping")
            assert (await one.reply()).content == "pong"
            two = await sim.say("!answer", channel=sim.guild().id + 3, user=sim.guild().people[1])
            three = await sim.say("!ping", channel=sim.guild().id + 3)
            # The pong says not whom it answers, so it counts for both; the reply does.
            assert {reply.content for reply in await two.replies(2)} == {"indeed", "pong"}
            assert [reply.content for reply in await three.replies()] == ["pong"]
            with pytest.raises(TimeoutError, match="1 of 2 replies to '!ping'"):
                await one.replies(2, timeout=0.1)

    asyncio.run(scenario())


def test_messages_are_edited_deleted_and_reacted_to(run_bot):
    async def scenario():
        async with Simulator() as sim:
            bot = everything()
            heard = listen(bot, "message_edit", "message_delete", "reaction_add", "typing", "presence_update")
            async with run_bot(sim, bot):
                said = await sim.say("first")
                await sim.edit_message(said, "second")
                await sim.react(said, "🎉", user=sim.guild().people[1])
                await sim.typing()
                await sim.presence("idle")
                await sim.delete_message(said)
                await until(lambda: len(heard) == 5)
                assert [name for name, _ in heard] == [
                    "message_edit",
                    "reaction_add",
                    "typing",
                    "presence_update",
                    "message_delete",
                ]
                assert heard[0][1][1].content == "second"
                assert heard[1][1][1].name == "user1"
                with pytest.raises(SimulatorError, match="there is no message"):
                    await sim.edit_message(said, "third")

    asyncio.run(scenario())


def test_members_and_guilds_come_and_go(run_bot):
    async def scenario():
        async with Simulator(guilds=2) as sim:
            bot = everything()
            names = ("member_join", "member_remove", "guild_join", "guild_remove")
            heard = listen(bot, *names, "guild_unavailable", "guild_available")
            async with run_bot(sim, bot):
                heard.clear()
                member = await sim.join_member()
                await sim.leave_member(member)
                guild = await sim.join_guild()
                await sim.begin_outage(guild)
                await sim.end_outage(guild)
                await sim.leave_guild(guild)
                await until(lambda: len(heard) == 6)
                assert [name for name, _ in heard] == [
                    "member_join",
                    "member_remove",
                    "guild_join",
                    "guild_unavailable",
                    "guild_available",
                    "guild_remove",
                ]
                assert len(bot.guilds) == 2
                assert sim.ledger.guild_counts() == {"join": 1, "leave": 1, "outage": 1, "recovery": 1}
                assert {entry.guild_id for entry in sim.ledger.guilds} == {guild.id}
                with pytest.raises(SimulatorError, match="is not in guild"):
                    await sim.leave_member(member)

    asyncio.run(scenario())


def test_a_bot_gets_what_its_intents_ask_for(run_bot):
    async def scenario():
        async with Simulator() as sim:
            bot = everything(intents=discord.Intents.default())
            heard = listen(bot, "message", "presence_update")
            async with run_bot(sim, bot):
                await sim.say("!ping")
                await sim.say(f"<@{sim.application_id}> hello")
                await sim.presence("dnd")
                await until(lambda: len(heard) == 2)
                assert [arguments[0].content for _, arguments in heard] == ["", f"<@{sim.application_id}> hello"]
                assert "PRESENCE_UPDATE" not in sim.ledger.event_counts()

    asyncio.run(scenario())


def test_a_bot_without_the_guilds_intent_hears_of_guilds_in_ready_only(run_bot):
    async def scenario():
        async with Simulator(guilds=2) as sim:
            bot = everything(intents=discord.Intents(guild_messages=True))
            async with run_bot(sim, bot):
                await sim.leave_guild(await sim.join_guild())
                await sim.say("!ping")
                await until(lambda: "MESSAGE_CREATE" in bot.counted.events)
                assert [guild.unavailable for guild in bot.guilds] == [True, True]
                assert sim.ledger.event_counts() == {"READY": 1, "MESSAGE_CREATE": 1}

    asyncio.run(scenario())


def test_arbitrary_events(run_bot):
    async def scenario():
        async with Simulator() as sim:
            bot = everything()
            heard = listen(bot, "webhooks_update")
            async with run_bot(sim, bot):
                guild = sim.guild()
                data = {"guild_id": str(guild.id), "channel_id": str(guild.text_channel.id)}
                await sim.dispatch("WEBHOOKS_UPDATE", data, guild_id=guild.id)
                await sim.dispatch("SOMETHING_NEW", {"x": 1})
                await until(lambda: heard and "SOMETHING_NEW" in bot.counted.events)
                assert sim.ledger.shard_event_counts()[0, "SOMETHING_NEW"] == 1

    asyncio.run(scenario())


def test_without_a_bot_driving_says_what_is_missing():
    async def scenario():
        async with Simulator() as sim:
            for action in (sim.say("x"), sim.slash("x"), sim.dispatch("X", {}), sim.send_raw("x"), sim.typing()):
                with pytest.raises(NotConnectedError, match=r"sim.ready\(\)"):
                    await action
            with pytest.raises(TimeoutError, match="not ready"):
                await sim.ready(timeout=0.05)
        with pytest.raises(SimulatorError, match="not running"):
            await Simulator().say("x")

    asyncio.run(scenario())
