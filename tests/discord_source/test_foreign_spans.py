"""Components that others plug into the SDK may raise as spans start or end: the bot and its metrics lose nothing."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import discord
import pytest
from discord.ext import commands, tasks
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import Sampler, SamplingResult

from argus_otel import api, timed
from argus_otel.catalogues import CATALOGUES
from argus_otel.custom import CustomTelemetry
from argus_otel.otel import lazy_spans
from argus_otel.otel.sampling import SAMPLE_ALL
from argus_otel.telemetry import AttributeValue, Event, Telemetry
from discord_simulator import BackgroundSimulator

from .conftest import Observed, deadline, make_bot, running, until


class Raising(SpanProcessor):
    """Somebody's span processor with a fault in one of its methods."""

    def __init__(self, method: str) -> None:
        self.calls = 0
        setattr(self, method, self._fail)

    def _fail(self, *_: object, **__: object) -> None:
        self.calls += 1
        raise LookupError("somebody's processor is broken")


class RaisingSampler(Sampler):
    def should_sample(self, *_: object, **__: object) -> SamplingResult:
        raise LookupError("somebody's sampler is broken")

    def get_description(self) -> str:
        return "broken"


class RaisingIds(IdGenerator):
    def generate_span_id(self) -> int:
        raise LookupError("somebody's ids are broken")

    def generate_trace_id(self) -> int:
        raise LookupError("somebody's ids are broken")


def theirs(_: Telemetry, method: str | None = None) -> TracerProvider:
    provider = TracerProvider(shutdown_on_exit=False)
    if method is not None:
        provider.add_span_processor(Raising(method))
    return provider


def ours(telemetry: Telemetry, method: str, exporter: InMemorySpanExporter | None = None) -> TracerProvider:
    processors = [] if exporter is None else [SimpleSpanProcessor(exporter)]
    provider = lazy_spans.TracerProvider(SAMPLE_ALL, Resource.create(), processors, telemetry.guard)
    provider.add_span_processor(Raising(method))
    return provider


FAULTS: dict[str, Callable[[Telemetry], TracerProvider]] = {
    "their provider, on_start": partial(theirs, method="on_start"),
    "their provider, on_end": partial(theirs, method="on_end"),
    "their provider, _on_ending": partial(theirs, method="_on_ending"),
    "their provider, sampler": lambda _: TracerProvider(sampler=RaisingSampler(), shutdown_on_exit=False),
    "their provider, ids": lambda _: TracerProvider(id_generator=RaisingIds(), shutdown_on_exit=False),
    "our provider, on_start": partial(ours, method="on_start"),
    "our provider, on_end": partial(ours, method="on_end"),
    "our provider, _on_ending": partial(ours, method="_on_ending"),
}


class Done:
    """What is known of the work that a bot did, but for how long it took."""

    def __init__(self, make: Callable[[Telemetry], TracerProvider]) -> None:
        self.rows: Counter[tuple[str, str | None]] = Counter()
        telemetry = Telemetry()
        self.observed = Observed(make(telemetry), telemetry)
        self.observed.telemetry.rates.override({"discord.event": 1.0})
        self.observed.telemetry.history = self._keep
        self.numbers: dict[str, dict[tuple[Any, ...], float]] = {}
        self.left = -1

    def _keep(self, event: Event, attributes: Any, duration: float | None) -> None:
        outcome: AttributeValue | None = attributes.get("discord.outcome")
        self.rows[event.name, str(outcome)] += 1

    def take(self) -> None:
        """Read how often each kind of work was done, and how many interactions are remembered."""
        data = self.observed.reader.get_metrics_data()
        for resource in data.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    if metric.name not in OPERATIONS:
                        continue
                    self.numbers[metric.name] = {
                        tuple(sorted(point.attributes.items())): getattr(point, "count", None)
                        or getattr(point, "value", 0.0)
                        for point in metric.data.data_points
                    }
        self.left = len(self.observed.interactions)


OPERATIONS = {
    "discord.interaction.duration",
    "discord.interaction.response.time",
    "discord.interaction.unacknowledged",
    "discord.interaction.active",
    "discord.command.duration",
    "discord.listener.duration",
    "discord.task.duration",
    "discord.view.timeouts",
    "discord.extension.load.duration",
    "http.client.request.duration",
    "discord.rest.duration",
    "songs.find",
}


async def every_operation(done: Done, simulator: BackgroundSimulator) -> None:
    """Have the bot do each kind of work that becomes a span, well and not, and read what was counted."""
    bot = make_bot()

    class View(discord.ui.View):
        @discord.ui.button(label="press")
        async def press(self, interaction: discord.Interaction, _: object) -> None:
            await interaction.response.send_message("pressed")

    class Short(discord.ui.View):
        def __init__(self) -> None:
            super().__init__(timeout=0.05)
            self.over = asyncio.Event()

        async def on_timeout(self) -> None:
            self.over.set()

    short: list[Short] = []

    @bot.tree.command()
    async def show(interaction: discord.Interaction) -> None:
        """Show."""
        with timed("songs.find"):
            await interaction.response.send_message("shown", view=View())

    @bot.tree.command()
    async def wait(interaction: discord.Interaction) -> None:
        """Wait."""
        short.append(Short())
        await interaction.response.send_message("waiting", view=short[0])

    @bot.tree.command()
    async def fail(interaction: discord.Interaction) -> None:
        """Fail."""
        raise ZeroDivisionError

    @bot.command()
    async def ping(ctx: commands.Context[commands.Bot]) -> None:
        await ctx.send("pong")

    @bot.command()
    async def crash(ctx: commands.Context[commands.Bot]) -> None:
        raise ZeroDivisionError

    heard: list[str] = []

    @bot.listen()
    async def on_message(message: discord.Message) -> None:
        heard.append(message.content)

    @tasks.loop(count=2)
    async def remind() -> None:
        pass

    async with running(bot, simulator):
        await bot.load_extension("tests.discord_source.sample_extension")
        shown = await (await simulator.slash("show")).response()
        assert (await (await simulator.click(shown, "press")).acknowledged()).content == "pressed"
        await (await simulator.slash("wait")).response()
        await asyncio.wait_for(short[0].over.wait(), 5)
        assert (await (await simulator.say("!ping")).reply()).content == "pong"
        await simulator.say("!crash")
        await until(lambda: "!crash" in heard)
        await remind.start()
        await simulator.settle()
        with deadline(0.3):
            failed = await simulator.slash("fail")
            await until(lambda: done.rows["discord.command", "error"] >= 2)
            # The unacknowledged one is remembered until the deadline has passed, and no longer.
            await until(lambda: not len(done.observed.interactions), 6)
        assert failed.entry.acknowledged is False
        done.take()


def done_with(make: Callable[[Telemetry], TracerProvider], simulator: BackgroundSimulator) -> Done:
    done = Done(make)
    api.record_into(partial(CustomTelemetry, done.observed.telemetry, CATALOGUES))
    done.observed.source.install()
    try:
        asyncio.run(every_operation(done, simulator))
    finally:
        done.observed.source.uninstall()
        api.record_into(None)
    return done


@pytest.fixture(scope="module")
def without() -> Done:
    """The same work, while nothing of others' is there."""
    from discord_simulator import redirect

    with BackgroundSimulator() as simulator, redirect(simulator.url):
        done = done_with(theirs, simulator)
    assert done.observed.faults() == {}
    assert done.observed.spans("command show")
    return done


@pytest.mark.parametrize("fault", FAULTS)
def test_it_costs_no_metric_no_row_of_history_and_no_memory(
    fault: str, simulator: BackgroundSimulator, without: Done, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "argus_otel"):
        done = done_with(FAULTS[fault], simulator)
    assert done.rows == without.rows
    assert done.left == 0
    assert set(without.numbers) == OPERATIONS
    for name, points in without.numbers.items():
        assert done.numbers[name] == points, name
    # The fault is counted, and said in one line: by the name of the part, not of each hook that came upon it.
    (hook,) = done.observed.faults()
    assert hook in ("spans", "span processors")
    assert done.observed.values("argus.hook.errors")[hook,] >= 20
    assert [hook in record.getMessage() for record in caplog.records if record.name == "argus_otel"] == [True]


@pytest.mark.parametrize("method", ["on_start", "on_end", "_on_ending"])
def test_with_a_provider_of_ours_every_span_is_exported_all_the_same(
    method: str, simulator: BackgroundSimulator
) -> None:
    exporter = InMemorySpanExporter()
    done = done_with(partial(ours, method=method, exporter=exporter), simulator)
    names = Counter(span.name for span in exporter.get_finished_spans())
    for name in ("command show", "command fail", "command ping", "command crash", "songs.find", "event message"):
        assert names[name], name
    assert names["task remind"] == 2
    assert names["POST /interactions/{webhook_id}/{webhook_token}/callback"] == 3
    (hook,) = done.observed.faults()
    assert "somebody's processor is broken" in done.observed.faults()[hook]
