"""Every interaction is timed from its arrival to its handler's end, once, with the original exception."""

from __future__ import annotations

import asyncio
import gc
import time
import weakref
from typing import Any

import discord
import pytest
from discord import app_commands
from discord.ext import commands

from discord_simulator import BackgroundSimulator

from .conftest import Observed, deadline, make_bot, running, until

DURATION = "discord.interaction.duration"
COMMANDS = "discord.command.duration"


def test_peer_fault_01_a_handler_that_blocks_before_its_first_await_is_recorded_in_full(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    bot = make_bot()

    @bot.tree.command()
    async def block(interaction: discord.Interaction) -> None:
        """Block."""
        time.sleep(0.4)
        await interaction.response.send_message("done")

    async def main() -> None:
        async with running(bot, simulator):
            handle = await simulator.slash("block")
            await handle.acknowledged()
            await simulator.settle()

    asyncio.run(main())
    key = ("application_command", "block", None, "ok", None)
    assert observed.counts(DURATION) == {key: 1}
    assert observed.sums(DURATION)[key] == pytest.approx(0.4, abs=0.05)
    assert observed.sums(COMMANDS)["block", "slash", "ok", None] == pytest.approx(0.4, abs=0.05)
    span = observed.span("command block")
    assert (span.end_time - span.start_time) / 1e9 == pytest.approx(0.4, abs=0.05)


@pytest.mark.parametrize("history", [False, True])
def test_a_span_has_the_ids_of_the_interaction_whether_or_not_there_is_a_history(
    observed: Observed, simulator: BackgroundSimulator, history: bool
) -> None:
    rows: list[dict[str, Any]] = []
    if history:
        observed.telemetry.history = lambda _, attributes, __: rows.append(dict(attributes))
    bot = make_bot()

    @bot.tree.command()
    async def ping(interaction: discord.Interaction) -> None:
        """Ping."""
        seen.append(interaction)
        await interaction.response.send_message("pong")

    seen: list[discord.Interaction] = []

    async def main() -> None:
        async with running(bot, simulator):
            handle = await simulator.slash("ping")
            await handle.acknowledged()
            await simulator.settle()

    asyncio.run(main())
    (interaction,) = seen
    ids = {
        "discord.guild.id": str(interaction.guild_id),
        "discord.shard.id": 0,
        "discord.channel.id": str(interaction.channel_id),
        "discord.user.id": str(interaction.user.id),
        "discord.interaction.id": str(interaction.id),
    }
    attributes = dict(observed.span("command ping").attributes)
    assert ids.items() <= attributes.items()
    common = {"discord.outcome": "ok", "discord.command.name": "ping", "discord.command.type": "slash"}
    assert common.items() <= attributes.items()
    if history:  # the row has what the span has, except for what only a span needs
        (row,) = rows
        assert row == {name: value for name, value in attributes.items() if "interaction" not in name}
    else:
        assert rows == []


def test_peer_fault_02_a_handler_that_raises_before_its_first_await_has_its_span_and_leaves_nothing(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    bot = make_bot()

    @bot.tree.command()
    async def fail(interaction: discord.Interaction) -> None:
        """Fail."""
        raise ZeroDivisionError("by hand")

    async def main() -> None:
        async with running(bot, simulator):
            with deadline(0.3):
                await simulator.slash("fail")
                await until(lambda: observed.spans("command fail"))
                await until(lambda: len(observed.interactions) == 0)  # it waits for the deadline

    asyncio.run(main())
    assert observed.counts(DURATION) == {("application_command", "fail", None, "error", "ZeroDivisionError"): 1}
    assert observed.counts(COMMANDS) == {("fail", "slash", "error", "ZeroDivisionError"): 1}
    span = observed.span("command fail")
    assert span.status.status_code.name == "ERROR"
    assert span.attributes["error.type"] == "ZeroDivisionError"
    (event,) = span.events
    assert event.attributes["exception.type"] == "ZeroDivisionError"
    assert event.attributes["exception.message"] == "by hand"
    assert "raise ZeroDivisionError" in event.attributes["exception.stacktrace"]


def test_peer_fault_06_a_hybrid_command_counts_once_whichever_way_it_came_in(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    bot = make_bot()

    @bot.hybrid_command()
    async def both(ctx: commands.Context[commands.Bot]) -> None:
        """Both."""
        await ctx.send("here")

    @bot.hybrid_command()
    async def broken(ctx: commands.Context[commands.Bot]) -> None:
        """Broken."""
        raise KeyError("x")

    async def main() -> None:
        async with running(bot, simulator):
            await (await simulator.slash("both")).acknowledged()
            await (await simulator.say("!both")).reply()
            await simulator.slash("broken")
            await simulator.say("!broken")
            await until(lambda: len(observed.spans("command broken")) == 2)

    asyncio.run(main())
    assert observed.counts(COMMANDS) == {
        ("both", "slash", "ok", None): 1,
        ("both", "prefix", "ok", None): 1,
        ("broken", "slash", "error", "KeyError"): 1,
        ("broken", "prefix", "error", "KeyError"): 1,
    }
    assert sum(observed.counts(DURATION).values()) == 2


class Player(discord.ui.View):
    """One of each: well, badly, not allowed."""

    @discord.ui.button(label="skip")
    async def skip(self, interaction: discord.Interaction, _: object) -> None:
        await interaction.response.send_message("skipped")

    @discord.ui.button(label="crash")
    async def crash(self, interaction: discord.Interaction, _: object) -> None:
        raise LookupError("no song")

    @discord.ui.select(placeholder="volume", options=[discord.SelectOption(label="loud")])
    async def volume(self, interaction: discord.Interaction, _: object) -> None:
        await interaction.response.defer()

    async def on_error(self, *_: object) -> None:
        pass


class Feedback(discord.ui.Modal, title="Feedback"):
    """A modal that fails on demand."""

    text: discord.ui.TextInput[discord.ui.View] = discord.ui.TextInput(label="text", custom_id="text")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        if self.text.value == "fail":
            raise PermissionError("no")
        await interaction.response.send_message("thanks")

    async def on_error(self, *_: object) -> None:
        pass


class Vote(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"vote:(?P<what>\w+)"):
    """A button that outlives its view."""

    def __init__(self, what: str) -> None:
        super().__init__(discord.ui.Button(label=what, custom_id=f"vote:{what}"))
        self.what = what

    @classmethod
    async def from_custom_id(cls, _: object, __: object, match: object) -> Vote:
        return cls(match["what"])  # type: ignore[index]

    async def callback(self, interaction: discord.Interaction) -> None:
        if self.what == "against":
            raise OverflowError("too many")
        await interaction.response.defer()


def test_peer_fault_03_components_modals_and_autocomplete_are_timed_and_leave_nothing_behind(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    bot = make_bot()
    bot.add_dynamic_items(Vote)

    @bot.tree.command()
    async def play(interaction: discord.Interaction, song: str = "") -> None:
        """Play."""
        view = Player()
        view.add_item(Vote("for"))
        view.add_item(Vote("against"))
        await interaction.response.send_message("playing", view=view)

    @play.autocomplete("song")
    async def songs(_: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        if current == "fail":
            raise BufferError("no songs")
        return [app_commands.Choice(name=current, value=current)]

    @bot.tree.command()
    async def feedback(interaction: discord.Interaction) -> None:
        """Ask."""
        await interaction.response.send_modal(Feedback())

    async def main() -> None:
        async with running(bot, simulator):
            assert await (await simulator.autocomplete("play", "song", "abba")).choices()
            await simulator.autocomplete("play", "song", "fail")
            message = await (await simulator.slash("play")).response()
            await (await simulator.click(message, "skip")).acknowledged()
            await simulator.click(message, "crash")
            await (await simulator.select(message, "volume", ["loud"])).acknowledged()
            await (await simulator.click(message, "vote:for")).acknowledged()
            await simulator.click(message, "vote:against")
            for text in ("fine", "fail"):
                asked = await simulator.slash("feedback")
                await asked.modal()
                await simulator.submit_modal(asked, {"text": text})
            await until(lambda: sum(observed.counts(DURATION).values()) == 12)
            await until(lambda: len(observed.interactions) == 0)  # the failed ones wait for Discord's deadline

    asyncio.run(main())
    assert observed.counts(DURATION) == {
        ("autocomplete", "play", None, "ok", None): 1,
        ("autocomplete", "play", None, "error", "BufferError"): 1,
        ("application_command", "play", None, "ok", None): 1,
        ("application_command", "feedback", None, "ok", None): 2,
        ("component", None, "Player.skip", "ok", None): 1,
        ("component", None, "Player.crash", "error", "LookupError"): 1,
        ("component", None, "Player.volume", "ok", None): 1,
        ("component", None, "Vote", "ok", None): 1,
        ("component", None, "Vote", "error", "OverflowError"): 1,
        ("modal_submit", None, "Feedback", "ok", None): 1,
        ("modal_submit", None, "Feedback", "error", "PermissionError"): 1,
    }
    assert observed.values("discord.interaction.unacknowledged") == {
        ("autocomplete", "play"): 1,
        ("component", None): 2,
        ("modal_submit", None): 1,
    }
    assert set(observed.values("discord.interaction.active").values()) == {0}
    names = {span.name for span in observed.spans() if span.parent is None and span.kind.name == "SERVER"}
    assert names == {
        "autocomplete play",
        "command play",
        "command feedback",
        "component Player.skip",
        "component Player.crash",
        "component Player.volume",
        "component Vote",
        "modal Feedback",
    }


def test_an_overridden_on_error_still_runs_and_the_exception_is_noted(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    seen: list[Exception] = []

    class View(discord.ui.View):
        @discord.ui.button(label="crash")
        async def crash(self, interaction: discord.Interaction, _: object) -> None:
            raise LookupError("no song")

        async def on_error(self, interaction: discord.Interaction, error: Exception, item: object) -> None:
            seen.append(error)
            await interaction.response.send_message("sorry")

    bot = make_bot()

    @bot.tree.command()
    async def show(interaction: discord.Interaction) -> None:
        """Show."""
        await interaction.response.send_message("here", view=View())

    async def main() -> None:
        async with running(bot, simulator):
            message = await (await simulator.slash("show")).response()
            answer = await (await simulator.click(message, "crash")).acknowledged()
            assert answer.content == "sorry"
            await until(lambda: observed.spans("component View.crash"))

    asyncio.run(main())
    assert [type(error) for error in seen] == [LookupError]
    assert ("component", None, "View.crash", "error", "LookupError") in observed.counts(DURATION)


def test_checks_cooldowns_and_bad_input_are_the_users_doing(observed: Observed, simulator: BackgroundSimulator) -> None:
    bot = make_bot()

    @bot.tree.command()
    @app_commands.checks.cooldown(1, 60.0)
    async def rare(interaction: discord.Interaction) -> None:
        """Rare."""
        await interaction.response.send_message("now")

    @bot.tree.command()
    @app_commands.check(lambda _: False)
    async def never(interaction: discord.Interaction) -> None:
        """Never."""

    @bot.command()
    async def add(ctx: commands.Context[commands.Bot], number: int) -> None:
        await ctx.send(str(number))

    async def main() -> None:
        async with running(bot, simulator):
            await (await simulator.slash("rare")).acknowledged()
            await simulator.slash("rare")
            await simulator.slash("never")
            await simulator.say("!add one")
            await simulator.say("!add")
            await simulator.say("!unknown")
            await until(lambda: sum(observed.counts(COMMANDS).values()) == 6)

    asyncio.run(main())
    assert observed.counts(COMMANDS) == {
        ("rare", "slash", "ok", None): 1,
        ("rare", "slash", "rejected", "CommandOnCooldown"): 1,
        ("never", "slash", "rejected", "CheckFailure"): 1,
        ("add", "prefix", "rejected", "BadArgument"): 1,
        ("add", "prefix", "rejected", "MissingRequiredArgument"): 1,
        ("_OTHER", "prefix", "rejected", "CommandNotFound"): 1,
    }
    assert {span.status.status_code.name for span in observed.spans("command rare")} == {"UNSET"}


def test_peer_fault_05_the_trees_own_check_and_its_errors_set_after_attach_are_counted(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    bot = make_bot()

    @bot.tree.command()
    async def held(interaction: discord.Interaction) -> None:
        """Held."""
        raise MemoryError("full")

    allowed = True

    async def interaction_check(_: discord.Interaction) -> bool:
        return allowed

    bot.tree.interaction_check = interaction_check
    handled: list[BaseException] = []

    async def main() -> None:
        nonlocal allowed
        async with running(bot, simulator):

            @bot.tree.error
            async def on_error(_: discord.Interaction, error: app_commands.AppCommandError) -> None:
                handled.append(error)

            await simulator.slash("held")
            await until(lambda: handled)
            allowed = False
            await simulator.slash("held")
            await until(lambda: sum(observed.counts(COMMANDS).values()) == 2)

    asyncio.run(main())
    assert observed.counts(COMMANDS) == {
        ("held", "slash", "error", "MemoryError"): 1,
        ("held", "slash", "rejected", None): 1,
    }


def test_context_menus_have_their_type_and_their_error(observed: Observed, simulator: BackgroundSimulator) -> None:
    bot = make_bot()

    @bot.tree.context_menu(name="Who")
    async def who(interaction: discord.Interaction, member: discord.Member) -> None:
        await interaction.response.send_message(member.name)

    @bot.tree.context_menu(name="Report")
    async def report(interaction: discord.Interaction, message: discord.Message) -> None:
        raise BlockingIOError("busy")

    async def main() -> None:
        async with running(bot, simulator):
            said = await simulator.say("hello")
            await (await simulator.context_menu("user", "Who", simulator.guild().people[0])).acknowledged()
            await simulator.context_menu("message", "Report", said.message)
            await until(lambda: sum(observed.counts(COMMANDS).values()) == 2)

    asyncio.run(main())
    assert observed.counts(COMMANDS) == {
        ("Who", "user", "ok", None): 1,
        ("Report", "message", "error", "BlockingIOError"): 1,
    }


def test_a_command_that_the_bot_does_not_know_is_its_error(observed: Observed, simulator: BackgroundSimulator) -> None:
    bot = make_bot()

    async def main() -> None:
        async with running(bot, simulator):
            await simulator.slash("gone", command_id=1)
            await until(lambda: observed.counts(COMMANDS))

    asyncio.run(main())
    assert observed.counts(COMMANDS) == {("gone", "slash", "error", "CommandNotFound"): 1}


def test_a_group_is_named_by_its_subcommand(observed: Observed, simulator: BackgroundSimulator) -> None:
    bot = make_bot()
    group = app_commands.Group(name="playlist", description="Lists.")
    inner = app_commands.Group(name="song", description="Songs.", parent=group)

    @inner.command()
    async def add(interaction: discord.Interaction, title: str) -> None:
        """Add."""
        await interaction.response.send_message(title)

    bot.tree.add_command(group)

    @bot.group(invoke_without_command=True)
    async def admin(ctx: commands.Context[commands.Bot]) -> None:
        await ctx.send("what?")

    @admin.command()
    async def ban(ctx: commands.Context[commands.Bot]) -> None:
        await ctx.send("gone")

    async def main() -> None:
        async with running(bot, simulator):
            await (await simulator.slash("playlist song add", options={"title": "x"})).acknowledged()
            await (await simulator.say("!admin ban")).reply()
            await (await simulator.say("!admin")).reply()
            await until(lambda: sum(observed.counts(COMMANDS).values()) == 3)

    asyncio.run(main())
    assert observed.counts(COMMANDS) == {
        ("playlist song add", "slash", "ok", None): 1,
        ("admin ban", "prefix", "ok", None): 1,
        ("admin", "prefix", "ok", None): 1,
    }
    assert {
        span.name for span in observed.spans() if span.parent is None and span.kind.name in ("SERVER", "CONSUMER")
    } == {
        "command playlist song add",
        "command admin ban",
        "command admin",
    }


def test_an_unknown_component_ends_at_once_as_unhandled(observed: Observed, simulator: BackgroundSimulator) -> None:
    bot = make_bot()

    @bot.tree.command()
    async def show(interaction: discord.Interaction) -> None:
        """Show."""
        view = Player(timeout=None)
        await interaction.response.send_message("here", view=view)
        view.stop()

    async def main() -> None:
        async with running(bot, simulator):
            message = await (await simulator.slash("show")).response()
            await simulator.click(message, "skip")
            await until(lambda: sum(observed.counts(DURATION).values()) == 2)

    asyncio.run(main())
    assert observed.counts(DURATION)["component", None, None, "error", "unhandled"] == 1


def test_a_client_without_a_tree_is_timed_by_its_listener(observed: Observed, simulator: BackgroundSimulator) -> None:
    took: list[float] = []
    running_then: list[dict[tuple[Any, ...], float]] = []

    class Client(discord.Client):
        async def on_interaction(self, interaction: discord.Interaction) -> None:
            started = time.perf_counter()
            running_then.append(observed.values("discord.interaction.active"))
            await asyncio.sleep(0.1)
            await interaction.response.send_message("by hand")
            took.append(time.perf_counter() - started)

    async def main() -> None:
        client = Client(intents=discord.Intents.all())
        async with running(client, simulator):
            await (await simulator.slash("any", command_id=1)).acknowledged()
            await until(lambda: observed.counts(DURATION))

    asyncio.run(main())
    key = ("application_command", "any", None, "ok", None)
    assert observed.counts(DURATION) == {key: 1}
    assert observed.sums(DURATION)[key] == pytest.approx(took[0], abs=0.05)
    nothing = {("application_command",): 0, ("autocomplete",): 0, ("component",): 0, ("modal_submit",): 0}
    assert running_then == [{**nothing, ("application_command",): 1}]
    assert observed.values("discord.interaction.active") == nothing


@pytest.mark.alone  # within 5 %
def test_acknowledgement_is_timed_from_creation_and_lateness_is_counted(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    bot = make_bot()
    left: list[asyncio.Task[None]] = []

    @bot.tree.command()
    async def soon(interaction: discord.Interaction) -> None:
        """Soon."""
        await asyncio.sleep(0.3)
        await interaction.response.defer()

    @bot.tree.command()
    async def never(interaction: discord.Interaction) -> None:
        """Never."""

    @bot.tree.command()
    async def late(interaction: discord.Interaction) -> None:
        """Late."""
        await asyncio.sleep(3.2)
        await interaction.response.defer()

    @bot.tree.command()
    async def elsewhere(interaction: discord.Interaction) -> None:
        """Answer from a task that outlives the handler."""

        async def answer() -> None:
            await asyncio.sleep(0.2)
            await interaction.response.defer()

        left.append(asyncio.create_task(answer()))

    async def main() -> None:
        async with running(bot, simulator):
            handles = [await simulator.slash(name) for name in ("soon", "never", "late", "elsewhere")]
            await handles[0].acknowledged()
            await handles[3].acknowledged()
            await until(lambda: len(observed.interactions) == 0)
            for handle, name in ((handles[0], "soon"), (handles[3], "elsewhere")):
                ours = observed.sums("discord.interaction.response.time")["application_command", name]
                theirs = handle.entry.acknowledged_after
                assert theirs is not None
                assert ours == pytest.approx(theirs, abs=max(0.005, theirs * 0.05))

    asyncio.run(main())
    assert observed.values("discord.interaction.unacknowledged") == {
        ("application_command", "never"): 1,
        ("application_command", "late"): 1,
    }
    assert observed.counts(COMMANDS)["late", "slash", "error", "NotFound"] == 1


def test_what_a_failed_handler_had_is_not_kept_until_the_deadline(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    kept: list[weakref.ref[object]] = []

    class Thing:
        pass

    async def main() -> None:
        bot = make_bot()

        @bot.tree.command()
        async def fail(interaction: discord.Interaction) -> None:
            """Fail."""
            thing = Thing()
            kept.append(weakref.ref(thing))
            raise ZeroDivisionError

        async with running(bot, simulator):
            await simulator.slash("fail")
            await until(lambda: observed.counts("discord.interaction.duration"))
            await asyncio.sleep(0)
            gc.collect()
            assert len(observed.interactions) == 1  # it may still be acknowledged
            assert kept[0]() is None

    asyncio.run(main())
