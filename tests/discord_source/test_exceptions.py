"""Each exception that ends a bot's work is one log record in its span's context, and is counted once."""

from __future__ import annotations

import asyncio
from typing import Any

import discord
import pytest
from discord import app_commands
from discord.ext import commands, tasks

from discord_simulator import BackgroundSimulator, Reply

from .conftest import Observed, make_bot, running, until


class BotError(Exception):
    pass


def exceptions(observed: Observed) -> dict[str, Any]:
    return {r.event_name: r for r in observed.events() if (r.event_name or "").endswith(".exception")}


def counted(observed: Observed) -> dict[str, float]:
    return {str(fingerprint): value for (fingerprint,), value in observed.values("argus.exceptions").items()}


def failing_bot() -> commands.Bot:
    bot = make_bot()

    @bot.tree.command()
    async def play(interaction: discord.Interaction) -> None:
        """Play."""
        raise BotError("slash")

    @bot.command()
    async def skip(ctx: commands.Context[commands.Bot]) -> None:
        raise BotError("prefix")

    @bot.listen()
    async def on_message(message: discord.Message) -> None:
        if message.content == "listen":
            raise BotError("listener")

    @tasks.loop(count=1)
    async def tidy() -> None:
        raise BotError("task")

    @tidy.error
    async def handled(error: BaseException) -> None:
        pass

    async def setup_hook() -> None:
        tidy.start()

    async def silent(*_: Any) -> None:
        pass

    bot.setup_hook = setup_hook  # type: ignore[method-assign]
    # Without them discord.py would log the exceptions; it does so elsewhere.
    bot.tree.on_error = silent  # type: ignore[method-assign]
    bot.on_command_error = silent  # type: ignore[method-assign]
    bot.on_error = silent  # type: ignore[method-assign]
    return bot


def test_each_kind_of_work_has_one_record_with_its_attributes_in_its_spans_context(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    observed.telemetry.rates.override({"discord.event": 1.0})
    bot = failing_bot()

    async def main() -> None:
        async with running(bot, simulator):
            await simulator.slash("play")
            await simulator.say("!skip")
            await simulator.say("listen")
            await until(lambda: len(exceptions(observed)) == 3 and observed.counts("discord.task.duration"))
            await until(lambda: sum(counted(observed).values()) == 4)

    asyncio.run(main())
    records = exceptions(observed)
    assert sorted(records) == ["discord.command.exception", "discord.event.exception", "discord.task.exception"]
    spans = {"discord.event.exception": "event message", "discord.task.exception": "task tidy"}
    for name, span in spans.items():
        failed = [each for each in observed.spans(span) if each.status.status_code.name == "ERROR"]
        assert [records[name].span_id] == [each.context.span_id for each in failed if each.context is not None]
    attributes = dict(records["discord.task.exception"].attributes or {})
    assert attributes["discord.task.name"] == "tidy"
    assert attributes["exception.message"] == "task"
    assert str(attributes["argus.exception.fingerprint"]).startswith(f"{__name__}.BotError in {__name__}.")
    raised = [dict(r.attributes or {}) for r in observed.events() if r.event_name == "discord.command.exception"]
    assert sorted(str(each["discord.command.name"]) for each in raised) == ["play", "skip"]
    assert list(counted(observed).values()) == [1, 1, 1, 1]


def test_a_failed_rest_call_is_a_warning_and_the_command_that_it_ends_is_an_error(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    bot = make_bot()

    @bot.tree.command()
    async def play(interaction: discord.Interaction) -> None:
        """Play."""
        await interaction.response.send_message("done")
        await interaction.followup.send("more")

    async def silent(*_: Any) -> None:
        pass

    bot.tree.on_error = silent  # type: ignore[method-assign]
    simulator.faults.add(Reply(403, b'{"code": 50013, "message": "Missing Permissions"}'), template="/webhooks/*")

    async def main() -> None:
        async with running(bot, simulator):
            await (await simulator.slash("play")).acknowledged()
            await until(lambda: len(exceptions(observed)) == 2, 15)

    asyncio.run(main())
    records = exceptions(observed)
    assert records["http.client.request.exception"].severity_text == "WARN"
    assert records["discord.command.exception"].severity_text == "ERROR"
    assert records["http.client.request.exception"].trace_id == records["discord.command.exception"].trace_id
    assert records["http.client.request.exception"].span_id != records["discord.command.exception"].span_id
    assert list(counted(observed).values()) == [1]


def test_a_rejection_is_no_exception(observed: Observed, simulator: BackgroundSimulator) -> None:
    bot = make_bot()

    @bot.tree.command()
    @app_commands.check(lambda _: False)
    async def play(interaction: discord.Interaction) -> None:
        """Play."""

    async def main() -> None:
        async with running(bot, simulator):
            await simulator.slash("play")
            await until(lambda: observed.counts("discord.command.duration"))

    asyncio.run(main())
    assert exceptions(observed) == {}
    assert counted(observed) == {}


@pytest.mark.parametrize("raised", [asyncio.CancelledError, GeneratorExit])
def test_an_interruption_is_no_exception(
    observed: Observed, simulator: BackgroundSimulator, raised: type[BaseException]
) -> None:
    bot = make_bot()

    @bot.listen()
    async def on_message(message: discord.Message) -> None:
        if message.content == "listen":
            raise raised

    async def main() -> None:
        async with running(bot, simulator):
            await simulator.say("listen")
            await until(lambda: observed.counts("discord.listener.duration"))

    asyncio.run(main())
    assert exceptions(observed) == {}
    assert counted(observed) == {}
