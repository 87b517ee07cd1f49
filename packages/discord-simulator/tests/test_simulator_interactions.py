"""Every kind of interaction, with a real bot over real sockets."""

from __future__ import annotations

import asyncio
import time

import discord
import pytest
from simulated_bots import HAS_LABELS, everything
from test_simulator_events import until

from discord_simulator import Simulator, SimulatorError, UnknownComponentError

MOOD = {"Mood": ["good"]} if HAS_LABELS else {}


def test_slash_with_every_kind_of_option(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()):
            guild = sim.guild()
            handle = await sim.slash(
                "greet",
                options={
                    "who": guild.people[1],
                    "role": guild.id + 1,
                    "where": guild.text_channel,
                    "times": 3,
                    "warmth": 0.25,
                    "aloud": True,
                },
            )
            answer = await handle.acknowledged(timeout=3)
            assert answer.content == "user1 moderators general 3 0.25 True"
            assert answer.type == 4
            assert 0 <= answer.after < 1
            assert (await handle.response()).content == answer.content
            assert [message.content for message in await handle.followups()] == ["and again"]

            entry = sim.ledger.interactions[handle.id]
            assert (entry.kind, entry.name, entry.response_type) == ("application_command", "greet", 4)
            # discord.py asks for the message in the answer since 2.5.
            assert entry.status in (200, 204)
            assert entry.acknowledged
            assert not entry.late
            assert entry.sent <= entry.received <= entry.answered
            assert abs(entry.created_at - time.time()) < 5

    asyncio.run(scenario())


def test_subcommands_deferral_and_autocomplete(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()):
            added = await sim.slash("playlist songs add", options={"query": "blue"})
            assert (await added.acknowledged()).type == 5
            assert (await added.response()).content == "added blue"
            shown = await sim.slash("playlist show")
            assert (await shown.response()).content == "empty"
            typing = await sim.autocomplete("playlist songs add", "query", "bl")
            assert await typing.choices() == [{"name": "bla", "value": "a"}, {"name": "blb", "value": "b"}]
            with pytest.raises(SimulatorError, match="not a modal"):
                await typing.modal()
            assert sim.ledger.interaction_counts() == {
                ("application_command", "playlist songs add"): 1,
                ("application_command", "playlist show"): 1,
                ("autocomplete", "playlist songs add"): 1,
            }

    asyncio.run(scenario())


def test_context_menus_and_ephemeral_answers(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()):
            said = await sim.say("something rude")
            reported = await sim.context_menu("message", "Report message", said)
            answer = await reported.response()
            assert answer.content == "reported something rude"
            assert answer.ephemeral
            poked = await sim.context_menu("user", "Poke", sim.guild().people[2])
            assert (await poked.response()).content == "poked user2"
            with pytest.raises(ValueError, match="no user menu"):
                await sim.context_menu("user", "Poke", said)
            # Nobody but the user sees an ephemeral message, so only two were announced.
            assert sim.ledger.event_counts()["MESSAGE_CREATE"] == 2

    asyncio.run(scenario())


def test_components(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()):
            player = await (await sim.slash("player")).response()
            assert [component.label for component in player.components] == [
                "Skip",
                "Later",
                "Feedback",
                "Genre",
                "Whom",
            ]
            skipped = await sim.click(player, "skip")
            assert (await skipped.acknowledged()).type == 7
            assert (await skipped.response()).content == "skipped"
            later = await sim.click(player.id, "Later")
            assert (await later.acknowledged()).type == 6
            chosen = await sim.select(player, "Genre", ["j"])
            assert (await chosen.response()).content == "genre j"
            whom = await sim.select(player, "Whom", [sim.guild().people[3].user.id])
            assert (await whom.response()).content == "whom user3"
            assert sim.ledger.interactions[skipped.id].name == "skip"

            with pytest.raises(ValueError, match="does not offer Polka"):
                await sim.select(player, "Genre", ["Polka"])
            with pytest.raises(ValueError, match=r"see select\(\)"):
                await sim.click(player, "Genre")
            with pytest.raises(ValueError, match=r"see click\(\)"):
                await sim.select(player, "skip", [])
            with pytest.raises(UnknownComponentError, match="it has: skip"):
                await sim.click(player, "Stop")
            with pytest.raises(UnknownComponentError, match="no message 1"):
                await sim.click(1, "Stop")

    asyncio.run(scenario())


def test_modals_from_commands_and_buttons(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()):
            submitted = await sim.submit_modal(await sim.slash("feedback"), {"Name": "Ann", **MOOD})
            assert (await submitted.response()).content == "Ann is good: none"
            player = await (await sim.slash("player")).response()
            opened = await sim.click(player, "Feedback")
            submitted = await sim.submit_modal(opened, {"Name": "Bob", "Story": "long", **MOOD})
            assert (await submitted.response()).content == "Bob is good: long"
            with pytest.raises(ValueError, match="no field 'Age'"):
                await sim.submit_modal(opened, {"Age": "7"})
            with pytest.raises(ValueError, match="takes text"):
                await sim.submit_modal(opened, {"Name": ["x"]})
            if HAS_LABELS:
                with pytest.raises(ValueError, match="sequence of values"):
                    await sim.submit_modal(opened, {"Mood": "good"})
            assert sum(entry.kind == "modal_submit" for entry in sim.ledger.interactions.values()) == 2

    asyncio.run(scenario())


def test_an_answer_after_three_seconds_is_refused(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()) as bot:
            handle = await sim.slash("late")
            await sim.settle()
            assert handle.entry.late
            await until(lambda: bot.counted.seen)
            with pytest.raises(TimeoutError, match="status 404"):
                await handle.acknowledged(timeout=0.01)
            assert bot.counted.seen == ["late 10062"]
            assert not handle.entry.acknowledged
            assert handle.entry.acknowledged_after > 3
            route = "/interactions/{webhook_id}/{webhook_token}/callback"
            assert sim.ledger.rest_counts()["POST", route, 404] == 1

    asyncio.run(scenario())


def test_a_second_answer_is_refused(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()) as bot:
            handle = await sim.slash("twice")
            await handle.acknowledged()
            await sim.settle()
            assert bot.counted.seen == ["twice 400 40060"]
            assert handle.entry.callbacks == 2
            assert handle.entry.status in (200, 204)

    asyncio.run(scenario())


def test_commands_which_were_not_synced(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything(sync=False)):
            added = await sim.slash("playlist songs add", options={"query": "red"})
            assert (await added.response()).content == "added red"
            greeted = await sim.slash("greet", options={"who": sim.guild().people[1], "times": 2, "aloud": False})
            assert (await greeted.response()).content == "user1 None None 2 0.5 False"
            poked = await sim.context_menu("user", "Poke", sim.guild().people[2])
            assert (await poked.response()).content == "poked user2"

    asyncio.run(scenario())


def test_mistakes_are_explained(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()):
            with pytest.raises(SimulatorError, match="no command 'gret', but: feedback, greet"):
                await sim.slash("gret")
            with pytest.raises(ValueError, match="required option is missing: who"):
                await sim.slash("greet")
            with pytest.raises(ValueError, match="no such option: whom; there are: who"):
                await sim.slash("greet", options={"whom": 1})
            with pytest.raises(ValueError, match="'times' takes int"):
                await sim.slash("greet", options={"who": sim.guild().people[0], "times": "3"})
            with pytest.raises(ValueError, match="there is no user 5"):
                await sim.slash("greet", options={"who": 5})
            with pytest.raises(SimulatorError, match="there is no guild 5"):
                await sim.slash("secret", guild=5)
            assert not sim.ledger.interactions

    asyncio.run(scenario())


def test_guild_commands_and_an_unknown_command_by_id(run_bot):
    async def scenario():
        async with Simulator() as sim:
            guild_id = list(sim.world.guilds)[1]
            bot = everything(sync=False)
            bot.tree.clear_commands(guild=None)
            failures = []

            @bot.tree.command(guild=discord.Object(guild_id))
            async def local(interaction: discord.Interaction) -> None:
                await interaction.response.send_message("here")

            @bot.tree.error
            async def on_error(interaction: discord.Interaction, error: Exception) -> None:
                failures.append(type(error).__name__)

            async with run_bot(sim, bot):
                await bot.tree.sync(guild=discord.Object(guild_id))
                handle = await sim.slash("local", guild=guild_id)
                assert (await handle.response()).content == "here"
                assert (await bot.tree.fetch_commands(guild=discord.Object(guild_id)))[0].name == "local"
                await sim.slash("unheard", command_id=77)
                await asyncio.sleep(0.1)
                assert failures == ["CommandNotFound"]

    asyncio.run(scenario())


def test_the_answer_in_a_direct_conversation(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()):
            user = sim.guild().people[4].user
            channel = sim.world.dm_channel(user)
            handle = await sim.slash("secret", channel=channel)
            assert (await handle.response()).content == "psst"
            said = await sim.say("!ping", channel=channel)
            assert (await said.reply()).content == "pong"

    asyncio.run(scenario())


def test_interactions_may_be_delayed_and_belong_to_an_install(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()):
            owner = sim.guild().people[1].user
            sim.world.user_installs.add(owner.id)
            sim.interaction_delay = 0.3
            answers = [
                await sim.slash("playlist show"),
                await sim.slash("playlist show", user=owner),
                await sim.slash("playlist show", channel=sim.world.dm_channel(owner)),
            ]
            for handle in answers:
                assert handle.entry.sent_at - handle.entry.created_at >= 0.3
                await handle.acknowledged()

    asyncio.run(scenario())
