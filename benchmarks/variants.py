"""The variants of the same work: bare, with argus-otel in its usual configurations, and with each peer."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from opentelemetry import trace

import argus_otel
from argus_otel.runtime import runtime
from discord_simulator import BackgroundSimulator, redirect

from . import canned_responses
from .bot import Bench, ClientBench
from .pairs import BARE, CONTROL, Variant
from .peers import PEERS, Peer, World, connecting
from .recording import Kept
from .registry_total import registry_total
from .scenarios import Scenario
from .spans import Traces

OURS = "argus-otel"
OTHER_BOT = "another bot, bare (A/A)"

SHARES = (0.0, 0.01, 1.0)
"""The shares of traces that are kept, in the variants that trace."""

TRACED = [f"{OURS}, traced at {share:.0%}" for share in SHARES]
HISTORY = f"{OURS} with history"
NAMES = (OURS, *TRACED, HISTORY, *(peer.name for peer in PEERS))
"""What is compared with the bare bot."""


@dataclass
class Stage:
    """Connected bots, and the variants that use them.

    Attributes
    ----------
    variants:
        The variants of a scenario, with the peers that observe it.
    """

    loop: asyncio.AbstractEventLoop
    variants: Callable[[Scenario], Sequence[Variant[Bench]]]


@contextmanager
def stage(peers: Sequence[Peer] = (), *, short: bool = False) -> Iterator[Stage]:
    """Connect the bots, and close them in the end.

    Parameters
    ----------
    short:
        Only the bare bot, its control, and argus-otel's metrics.
    """
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    benches: list[Bench] = []
    # No heartbeat: its answer would come over the socket, into a stream that we have replaced by our own frames.
    with BackgroundSimulator(heartbeat_interval=3600) as simulator, redirect(simulator.url):

        def bench(attach: Callable[[Any], object] | None) -> Bench:
            benches.append(Bench(simulator, attach))
            return benches[-1]

        def client(_: object) -> Bench:
            benches.append(ClientBench(simulator))
            return benches[-1]

        make = connecting(loop, bench)
        try:
            plain = make(None)
            variants = [Variant(BARE, plain), Variant(CONTROL, plain), *_ours(loop, plain, short=short)]
            without_commands = plain if short else connecting(loop, client)(None)
            of_client = [replace(variant, subject=without_commands) for variant in variants]
            theirs = [] if short else [(peer, peer.variant(peer, make, _world())) for peer in peers]
            if theirs:
                variants.insert(2, Variant(OTHER_BOT, make(None)))
            # What has been made until now stays: no collection has to look at it again.
            gc.collect()
            gc.freeze()

            def of(scenario: Scenario) -> list[Variant[Bench]]:
                if scenario.client:
                    return of_client
                names = [peer.name for peer, _ in theirs if peer.scenarios is None or scenario.name in peer.scenarios]
                return variants + [variant for _, variant in theirs if variant.name in names]

            yield Stage(loop, of)
        finally:
            gc.unfreeze()
            canned_responses.by_aiohttp()
            for one in benches:
                loop.run_until_complete(one.close())
            loop.close()
            asyncio.set_event_loop(None)


def _world() -> World:
    """Set up the global tracer provider, once: some peers use no other."""
    if _world_made:
        return _world_made[0]
    traces = Traces(1.0)
    trace.set_tracer_provider(traces.provider)
    _world_made.append(World(traces, _counted))
    return _world_made[0]


_world_made: list[World] = []

_UNTRACED = trace.NoOpTracerProvider()


def _counted() -> float:
    """Return the count of the global meter provider, which is ours."""
    prometheus = getattr(runtime()._providers, "prometheus", None)
    if prometheus is None:
        raise RuntimeError("argus-otel has set up no metrics, so nothing is measured: is a meter provider set already?")
    return registry_total(prometheus.registry, ("discord_", "http_"))


def _ours(loop: asyncio.AbstractEventLoop, bench: Bench, *, short: bool) -> list[Variant[Bench]]:
    """Return the variants of argus-otel, which collect for Prometheus without serving."""

    async def _on(provider: trace.TracerProvider) -> None:
        gc.collect()
        gc.unfreeze()  # the clients that run are looked for among the objects that the collector knows
        argus_otel.instrument(endpoint=False, tracer_provider=provider)
        # As in a bot without other HTTP instrumentations; some peers have loaded theirs here.
        runtime().telemetry.suppress_http_instrumentation = None
        gc.freeze()

    async def _off() -> None:
        argus_otel.uninstrument()

    def on(provider: trace.TracerProvider) -> None:
        loop.run_until_complete(_on(provider))

    def off() -> None:
        loop.run_until_complete(_off())

    # The providers have to be ours: a bot's are, unless it has others.
    on(_UNTRACED)
    off()
    variants = [Variant(OURS, bench, partial(on, _UNTRACED), off, _counted)]
    return variants if short else [*variants, *_more(on, off, bench)]


def _more(
    on: Callable[[trace.TracerProvider], None], off: Callable[[], None], bench: Bench
) -> Iterator[Variant[Bench]]:
    def exporting(traces: Traces) -> None:
        traces.exported()
        off()

    for name, share in zip(TRACED, SHARES, strict=True):
        traces = Traces(share)
        yield Variant(
            name,
            bench,
            partial(on, traces.provider),
            partial(exporting, traces),
            partial(_with_spans, traces),
        )
    history = Kept()

    def keeping() -> None:
        on(_UNTRACED)
        history.begin()

    def forgetting() -> None:
        history.end()
        off()

    yield Variant(HISTORY, bench, keeping, forgetting, _counted)


def _with_spans(traces: Traces) -> float:
    return _counted() + traces.exported()
