"""Faults that were measured in other tools for Discord bots, unless another file tests for them.

Every such fault is a test named ``test_peer_fault_<number>_…``; ``pytest -k peer_fault`` runs them all.
"""

from __future__ import annotations

import asyncio
import re

import discord
from discord import app_commands
from discord.ext import commands

from discord_simulator import BackgroundSimulator

from .conftest import Observed, make_bot, running, until

DURATION = "discord.interaction.duration"
COMMANDS = "discord.command.duration"
WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"
SNOWFLAKE = re.compile(r"\d{15,20}")


class NoSuchSongError(Exception):
    """The bot's own exception."""


class Song(commands.Converter[str]):
    """A lookup that finds nothing."""

    async def convert(self, _: object, __: str) -> str:
        raise NoSuchSongError


class Crashing(discord.ui.View):
    """A button that fails."""

    @discord.ui.button(label="crash")
    async def crash(self, interaction: discord.Interaction, _: object) -> None:
        raise NoSuchSongError

    async def on_error(self, *_: object) -> None:
        pass


def test_peer_fault_04_the_error_type_is_the_original_class_everywhere(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    bot = make_bot()

    @bot.tree.command()
    async def slash(interaction: discord.Interaction) -> None:
        """Fail."""
        raise NoSuchSongError

    @bot.tree.command()
    async def show(interaction: discord.Interaction, song: str = "") -> None:
        """Show a button."""
        await interaction.response.send_message("here", view=Crashing())

    @show.autocomplete("song")
    async def songs(_: discord.Interaction, __: str) -> list[app_commands.Choice[str]]:
        raise NoSuchSongError

    @bot.hybrid_command()
    async def hybrid(ctx: commands.Context[commands.Bot]) -> None:
        """Fail."""
        raise NoSuchSongError

    @bot.tree.context_menu(name="Menu")
    async def menu(interaction: discord.Interaction, user: discord.Member) -> None:
        raise NoSuchSongError

    @bot.command()
    async def converted(ctx: commands.Context[commands.Bot], what: Song) -> None:
        await ctx.send("never")

    async def main() -> None:
        async with running(bot, simulator):
            await simulator.slash("slash")
            await simulator.slash("hybrid")
            await simulator.say("!hybrid")
            await simulator.say("!converted x")
            await simulator.context_menu("user", "Menu", simulator.guild().people[0])
            await simulator.autocomplete("show", "song", "a")
            message = await (await simulator.slash("show")).response()
            await simulator.click(message, "crash")
            await until(lambda: sum(observed.counts(DURATION).values()) == 6)
            await until(lambda: sum(observed.counts(COMMANDS).values()) == 6)

    asyncio.run(main())
    commands_failed = {key[0]: key[2:] for key in observed.counts(COMMANDS) if key[2] != "ok"}
    assert commands_failed == dict.fromkeys(("slash", "hybrid", "Menu", "converted"), ("error", "NoSuchSongError"))
    failed = [key for key in observed.counts(DURATION) if key[3] != "ok"]
    assert len(failed) == 5
    assert {key[3:] for key in failed} == {("error", "NoSuchSongError")}
    recorded = {event.attributes["exception.type"] for span in observed.spans() for event in span.events}
    assert {name.rpartition(".")[2] for name in recorded} == {"NoSuchSongError"}


def test_peer_fault_14_hooks_can_be_put_back_and_counters_go_on(simulator: BackgroundSimulator) -> None:
    observed = Observed()
    bot = make_bot()
    counted: list[int] = []

    @bot.tree.command()
    async def ping(interaction: discord.Interaction) -> None:
        """Ping."""
        await interaction.response.send_message("pong")

    async def main() -> None:
        async with running(bot, simulator):
            for _ in range(3):
                observed.source.install()
                observed.source.install()  # repeated, it changes nothing
                await (await simulator.slash("ping")).acknowledged()
                await simulator.settle()
                counted.append(sum(observed.counts(DURATION).values()))
                observed.source.uninstall()
                observed.source.uninstall()
                await (await simulator.slash("ping")).acknowledged()
                await simulator.settle()
                counted.append(sum(observed.counts(DURATION).values()))

    asyncio.run(main())
    assert counted == [1, 1, 2, 2, 3, 3]
    assert observed.faults() == {}


def test_peer_fault_16_answers_and_follow_ups_are_seen(observed: Observed, simulator: BackgroundSimulator) -> None:
    bot = make_bot()

    @bot.tree.command()
    async def work(interaction: discord.Interaction) -> None:
        """Work."""
        await interaction.response.defer(thinking=True)
        await interaction.edit_original_response(content="soon")
        message = await interaction.followup.send("more", wait=True)
        await message.edit(content="even more")
        await message.delete()

    async def main() -> None:
        async with running(bot, simulator):
            await simulator.slash("work")
            await until(lambda: observed.spans("command work"))

    asyncio.run(main())
    root = observed.span("command work")
    children = [span for span in observed.spans() if span.parent and span.parent.span_id == root.context.span_id]
    assert [span.name for span in children] == [
        "POST /interactions/{webhook_id}/{webhook_token}/callback",
        f"PATCH {WEBHOOK}/messages/@original",
        f"POST {WEBHOOK}",
        f"PATCH {WEBHOOK}/messages/{{message_id}}",
        f"DELETE {WEBHOOK}/messages/{{message_id}}",
    ]
    theirs = [(entry.method, entry.template) for entry in simulator.ledger.rest_now()[-5:]]
    assert theirs == [tuple(span.name.split(" ", 1)) for span in children]


def test_peer_fault_17_no_id_on_a_metric_and_no_user_text_anywhere(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    bot = make_bot()
    secret = "my-own-secret-plan"
    user = simulator.guild().people[0]

    @bot.tree.command()
    async def tell(interaction: discord.Interaction, what: str, whom: discord.Member) -> None:
        """Tell."""
        await interaction.response.send_message(what, view=Crashing())

    @bot.command()
    async def repeat(ctx: commands.Context[commands.Bot], what: str) -> None:
        await ctx.send(what)

    async def main() -> None:
        async with running(bot, simulator):
            answer = await (await simulator.slash("tell", options={"what": secret, "whom": user})).response()
            await simulator.click(answer, "crash")
            said = await simulator.say(f"!repeat {secret}")
            await said.reply()
            await simulator.react(said.message, "👍")
            await simulator.say(f"!{secret}")
            await simulator.typing()
            await until(lambda: sum(observed.counts(COMMANDS).values()) == 3)
            await until(lambda: sum(observed.counts(DURATION).values()) == 2)

    asyncio.run(main())
    metrics = observed.reader.get_metrics_data().to_json()
    points = [
        point.attributes
        for resource in observed.reader.get_metrics_data().resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
    ]
    assert len(points) > 20
    assert not [attributes for attributes in points if SNOWFLAKE.search(str(attributes))]
    spans = "".join(span.to_json() for span in observed.spans())
    events = "".join(f"{record.body} {record.attributes}" for record in observed.events())
    for text in (secret, user.user.name):
        assert text not in metrics + spans + events
    assert SNOWFLAKE.search(spans)  # spans may have ids
