"""The bot under test: real discord.py, connected once to the simulator, then fed from memory.

Frames are compressed like the gateway's, and go through ``received_message`` as if they had just been read. The bot is
a ``commands.AutoShardedBot``, because argus-dpy requires one; in one scenario, also a ``discord.Client``. Each attached
peer has a bot of its own; all bots are alike, and the second control shows how much alike.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import discord
from discord import utils
from discord.ext import commands

from discord_simulator import BackgroundSimulator, hurry

from .frames import framing

OTHER_LISTENERS = 4
"""How many listeners there are besides the bot's own ``on_message``."""


class _Missing:
    """An attribute that is missing until the instance has one, because ``Bot`` always has an ``on_message``."""

    def __get__(self, instance: object, owner: type) -> Any:
        raise AttributeError("on_message")


class _Bot(commands.AutoShardedBot):
    on_message: Any = _Missing()


class Bench:
    """A connected bot that counts how often its handlers ended.

    Attributes
    ----------
    done:
        The number of handlers, listeners and iterations that have ended.
    """

    def __init__(self, simulator: BackgroundSimulator, attach: Callable[[Any], object] | None = None) -> None:
        self.simulator = simulator
        self.bot: Any = self._made()
        if attach is not None:
            attach(self.bot)
        self.done = 0
        self._handlers()

    def _made(self) -> discord.Client:
        return _Bot("!", intents=discord.Intents.all(), heartbeat_timeout=3600.0, help_command=None)

    def _socket(self) -> Any:
        return self.bot.get_shard(0)._parent.ws

    def _handlers(self) -> None:
        bot = self.bot

        @bot.tree.command()
        async def ping(interaction: discord.Interaction) -> None:
            """Answer."""
            await interaction.response.send_message("pong")
            self.done += 1

        @bot.command()
        async def pong(ctx: commands.Context[Any]) -> None:
            self.done += 1

        # Decorated like a bot's, since a peer watches the decorator.
        @bot.event
        async def on_message(message: discord.Message) -> None:
            self.done += 1

        self._on_message = bot.on_message

        @bot.event
        async def on_message(message: discord.Message) -> None:  # noqa: F811
            await bot.process_commands(message)

        self._on_message_with_commands = bot.on_message

        async def listener(message: discord.Message) -> None:
            self.done += 1

        self._listener = listener
        self.listen(0)

    def listen(self, listeners: int) -> None:
        """Add listeners for messages: first the bot's own event, then others."""
        self._quiet()
        if listeners:
            self.bot.on_message = self._on_message
        for _ in range(listeners - 1):
            self.bot.add_listener(self._listener, "on_message")

    def take_commands(self) -> None:
        """Process commands in messages, without other listeners."""
        self._quiet()
        self.bot.on_message = self._on_message_with_commands

    def _quiet(self) -> None:
        self.bot.__dict__.pop("on_message", None)
        while self._listener in self.bot.extra_events.get("on_message", []):
            self.bot.remove_listener(self._listener, "on_message")

    async def connect(self) -> None:
        """Log in over real sockets."""
        hurry(self.bot)
        self._running = asyncio.create_task(self.bot.start(self.simulator.token))
        await asyncio.to_thread(self.simulator.run, self.simulator.ready, timeout=60)
        await asyncio.wait_for(self.bot.wait_until_ready(), 60)
        self._connected()
        # The task that waits for the socket is suspended in there; frames from memory go around it.
        self._ws = self._socket()

    def _connected(self) -> None:
        self.bot.add_view(self._view())

    def _view(self) -> discord.ui.View:
        bench = self

        class Buttons(discord.ui.View):
            @discord.ui.button(label="Press", custom_id="press")
            async def press(self, interaction: discord.Interaction, _: discord.ui.Button[Any]) -> None:
                await interaction.response.send_message("pressed")
                bench.done += 1

        return Buttons(timeout=None)

    async def close(self) -> None:
        """End the connection."""
        await self.bot.close()
        await self._running

    def frames(self, event: str, payloads: list[dict[str, Any]]) -> list[bytes]:
        """Return these events as compressed frames of a new stream."""
        self._ws._decompressor = utils._ActiveDecompressionContext()
        frame = framing()
        return [frame(event, number, data) for number, data in enumerate(payloads)]

    @property
    def receive(self) -> Callable[[bytes], Awaitable[None]]:
        """The function that receives the gateway's frames."""
        return self._ws.received_message


class ClientBench(Bench):
    """A plain ``discord.Client``, without handlers: the least that discord.py does for an event."""

    def _made(self) -> discord.Client:
        return discord.Client(intents=discord.Intents.all(), heartbeat_timeout=3600.0)

    def _socket(self) -> Any:
        return self.bot.ws

    def _handlers(self) -> None:
        pass

    def _connected(self) -> None:
        pass
