"""The installed peers, attached as their documentation says.

``make bench`` installs them, into an environment of its own. None of their code is used otherwise.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from opentelemetry import metrics

from .bot import Bench
from .packages import Package
from .pairs import Variant
from .patches import Patches
from .registry_total import registry_total
from .spans import Traces

MakeBench = Callable[[Callable[[Any], object] | None], Bench]
"""Makes and connects a bot, which is attached to before it is connected."""


@dataclass(frozen=True)
class Peer(Package):
    """A package that observes the same bot.

    Attributes
    ----------
    variant:
        Creates the variant.
    scenarios:
        The scenarios that it observes; ``None`` for all.
    """

    variant: Callable[[Peer, MakeBench, World], Variant[Bench]]
    scenarios: frozenset[str] | None = None


@dataclass(frozen=True)
class World:
    """The providers that peers record into.

    Attributes
    ----------
    traces:
        The global tracer provider, which samples everything.
    recorded:
        Returns the count of the global meter provider.
    """

    traces: Traces
    recorded: Callable[[], float]

    def everything(self) -> float:
        """Return the number of records, spans included."""
        return self.recorded() + self.traces.exported()


def _argus_dpy(peer: Peer, make: MakeBench, _: World) -> Variant[Bench]:
    """Attach it to a bot of its own, permanently: it cannot be attached again."""
    from argus import Argus  # type: ignore[import-not-found]

    attached: list[Any] = []
    with socket.socket() as probe:  # it takes no 0 for "any port"
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    bench = make(lambda bot: attached.append(Argus(bot, host="127.0.0.1", port=port)))
    registry = attached[0].cog.adapter.registry
    return Variant(peer.name, bench, recorded=lambda: registry_total(registry, ("discord_",)))


def _discordpy(peer: Peer, make: MakeBench, world: World) -> Variant[Bench]:
    """Apply and revert its patches here: its own removal leaves some behind, and the next start doubles them.

    It wraps a bot's own events as they are decorated, so it also has a bot of its own.
    """
    from opentelemetry_instrumentation_discordpy import DiscordPyInstrumentor  # type: ignore[import-not-found]

    patches = Patches(DiscordPyInstrumentor().instrument)
    bench = make(None)
    patches.take_out()

    def off() -> None:
        patches.take_out()
        world.traces.exported()

    return Variant(peer.name, bench, patches.put_in, off, world.everything)


def _aiohttp_client(peer: Peer, make: MakeBench, world: World) -> Variant[Bench]:
    """Let it observe the session of one bot: it instruments sessions as they are created."""
    from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor

    instrumentor = AioHttpClientInstrumentor()
    instrumentor.instrument(tracer_provider=world.traces.provider, meter_provider=metrics.get_meter_provider())
    bench = make(None)
    instrumentor.uninstrument()
    return Variant(peer.name, bench, leave=lambda: void(world.traces.exported()), recorded=world.everything)


def void(_: object) -> None:
    """Do nothing with it."""


PEERS = (
    Peer("argus-dpy", "argus-dpy", _argus_dpy),
    Peer("otel-discordpy, traced", "opentelemetry-instrumentation-discordpy", _discordpy),
    Peer(
        "otel-aiohttp-client, traced",
        "opentelemetry-instrumentation-aiohttp-client",
        _aiohttp_client,
        frozenset({"rest"}),
    ),
)


def installed() -> Iterator[Peer]:
    """Yield the installed peers."""
    return (peer for peer in PEERS if peer.version is not None)


def connecting(loop: asyncio.AbstractEventLoop, bench: Callable[[Callable[[Any], object] | None], Bench]) -> MakeBench:
    """Return a function that creates a bot and connects it."""

    def make(attach: Callable[[Any], object] | None) -> Bench:
        made = bench(attach)
        loop.run_until_complete(made.connect())
        return made

    return make
