"""A real bot against the loopback Discord, observed through the real SDK, anew for each test."""

from __future__ import annotations

import asyncio
import gc
import time
import weakref
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import discord
import pytest
from discord.ext import commands
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from argus_otel.otel.bridge import Bridge
from argus_otel.otel.readers import reader_class
from argus_otel.settings import Settings
from argus_otel.sources import patches
from argus_otel.sources.discord.catalogue import CATALOGUE as DISCORD
from argus_otel.sources.discord.source import DiscordSource
from argus_otel.telemetry import Telemetry
from argus_otel.telemetry.catalogue import CATALOGUE as ARGUS
from discord_simulator import BackgroundSimulator, hurry, redirect

from ..attribute_types import catalogued_types, mistyped

_Reader = reader_class(InMemoryMetricReader)

_TYPES = catalogued_types(DISCORD, ARGUS)


class Observed:
    """discord.py with hooks, and the signals that reach the SDK, through a new tracer provider or a given one."""

    def __init__(self, tracer_provider: TracerProvider | None = None, telemetry: Telemetry | None = None) -> None:
        self.telemetry = telemetry or Telemetry()
        # Random sampling would make runs differ: tests of listeners' traces choose their own rates.
        self.telemetry.rates.override({"discord.event": 0.0})
        self.reader = _Reader()
        self.reader.show(self.telemetry)
        self.meter_provider = MeterProvider([self.reader], shutdown_on_exit=False)
        self._spans = InMemorySpanExporter()
        self.tracer_provider = tracer_provider or TracerProvider(shutdown_on_exit=False)
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self._spans))
        self._events = InMemoryLogRecordExporter()
        logger_provider = LoggerProvider(shutdown_on_exit=False)
        logger_provider.add_log_record_processor(SimpleLogRecordProcessor(self._events))
        self.bridge = Bridge(self.telemetry, (ARGUS, DISCORD))
        self.bridge.connect(
            meter_provider=self.meter_provider,
            tracer_provider=self.tracer_provider,
            logger_provider=logger_provider,
            own_meter_provider=self.meter_provider,
            exception_signal="logs/dup",
        )
        self.source = DiscordSource(self.telemetry, Settings.resolve({}), lambda: None)

    @property
    def interactions(self) -> Any:
        return self.source._parts.interactions  # type: ignore[union-attr]

    def points(self, name: str) -> dict[tuple[Any, ...], Any]:
        """Return a metric's points: values of its attributes in the catalogue's order (None where absent) to point."""
        metric = next(m for c in (ARGUS, DISCORD) for m in c.metrics if m.name == name)
        data = self.reader.get_metrics_data()
        found: dict[tuple[Any, ...], Any] = {}
        for resource in data.resource_metrics:
            for scope in resource.scope_metrics:
                for each in scope.metrics:
                    if each.name == name:
                        for point in each.data.data_points:
                            key = tuple(point.attributes.get(attribute.name) for attribute in metric.attributes)
                            assert key not in found, f"{name} has two points for {key}"
                            found[key] = point
        return found

    def values(self, name: str) -> dict[tuple[Any, ...], float]:
        """Return a counter's or gauge's values."""
        return {key: point.value for key, point in self.points(name).items()}

    def counts(self, name: str) -> dict[tuple[Any, ...], int]:
        """Return how many records each point of a histogram has."""
        return {key: point.count for key, point in self.points(name).items()}

    def sums(self, name: str) -> dict[tuple[Any, ...], float]:
        """Return the sum of each point of a histogram."""
        return {key: point.sum for key, point in self.points(name).items()}

    def spans(self, name: str | None = None) -> list[ReadableSpan]:
        """Return the ended spans, by name."""
        return [span for span in self._spans.get_finished_spans() if name is None or span.name == name]

    def span(self, name: str) -> ReadableSpan:
        """Return the one span of that name."""
        (span,) = self.spans(name)
        return span

    def events(self) -> list[Any]:
        """Return the log records."""
        return [data.log_record for data in self._events.get_finished_logs()]

    def mistyped(self) -> dict[str, Any]:
        """Return the attributes of metrics, spans and events whose type differs from the catalogue's."""
        data = self.reader.get_metrics_data()
        points = [
            point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            for point in metric.data.data_points
        ]
        events = [data.log_record for data in self._events.get_finished_logs()]
        everything: list[Any] = [
            *points,
            *self.spans(),
            *(mark for span in self.spans() for mark in span.events),
            *events,
        ]
        return mistyped(_TYPES, (each.attributes or {} for each in everything))

    def faults(self) -> dict[str, str]:
        """Return the hooks that failed. There should be none."""
        return self.telemetry.guard.faults


@pytest.fixture
def observed() -> Iterator[Observed]:
    observed = Observed()
    observed.source.install()
    yield observed
    observed.source.uninstall()
    assert observed.faults() == {}
    assert observed.mistyped() == {}


@pytest.fixture
def simulator() -> Iterator[BackgroundSimulator]:
    with BackgroundSimulator() as simulator, redirect(simulator.url):
        yield simulator


def make_bot(kind: Callable[..., Any] = commands.Bot, **options: Any) -> Any:
    """Make a bot that syncs its tree at start."""

    class Bot(kind):  # type: ignore[misc]
        async def setup_hook(self) -> None:
            await self.tree.sync()

        async def on_command_error(self, *_: object) -> None:
            pass  # the default writes to stderr

    bot = Bot("!", intents=discord.Intents.all(), **options)

    @bot.tree.error
    async def quiet(_: object, __: object) -> None:
        pass

    return bot


@asynccontextmanager
async def running(client: Any, simulator: BackgroundSimulator, shards: int | None = None) -> AsyncIterator[None]:
    """Run a client for as long as the block lasts."""
    hurry(client)
    task = asyncio.create_task(client.start(simulator.token))
    try:
        ready = asyncio.create_task(simulator.ready(shards))
        await asyncio.wait([ready, task], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        await ready
        await client.wait_until_ready()
        yield
    finally:
        await client.close()
        await asyncio.wait([task], timeout=5)


async def until(condition: Callable[[], object], timeout: float = 5.0) -> None:
    """Wait until ``condition`` is true, while the event loop runs: :func:`argus_otel.testing.until` would block it.

    Raises:
        TimeoutError: It is not true within ``timeout`` seconds.
    """
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {timeout:g} s: {condition}")
        await asyncio.sleep(0.005)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Have the hooks wait so long for acknowledgements, where a test would only wait for Discord's three seconds.

    It applies to interactions that end meanwhile. The simulator accepts acknowledgements for three seconds still.
    """
    with pytest.MonkeyPatch.context() as patch:
        for module in ("interactions", "late_acknowledgements"):
            patch.setattr(f"argus_otel.sources.discord.{module}.DEADLINE", seconds)
        yield


async def let_go(things: Sequence[weakref.ref[Any]]) -> None:
    """Wait until nothing refers to the things: discord.py's heartbeat threads end a moment after their connection."""

    def all_gone() -> bool:
        gc.collect()
        return all(thing() is None for thing in things)

    await until(all_gone)


def late_to_learn(original: Any) -> Any:
    """Make discord.py's keep-alive threads learn 0.2 s late that a heartbeat was sent, as on a busy machine."""

    def run_coroutine_threadsafe(*arguments: Any, **keywords: Any) -> Any:
        future = original(*arguments, **keywords)
        result = future.result

        def late(timeout: float | None = None) -> Any:
            value = result(timeout)
            time.sleep(0.2)
            return value

        future.result = late
        return future

    return run_coroutine_threadsafe


def broken(body: str) -> Callable[..., Any]:
    """Return a replacement of a hook's body that raises."""

    def body_of_the_hook(*_: object) -> None:
        raise RuntimeError(f"{body} is broken")

    return body_of_the_hook


@contextmanager
def hidden(module: str, target: str) -> Iterator[None]:
    """Hide one of discord.py's functions from the hooks. The function itself stays, or discord.py would not work."""
    real = patches.wrapt.resolve_path

    def resolve_path(where: str, name: str) -> Any:
        if (where, name) == (module, target):
            raise AttributeError(name)
        return real(where, name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patches.wrapt, "resolve_path", resolve_path)
        yield
