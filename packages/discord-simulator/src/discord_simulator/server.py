"""The simulator: a loopback Discord for one bot."""

from __future__ import annotations

import asyncio
import ssl
import time
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from . import gateway_connection
from .actions.events import EventActions
from .actions.gateway import GatewayActions
from .actions.interactions import InteractionActions
from .actions.voice import VoiceActions
from .api.serving import Rest
from .control import Control
from .errors import SimulatorError
from .faults import Faults
from .gateway import Gateway
from .ledger import Ledger
from .loop_affinity import on_own_loop
from .ratelimits import RateLimits
from .state import SimulatorState
from .voice import connection as voice_connection
from .voice.server import VoiceServer
from .world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike
    from types import TracebackType

    from typing_extensions import Self

HOST = "127.0.0.1"
"""The only address a simulator listens on: a bot's token must not be offered to a network."""

DEFAULT_TOKEN = "simulated.bot.token"  # noqa: S105 - it opens nothing
"""The bot token a simulator accepts unless it is given another. It opens nothing anywhere else."""

_DEFAULT_HEARTBEAT_INTERVAL = 41.25
_DEFAULT_VOICE_HEARTBEAT_INTERVAL = 13.75


class Simulator(InteractionActions, EventActions, GatewayActions, VoiceActions):
    """A Discord on the loopback interface: REST API v10, gateway and voice, for one bot.

    It runs on the loop that enters it::

        async with Simulator(guilds=3) as sim:
            with redirect(sim.url):
                ...  # start a bot with sim.token
            await sim.ready()
            handle = await sim.slash("ping")
            await handle.acknowledged(timeout=3)

    Use :class:`BackgroundSimulator` if the bot may block its loop.

    Parameters
    ----------
    token:
        The bot token that is accepted; any other gets a 401.
    shards:
        How many shards ``GET /gateway/bot`` recommends; guilds are spread evenly over them.
    guilds:
        The number of guilds the bot is in at first, or their ids.
    members:
        The number of users in each guild.
    port:
        The TCP port; 0 for a free one.
    certificate:
        A PEM file with a certificate and the intermediate ones. With it the simulator speaks ``https`` and ``wss``
        only: for a bot that is not redirected, and that resolves Discord's names to this machine.
    key:
        The PEM file with the certificate's key; by default the certificate's own.
    gateway_url:
        The gateway's URL in ``READY`` and in ``GET /gateway/bot``; by default the simulator's own.
        ``wss://gateway.discord.gg/`` is Discord's own.
    heartbeat_interval:
        Seconds between the heartbeats a bot is asked for.
    heartbeat_ack_delay:
        Seconds by which heartbeats are acknowledged late; :data:`math.inf` for never. May be set later.
    voice_heartbeat_interval:
        The same on voice connections, where discord.py takes 5 s instead of anything longer.
    compress:
        Whether a bot that asks for transport compression gets it. Uncompressed frames are text.
    faults:
        The faults; by default none. More can be added later.
    rate_limits:
        Rate-limit buckets; by default none that an ordinary bot could exhaust.
    clock:
        Discord's clock, in Unix seconds: that of snowflakes, of the ``Date`` header, of timestamps and of the deadline
        for acknowledgements. By default this machine's, so a bot sees one that agrees with its own.

    Raises
    ------
    ValueError
        A parameter is out of range, or the certificate or its key cannot be used.
    """

    def __init__(
        self,
        *,
        token: str = DEFAULT_TOKEN,
        shards: int = 1,
        guilds: int | Sequence[int] = 3,
        members: int = 5,
        port: int = 0,
        certificate: str | PathLike[str] | None = None,
        key: str | PathLike[str] | None = None,
        gateway_url: str | None = None,
        heartbeat_interval: float = _DEFAULT_HEARTBEAT_INTERVAL,
        heartbeat_ack_delay: float = 0.0,
        voice_heartbeat_interval: float = _DEFAULT_VOICE_HEARTBEAT_INTERVAL,
        compress: bool = True,
        faults: Faults | None = None,
        rate_limits: RateLimits | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if heartbeat_interval <= 0:
            raise ValueError(f"heartbeat_interval must be more than 0 s, not {heartbeat_interval}")
        if voice_heartbeat_interval <= 0:
            raise ValueError(f"voice_heartbeat_interval must be more than 0 s, not {voice_heartbeat_interval}")
        world, ledger = World(shards=shards, guilds=guilds, members=members), Ledger(clock)
        gateway = Gateway(world, ledger, token=token, heartbeat_interval=heartbeat_interval, compress=compress)
        self.state = SimulatorState(
            token=token,
            world=world,
            ledger=ledger,
            gateway=gateway,
            voice=VoiceServer(gateway, heartbeat_interval=voice_heartbeat_interval),
            faults=Faults() if faults is None else faults,
            rate_limits=RateLimits() if rate_limits is None else rate_limits,
            clock=clock,
        )
        self.heartbeat_ack_delay = heartbeat_ack_delay
        self._port = port
        self._tls = None if certificate is None else _tls(certificate, key)
        self._gateway_url = gateway_url
        self._runner: web.AppRunner | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop it runs on.

        Raises
        ------
        SimulatorError
            It is not running.
        """
        if self._loop is None:
            raise SimulatorError("the simulator is not running; enter it with `async with` (or `with`) first")
        return self._loop

    @property
    def port(self) -> int:
        """The TCP port, once it is running."""
        return self._port

    @property
    def url(self) -> str:
        """Where it is: ``http://127.0.0.1:PORT``, for :func:`redirect`; with a certificate, ``https``."""
        return f"{'http' if self._tls is None else 'https'}://{HOST}:{self._port}"

    @property
    def api_url(self) -> str:
        """The base URL of the REST API."""
        return f"{self.url}/api/v10"

    @property
    def gateway_url(self) -> str:
        """The gateway's URL that the bot gets."""
        return self._gateway_url or f"{'ws' if self._tls is None else 'wss'}://{HOST}:{self._port}/"

    @property
    def token(self) -> str:
        """The bot token it accepts."""
        return self.state.token

    @property
    def application_id(self) -> int:
        """The bot's application id, which is its user id too."""
        return self.state.world.application_id

    @property
    def world(self) -> World:
        """Guilds, channels and people."""
        return self.state.world

    @property
    def ledger(self) -> Ledger:
        """The records of the traffic so far."""
        return self.state.ledger

    @property
    def faults(self) -> Faults:
        """The faults to inject."""
        return self.state.faults

    @property
    def rate_limits(self) -> RateLimits:
        """The buckets."""
        return self.state.rate_limits

    async def start(self) -> None:
        """Listen, on the running loop.

        Raises
        ------
        SimulatorError
            It is running already.
        OSError
            The port is in use.
        """
        if self._runner is not None:
            raise SimulatorError("the simulator is running already")
        self._loop = asyncio.get_running_loop()
        app = web.Application(client_max_size=1 << 26)
        app.add_routes(Control(self.state).routes())
        app.router.add_get("/", partial(gateway_connection.serve, self.state.gateway))
        for path in voice_connection.PATHS:
            app.router.add_get(path, partial(voice_connection.serve, self.state.voice))
        app.router.add_route("*", "/{path:.*}", Rest(self.state).serve)
        # A bot that hangs must not make the simulator hang when it stops.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._port, ssl_context=self._tls)
        try:
            await site.start()
        except OSError:
            await self._runner.cleanup()
            self._runner = None
            raise
        self._port = self._runner.addresses[0][1]
        self.state.gateway.url = self.gateway_url
        await self.state.voice.start(HOST, self._port)

    async def stop(self) -> None:
        """Close every connection and stop listening. The ledger stays readable."""
        if self._runner is not None:
            await self.state.http_delivery.stop()
            await self.state.voice.stop()
            await self.state.gateway.stop()
            await self._runner.cleanup()
            self._runner = None
            self._loop = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        await self.stop()

    @on_own_loop
    async def ready(self, shards: int | None = None, timeout: float = 10.0) -> None:
        """Wait until the bot's shards are connected and have been sent their guilds.

        The bot's own ``on_ready`` comes later: discord.py waits ``guild_ready_timeout`` (2 s) for more guilds.

        Parameters
        ----------
        shards:
            How many; by default as many as the bot says it has when it identifies.
        timeout:
            Seconds.

        Raises
        ------
        TimeoutError
            They were not in time.
        """
        gateway = self.state.gateway
        await gateway.changed.wait_for(
            lambda: True if gateway.all_ready(shards) else None, timeout, lambda: "the bot's shards are not ready"
        )

    @on_own_loop
    async def disconnected(self, timeout: float = 10.0) -> None:
        """Wait until the bot has no gateway connection and the ledger has the end of each.

        A bot that has closed its connection may be ahead of the simulator, which has yet to read the close.

        Parameters
        ----------
        timeout:
            Seconds.

        Raises
        ------
        TimeoutError
            It is still connected.
        """
        gateway = self.state.gateway
        await gateway.changed.wait_for(
            lambda: None if gateway.connected else True, timeout, lambda: "the bot is still connected"
        )

    @on_own_loop
    async def settle(self, timeout: float = 10.0, *, quiet: float = 0.1) -> None:
        """Wait until the bot is idle.

        That is: every connected shard has its guilds, every interaction is acknowledged or too late, and no request is
        being answered or has been for a moment.

        Parameters
        ----------
        timeout:
            Seconds to wait at most.
        quiet:
            Seconds without a request that count as silence.

        Raises
        ------
        TimeoutError
            It did not come to rest in time.
        """
        deadline = time.monotonic() + timeout
        while True:
            waiting = self.state.interactions.waiting()
            busy = self.state.requests_in_flight + self.state.http_delivery.posting
            starting = self.state.gateway.starting
            if not waiting and not busy and not starting and time.monotonic() - self.state.last_request_at >= quiet:
                return
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"after {timeout:g} s, {waiting} interactions are unanswered, {busy} requests in flight, "
                    f"{starting} shards without their guilds"
                )
            await asyncio.sleep(min(quiet, 0.02))


def _tls(certificate: str | PathLike[str], key: str | PathLike[str] | None) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:  # which names no file
        raise ValueError(f"certificate {certificate} with the key in {key or certificate}: {error}") from None
    return context
