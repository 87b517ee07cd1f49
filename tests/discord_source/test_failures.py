"""Why a call failed, by Discord's code, and why an acknowledgement was late, missing or refused."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import discord
import pytest
from discord.ext import commands

from argus_otel.settings import Settings
from argus_otel.sources.discord.outcomes import REFUSALS
from argus_otel.sources.process.source import ProcessSource
from discord_simulator import BackgroundSimulator, Refused, ServerError

from .conftest import Observed, deadline, make_bot, running, until

CALLBACK = "/interactions/{webhook_id}/{webhook_token}/callback"
MESSAGES = "/channels/{channel_id}/messages"
ERRORS = "discord.rest.errors"
LATE = "discord.interaction.late"
UNACKNOWLEDGED = "discord.interaction.unacknowledged"
COMMAND = "application_command"

Rows = list[dict[str, Any]]


@pytest.fixture
def rows(observed: Observed) -> Rows:
    """Keep the history's rows."""
    kept: Rows = []
    observed.telemetry.history = lambda event, attributes, _: kept.append({**attributes, "event": event.name})
    return kept


@pytest.fixture
def watched(observed: Observed) -> Iterator[Observed]:
    """Watch the event loop, as the process source does beside each bot."""
    process = ProcessSource(observed.telemetry, Settings.resolve({}), lambda: None)
    process.install()
    process.start()
    yield observed
    process.uninstall()


def make_command(bot: Any, name: str, body: Callable[[discord.Interaction], Any]) -> None:
    @bot.tree.command(name=name)
    async def command(interaction: discord.Interaction) -> None:
        """Do it."""
        await body(interaction)


def run(simulator: BackgroundSimulator, bot: Any, use: Callable[[], Any]) -> None:
    async def main() -> None:
        async with running(bot, simulator):
            await use()

    asyncio.run(main())


# -- Discord's code

REFUSED = [
    (403, 50001, "Missing Access"),
    (403, 50007, "Cannot send messages to this user"),
    (403, 50013, "Missing Permissions"),
    (404, 10008, "Unknown Message"),
]
FAULTS = [(400, 50035, "Invalid Form Body"), (404, 10003, "Unknown Channel"), (404, 10062, "Unknown interaction")]


def test_the_codes_that_are_told_apart_are_all_tested() -> None:
    assert {code for _, code, _ in REFUSED} == REFUSALS


@pytest.mark.parametrize(("status", "code", "message"), [*REFUSED, *FAULTS])
def test_a_command_that_discord_refuses_has_the_code_everywhere_and_is_the_bots_error_only_if_it_is(
    observed: Observed, simulator: BackgroundSimulator, rows: Rows, status: int, code: int, message: str
) -> None:
    bot = make_bot()
    outcome = "refused" if code in REFUSALS else "error"
    kind = {403: "Forbidden", 404: "NotFound", 400: "HTTPException"}[status]

    async def send(interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        await bot.guilds[0].text_channels[0].send("hello")

    async def send_by_prefix(ctx: commands.Context[Any]) -> None:
        await ctx.send("hello")

    make_command(bot, "send", send)
    bot.command(name="say")(send_by_prefix)

    async def use() -> None:
        simulator.faults.add(Refused(status, code, message), template=MESSAGES)
        await (await simulator.slash("send")).acknowledged()
        await simulator.say("!say")
        await until(lambda: len(rows) == 2)

    run(simulator, bot, use)
    assert observed.values(ERRORS) == {(MESSAGES, code): 2}
    ended = {key: number for key, number in observed.counts("discord.command.duration").items() if number}
    assert ended == {("send", "slash", outcome, kind): 1, ("say", "prefix", outcome, kind): 1}
    ending = {"discord.outcome": outcome, "error.type": kind, "discord.error.code": code}
    assert [ending.items() <= row.items() for row in rows] == [True, True]
    for name in ("command send", "command say"):
        span = observed.span(name)
        assert ending.items() <= span.attributes.items()
        assert span.status.status_code.name == ("UNSET" if outcome == "refused" else "ERROR")
        assert [event.name for event in span.events] == ([] if outcome == "refused" else ["exception"])
    calls = [span for span in observed.spans(f"POST {MESSAGES}") if span.attributes]
    assert [span.attributes["discord.error.code"] for span in calls] == [code, code]


def test_a_failure_without_a_code_of_discords_has_none(observed: Observed, simulator: BackgroundSimulator) -> None:
    bot = make_bot()

    async def use() -> None:
        simulator.faults.add(ServerError(503), template=MESSAGES)
        with pytest.raises(discord.DiscordServerError):
            await bot.guilds[0].text_channels[0].send("hello")

    run(simulator, bot, use)
    assert observed.values(ERRORS) == {}
    assert "discord.error.code" not in observed.span(f"POST {MESSAGES}").attributes


def test_codes_beyond_the_limit_are_counted_as_other(observed: Observed, simulator: BackgroundSimulator) -> None:
    bot = make_bot()

    async def use() -> None:
        channel = bot.guilds[0].text_channels[0]
        for code in range(20_001, 20_131):
            fault = simulator.faults.add(Refused(400, code, "a new one"), template=MESSAGES)
            with pytest.raises(discord.HTTPException):
                await channel.send("hello")
            simulator.faults.remove(fault)

    run(simulator, bot, use)
    values = observed.values(ERRORS)
    assert len(values) == 101
    assert values[MESSAGES, "_OTHER"] == 30
    assert sum(values.values()) == 130


# -- the reason of a late acknowledgement


def test_a_handler_that_is_slow_by_itself(watched: Observed, simulator: BackgroundSimulator, rows: Rows) -> None:
    bot = make_bot()

    async def slow(interaction: discord.Interaction) -> None:
        await asyncio.sleep(3.1)
        await interaction.response.defer()

    make_command(bot, "slow", slow)
    told(watched, simulator, rows, bot, "slow", "slow_handler", code=10062)


def test_a_handler_that_blocks_the_loop(watched: Observed, simulator: BackgroundSimulator, rows: Rows) -> None:
    bot = make_bot()

    async def block(interaction: discord.Interaction) -> None:
        time.sleep(3.1)
        await interaction.response.defer()

    make_command(bot, "block", block)
    told(watched, simulator, rows, bot, "block", "blocked_loop", code=10062)


def test_a_loop_that_other_code_has_blocked_before_the_interaction_was_even_read(
    watched: Observed, simulator: BackgroundSimulator, rows: Rows
) -> None:
    bot = make_bot()

    async def prompt(interaction: discord.Interaction) -> None:
        await interaction.response.defer()

    async def block() -> None:
        await asyncio.sleep(0.3)
        time.sleep(3.3)

    make_command(bot, "prompt", prompt)

    async def use() -> None:
        blocking = asyncio.create_task(block())
        simulator.interaction_delay = 0.5
        used = asyncio.create_task(simulator.slash("prompt"))
        await asyncio.gather(blocking, used)
        await until(lambda: rows)

    run(simulator, bot, use)
    assert watched.values(LATE) == {("blocked_loop", COMMAND): 1}


def test_an_interaction_that_arrives_late(watched: Observed, simulator: BackgroundSimulator, rows: Rows) -> None:
    bot = make_bot()
    simulator.interaction_delay = 3.2

    async def prompt(interaction: discord.Interaction) -> None:
        await interaction.response.defer()

    make_command(bot, "prompt", prompt)
    told(watched, simulator, rows, bot, "prompt", "arrived_late", code=10062)


def test_a_handler_that_ends_without_an_answer(watched: Observed, simulator: BackgroundSimulator, rows: Rows) -> None:
    bot = make_bot()

    async def silent(_: discord.Interaction) -> None:
        pass

    make_command(bot, "silent", silent)

    async def use() -> None:
        with deadline(1.0):
            await simulator.slash("silent")
            await until(lambda: watched.values(UNACKNOWLEDGED))

    run(simulator, bot, use)
    assert watched.values(LATE) == {("unanswered", COMMAND): 1}
    assert "discord.interaction.late.reason" not in rows[0]  # it had ended before that was known


def test_a_handler_that_ends_too_late_without_an_answer(
    watched: Observed, simulator: BackgroundSimulator, rows: Rows
) -> None:
    bot = make_bot()

    async def slow(_: discord.Interaction) -> None:
        await asyncio.sleep(3.1)

    make_command(bot, "slow", slow)
    told(watched, simulator, rows, bot, "slow", "slow_handler", outcome="ok")


def test_a_refusal_as_unknown_although_it_was_in_time(
    watched: Observed, simulator: BackgroundSimulator, rows: Rows
) -> None:
    bot = make_bot()
    simulator.faults.add(Refused(404, 10062, "Unknown interaction"), template=CALLBACK)

    async def prompt(interaction: discord.Interaction) -> None:
        await interaction.response.defer()

    make_command(bot, "prompt", prompt)
    told(watched, simulator, rows, bot, "prompt", "unknown_interaction", code=10062)


def test_a_refusal_as_already_acknowledged_by_another_process_is_no_miss(
    watched: Observed, simulator: BackgroundSimulator, rows: Rows
) -> None:
    bot = make_bot()
    simulator.faults.add(Refused(400, 40060, "Interaction has already been acknowledged."), template=CALLBACK)

    async def prompt(interaction: discord.Interaction) -> None:
        await interaction.response.defer()

    make_command(bot, "prompt", prompt)
    told(watched, simulator, rows, bot, "prompt", "already_acknowledged", kind="HTTPException", code=40060)
    assert watched.values(UNACKNOWLEDGED) == {}
    assert len(watched.interactions) == 0


def test_a_callback_that_fails_for_another_reason(
    watched: Observed, simulator: BackgroundSimulator, rows: Rows
) -> None:
    bot = make_bot()
    simulator.faults.add(Refused(400, 50035, "Invalid Form Body"), template=CALLBACK)

    async def prompt(interaction: discord.Interaction) -> None:
        await interaction.response.defer()

    make_command(bot, "prompt", prompt)

    async def use() -> None:
        with deadline(0.3):
            await simulator.slash("prompt")
            await until(lambda: watched.values(UNACKNOWLEDGED))

    run(simulator, bot, use)
    assert watched.values(LATE) == {("callback_failed", COMMAND): 1}


def test_an_acknowledgement_in_time_has_no_reason(
    watched: Observed, simulator: BackgroundSimulator, rows: Rows
) -> None:
    bot = make_bot()

    async def prompt(interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        with pytest.raises(discord.HTTPException):  # the second one: refused, and counted once
            await interaction._state.http.request(
                discord.http.Route("POST", CALLBACK, webhook_id=interaction.id, webhook_token=interaction.token),
                json={"type": 5},
            )

    async def once(interaction: discord.Interaction) -> None:
        await interaction.response.defer()

    make_command(bot, "twice", prompt)
    make_command(bot, "once", once)

    async def use() -> None:
        for name in ("once", "twice"):
            await (await simulator.slash(name)).acknowledged()
        await until(lambda: len(rows) == 2)

    run(simulator, bot, use)
    assert [row.get("discord.interaction.late.reason") for row in rows] == [None, "already_acknowledged"]
    assert watched.values(LATE) == {("already_acknowledged", COMMAND): 1}
    assert watched.values(UNACKNOWLEDGED) == {}


def told(
    observed: Observed,
    simulator: BackgroundSimulator,
    rows: Rows,
    bot: Any,
    name: str,
    reason: str,
    *,
    outcome: str = "error",
    kind: str = "NotFound",
    code: int | None = None,
) -> None:
    """Use a command whose acknowledgement fails; assert that counter, span and history say why."""

    async def use() -> None:
        await simulator.slash(name)
        await until(lambda: rows, timeout=10.0)

    run(simulator, bot, use)
    assert observed.values(LATE) == {(reason, COMMAND): 1}
    expected: dict[str, Any] = {"discord.interaction.late.reason": reason, "discord.outcome": outcome}
    if code is not None:
        expected |= {"discord.error.code": code, "error.type": kind}
    (row,) = rows
    assert expected.items() <= row.items()
    assert expected.items() <= observed.span(f"command {name}").attributes.items()


# -- where interactions come from


def test_install_and_place_are_counted_and_are_in_the_span_and_in_history(
    observed: Observed, simulator: BackgroundSimulator, rows: Rows
) -> None:
    bot = make_bot()

    async def prompt(interaction: discord.Interaction) -> None:
        await interaction.response.defer()

    make_command(bot, "prompt", prompt)
    world = simulator.world
    guild = next(iter(world.guilds.values()))
    visitor, owner = (member.user for member in guild.people[:2])
    world.user_installs.add(owner.id)

    async def use() -> None:
        for place in ({"user": visitor}, {"user": owner}, {"channel": visitor}, {"channel": owner}):
            where = {key: world.dm_channel(value) if key == "channel" else value for key, value in place.items()}
            await (await simulator.slash("prompt", **where)).acknowledged()
        await until(lambda: len(rows) == 4)
        group = {"context": 2, "authorizing_integration_owners": {"1": str(owner.id)}}
        for extra in (
            group,
            {"context": 7, "authorizing_integration_owners": {}},
            {
                "context": [],
            },
            {},
        ):
            await simulator.dispatch("INTERACTION_CREATE", payload(simulator, owner) | extra, shard_id=0)
        await until(lambda: len(rows) == 8)

    run(simulator, bot, use)
    seen = [(row.get("discord.integration.type"), row.get("discord.context")) for row in rows]
    assert seen[:5] == [
        ("guild", "guild"),
        ("both", "guild"),
        ("guild", "bot_dm"),
        ("user", "bot_dm"),
        ("user", "private_channel"),
    ]
    assert seen[5:] == [(None, None)] * 3  # what Discord does not document yet
    assert observed.values("discord.interaction.origins") == dict.fromkeys(seen[:5], 1)
    spans = [span.attributes for span in observed.spans("command prompt")]
    assert [(each.get("discord.integration.type"), each.get("discord.context")) for each in spans] == seen


def payload(simulator: BackgroundSimulator, user: Any) -> dict[str, Any]:
    """Return an interaction as Discord sends it in a channel that the bot is not in."""
    number = simulator.state.snowflakes.next()
    return {
        "id": str(number),
        "application_id": str(simulator.application_id),
        "type": 2,
        "token": "token",
        "version": 1,
        "data": {"id": "1", "name": "prompt", "type": 1},
        "channel_id": str(number + 1),
        "channel": {"id": str(number + 1), "type": 3, "recipients": [], "name": None},
        "user": {"id": str(user.id), "username": user.name, "discriminator": "0", "avatar": None},
        "entitlements": [],
        "locale": "en-US",
        "attachment_size_limit": 1 << 20,
    }
