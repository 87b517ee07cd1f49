"""Exceptions that reject a user's input quote it: the quote is in no span and no log record."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterator

import discord
import pytest
from discord import app_commands
from discord.ext import commands
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from argus_otel.otel import lazy_spans
from argus_otel.otel.sampling import SAMPLE_ALL
from argus_otel.settings import Settings
from argus_otel.sources.process.source import ProcessSource
from argus_otel.telemetry import Telemetry
from discord_simulator import BackgroundSimulator

from .conftest import Observed, make_bot, running, until

TYPED = "confession"


class Exported(Observed):
    """Also with a provider of argus-otel, whose spans are only recorded, and with the bot's log records."""

    def __init__(self, by_ours: bool) -> None:
        telemetry = Telemetry()
        self.exporter = InMemorySpanExporter()
        provider = None
        if by_ours:
            exporter = lazy_spans.readable(InMemorySpanExporter, telemetry.redact)()
            self.exporter, processors = exporter, [SimpleSpanProcessor(exporter)]
            provider = lazy_spans.TracerProvider(SAMPLE_ALL, Resource.create(), processors, telemetry.guard)
        super().__init__(provider, telemetry)
        if not by_ours:
            self.tracer_provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.telemetry.rates.override({"discord.event": 1.0})
        self.process = ProcessSource(
            self.telemetry, Settings.resolve({}, {"process_loop_blocked_after": 0}), lambda: None
        )

    def ended(self) -> tuple[ReadableSpan, ...]:
        return self.exporter.get_finished_spans()

    def failed(self) -> dict[str, str]:
        """Return the stacktrace of each span that failed."""
        return {
            span.name: str((event.attributes or {})["exception.stacktrace"])
            for span in self.ended()
            for event in span.events
            if event.name == "exception"
        }


@pytest.fixture(params=[False, True], ids=["the SDK's provider", "our provider"])
def exported(request: pytest.FixtureRequest) -> Iterator[Exported]:
    exported = Exported(request.param)
    exported.process.install()
    exported.process.start()
    exported.source.install()
    yield exported
    exported.source.uninstall()
    exported.process.uninstall()
    assert exported.faults() == {}


class Song(app_commands.Transformer):
    async def transform(self, interaction: discord.Interaction, value: str) -> str:
        raise ValueError(f"no song is called {value}")


async def shapes(exported: Exported, simulator: BackgroundSimulator) -> None:
    bot = make_bot()

    @bot.command()
    async def find(ctx: commands.Context[commands.Bot], *, words: str) -> None:
        try:
            await commands.MemberConverter().convert(ctx, words)
        except commands.BadArgument:
            raise RuntimeError("while it is handled")  # noqa: B904 - as bots do

    @bot.command()
    async def number(ctx: commands.Context[commands.Bot], value: int) -> None:
        pass

    @number.error
    async def number_error(ctx: commands.Context[commands.Bot], error: Exception) -> None:
        raise RuntimeError("in the command's own handler") from error

    @bot.command()
    async def count(ctx: commands.Context[commands.Bot], value: int) -> None:
        pass

    async def on_command_error(ctx: commands.Context[commands.Bot], error: Exception) -> None:
        raise RuntimeError(f"in the bot's handler: {error}") from error

    bot.on_command_error = on_command_error

    @bot.tree.command()
    async def play(interaction: discord.Interaction, song: app_commands.Transform[str, Song]) -> None:
        """Play."""

    @bot.tree.error
    async def on_error(interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        logging.getLogger("music").error("failed", exc_info=error)

    @bot.listen()
    async def on_message(message: discord.Message) -> None:
        if message.content.startswith("!find"):
            ctx = await bot.get_context(message)
            await commands.MemberConverter().convert(ctx, TYPED)

    @bot.listen("on_message")
    async def several(message: discord.Message) -> None:
        if message.content.startswith("!number") and sys.version_info >= (3, 11):
            raise ExceptionGroup(  # noqa: F821
                "several", [commands.BadArgument(f"not {TYPED}"), RuntimeError("among others")]
            )

    async with running(bot, simulator):
        await simulator.say(f"!find {TYPED}")
        await until(lambda: "command find" in exported.failed() and "event message" in exported.failed())
        await simulator.say(f"!number {TYPED}")
        await simulator.say(f"!count {TYPED}")
        await until(lambda: sum(span.name == "event command_error" for span in exported.ended()) == 2)
        await simulator.settle()
        await simulator.slash("play", options={"song": TYPED})
        await until(lambda: "command play" in [span.name for span in exported.ended()])


def test_it_is_in_no_span_and_no_log_record(exported: Exported, simulator: BackgroundSimulator) -> None:
    logging.getLogger("music").setLevel(logging.INFO)
    asyncio.run(shapes(exported, simulator))
    spans = exported.ended()
    told = "\n".join(span.to_json() for span in spans)
    assert TYPED not in told
    records = exported.events()
    assert any((record.attributes or {}).get("exception.type") for record in records)
    assert TYPED not in "\n".join(f"{record.body} {dict(record.attributes or {})}" for record in records)
    # What the bot's own code says over it stays, and so do the frames.
    find = exported.failed()["command find"]
    assert "RuntimeError: while it is handled" in find
    assert "discord.ext.commands.errors.MemberNotFound\n" in find
    assert "in find" in find
    assert "in convert" in find
    said = [span.status.description for span in spans if span.status.description]
    assert "while it is handled" in said
    assert "in the bot's handler: [private]" in said
