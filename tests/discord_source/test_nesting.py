"""Spans nest as the work does, the user's own among them; nothing of Discord's leaks into other instrumentations."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import discord
import pytest
from aiohttp import web
from discord.ext import commands
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor

from discord_simulator import BackgroundSimulator

from .conftest import Observed, make_bot, running, until

CALLBACK = "POST /interactions/{webhook_id}/{webhook_token}/callback"


def parent_of(observed: Observed, child: Any) -> str | None:
    """Return the name of a span's parent."""
    if child.parent is None:
        return None
    return next(span.name for span in observed.spans() if span.context.span_id == child.parent.span_id)


def test_what_a_handler_awaits_or_starts_nests_under_it(observed: Observed, simulator: BackgroundSimulator) -> None:
    tracer = observed.tracer_provider.get_tracer("the bot's own")
    bot = make_bot()

    async def query(name: str) -> None:
        with tracer.start_as_current_span(name):
            await asyncio.sleep(0.01)

    @bot.tree.command()
    async def work(interaction: discord.Interaction) -> None:
        """Work."""
        with tracer.start_as_current_span("own"):
            await interaction.response.defer()
            await query("inner query")
        background = asyncio.create_task(query("background query"))
        await interaction.followup.send("done")
        await background

    @bot.command()
    async def ping(ctx: commands.Context[commands.Bot]) -> None:
        await query("prefix query")
        await ctx.send("pong")

    async def main() -> None:
        async with running(bot, simulator):
            await asyncio.gather(*[simulator.slash("work") for _ in range(5)])
            await (await simulator.say("!ping")).reply()
            await until(lambda: len(observed.spans("command work")) == 5 and observed.spans("command ping"))

    asyncio.run(main())
    expected = {
        "own": "command work",
        CALLBACK: "own",
        "inner query": "own",
        "background query": "command work",
        "POST /webhooks/{webhook_id}/{webhook_token}": "command work",
    }
    for name, parent in expected.items():
        assert [parent_of(observed, span) for span in observed.spans(name)] == [parent] * 5
    assert parent_of(observed, observed.span("prefix query")) == "command ping"
    assert parent_of(observed, observed.span("POST /channels/{channel_id}/messages")) == "command ping"
    roots = observed.spans("command work") + observed.spans("command ping")
    assert len({root.context.trace_id for root in roots}) == 6
    assert all(root.parent is None for root in roots)


def test_roots_stay_roots_when_the_bot_runs_inside_a_span(observed: Observed, simulator: BackgroundSimulator) -> None:
    tracer = observed.tracer_provider.get_tracer("the bot's own")
    bot = make_bot()

    @bot.tree.command()
    async def ping(interaction: discord.Interaction) -> None:
        """Ping."""
        await interaction.response.send_message("pong")

    async def main() -> None:
        with tracer.start_as_current_span("main"):
            async with running(bot, simulator):
                await (await simulator.slash("ping")).acknowledged()
                await until(lambda: observed.spans("command ping"))

    asyncio.run(main())
    assert observed.span("command ping").parent is None
    assert parent_of(observed, observed.span(CALLBACK)) == "command ping"


@pytest.mark.parametrize("traced", [True, False])
def test_no_double_spans_and_no_tokens_when_aiohttp_is_instrumented_too(
    observed: Observed, simulator: BackgroundSimulator, traced: bool
) -> None:
    if not traced:
        observed.telemetry.tracing = None
        observed.bridge.refresh = lambda: None  # type: ignore[method-assign]
        observed.telemetry.on_program_start = lambda: None
    AioHttpClientInstrumentor().instrument(tracer_provider=observed.tracer_provider)
    bot = make_bot()
    fetched: list[int] = []

    async def serve(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    @bot.tree.command()
    async def work(interaction: discord.Interaction) -> None:
        """Work."""
        await interaction.response.defer()
        async with aiohttp.ClientSession() as session, session.get(elsewhere) as response:
            fetched.append(response.status)
        await interaction.followup.send("done")

    elsewhere = ""

    async def main() -> None:
        nonlocal elsewhere
        server = web.AppRunner(web.Application())
        server.app.router.add_get("/elsewhere", serve)
        await server.setup()
        site = web.TCPSite(server, "127.0.0.1", 0)
        await site.start()
        elsewhere = f"http://127.0.0.1:{server.addresses[0][1]}/elsewhere"
        async with running(bot, simulator):
            handle = await simulator.slash("work")
            await handle.response()
            await simulator.settle()
        await server.cleanup()

    try:
        asyncio.run(main())
    finally:
        AioHttpClientInstrumentor().uninstrument()
    assert fetched == [200]
    others = [span for span in observed.spans() if "aiohttp" in span.instrumentation_scope.name]
    # The bot's own request is theirs to record; none of Discord's is.
    assert [span.attributes["http.url"] for span in others] == [elsewhere]
    assert not any(entry.traceparent for entry in simulator.ledger.rest_now())
    ours = [span for span in observed.spans() if span.name == CALLBACK]
    assert len(ours) == (1 if traced else 0)
    if traced:
        assert parent_of(observed, others[0]) == "command work"


def test_what_a_user_wrote_reaches_no_span(observed: Observed, simulator: BackgroundSimulator) -> None:
    bot = make_bot()

    @bot.command()
    async def find(ctx: commands.Context[commands.Bot], channel: discord.TextChannel) -> None:
        await ctx.send(channel.name)

    async def main() -> None:
        async with running(bot, simulator):
            await simulator.say("!find my-own-secret-plan")
            await until(lambda: observed.spans("command find"))

    asyncio.run(main())
    span = observed.span("command find")
    assert span.attributes["error.type"] == "ChannelNotFound"
    assert span.attributes["discord.outcome"] == "rejected"
    assert "my-own-secret-plan" not in span.to_json()
