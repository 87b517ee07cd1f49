"""The timed work: what a bot does all day, from the compressed frame to the end of its handlers.

Frames arrive in bursts, and after each burst everything that they started runs: the task of a listener is part of the
work, even if the listener is a peer's.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from discord import utils
from discord.ext import tasks

from . import canned_responses
from .bot import Bench
from .frames import message
from .pairs import Work

BURST = 50
"""How many frames are received between two turns of the event loop."""


_PATIENCE = 10_000
"""How many turns of the event loop a burst may take, before it is clear that a handler never ends."""


@dataclass(frozen=True)
class Scenario:
    """One kind of work.

    Attributes
    ----------
    name, title:
        Its name on the command line, and its title in tables.
    prepare:
        Creates a number of pieces of work for a bot.
    pieces:
        The number of pieces that are timed at once.
    begin:
        Called once, before anything is instrumented: sets Discord's responses.
    client:
        Whether it uses a plain ``discord.Client``, to which not every peer can be attached.
    """

    name: str
    title: str
    prepare: Callable[[Bench, int], Work]
    pieces: int
    begin: Callable[[], None] = canned_responses.by_aiohttp
    client: bool = False

    def work(self, bench: Bench) -> Work:
        """Return fresh work for this bot."""
        return self.prepare(bench, self.pieces)


def _received(bench: Bench, event: str, payloads: list[dict[str, Any]], handlers: int, burst: int = BURST) -> Work:
    """Return the work of receiving events, each with ``handlers`` handlers of the bot."""
    frames = bench.frames(event, payloads)

    async def work() -> int:
        receive = bench.receive
        expected = bench.done
        for start in range(0, len(frames), burst):
            group = frames[start : start + burst]
            for frame in group:
                await receive(frame)
            expected += handlers * len(group)
            await asyncio.sleep(0)
            turns = 0
            while bench.done < expected:
                await asyncio.sleep(0)
                turns += 1
                if turns > _PATIENCE:
                    raise RuntimeError(f"{event} has not come to its end: {bench.done} handlers of {expected} have")
        await _settle()
        return len(frames)

    return work


async def _settle() -> None:
    """Run everything that is ready, and everything that becomes ready by it."""
    for _ in range(5):
        await asyncio.sleep(0)


# -- gateway events


def _typing(bench: Bench, pieces: int) -> Work:
    guild = bench.bot.guilds[0]
    data = {
        "channel_id": str(guild.text_channels[0].id),
        "guild_id": str(guild.id),
        "user_id": str(guild.members[0].id),
        "timestamp": 1700000000,
    }
    return _received(bench, "TYPING_START", [data] * pieces, handlers=0)


def _messages(listeners: int) -> Callable[[Bench, int], Work]:
    def prepare(bench: Bench, pieces: int) -> Work:
        bench.listen(listeners)
        return _received(bench, "MESSAGE_CREATE", _said(bench, "hello there", pieces), handlers=listeners)

    return prepare


def _prefix(bench: Bench, pieces: int) -> Work:
    bench.take_commands()
    return _received(bench, "MESSAGE_CREATE", _said(bench, "!pong", pieces), handlers=1)


def _said(bench: Bench, content: str, messages: int) -> list[dict[str, Any]]:
    guild, first = bench.bot.guilds[0], utils.time_snowflake(utils.utcnow())
    member = {name: value for name, value in _member(bench).items() if name != "user"}
    of_guild = {"guild_id": str(guild.id), "member": member}
    return [_message(bench, content) | of_guild | {"id": str(first + number)} for number in range(messages)]


def _member(bench: Bench) -> dict[str, Any]:
    return {
        "user": _user(bench),
        "nick": None,
        "roles": [],
        "joined_at": "2020-01-01T00:00:00+00:00",
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
        "avatar": None,
        "communication_disabled_until": None,
    }


def _user(bench: Bench) -> dict[str, Any]:
    user = next(member for member in bench.bot.guilds[0].members if not member.bot)
    return {
        "id": str(user.id),
        "username": user.name,
        "discriminator": "0",
        "avatar": None,
        "global_name": user.global_name,
        "public_flags": 0,
    }


def _message(bench: Bench, content: str) -> dict[str, Any]:
    identity = str(utils.time_snowflake(utils.utcnow()))
    return message(identity, str(bench.bot.guilds[0].text_channels[0].id), _user(bench), content)


# -- interactions


def _answered() -> None:
    canned_responses.at_once(json.dumps({"interaction": {"id": "1", "type": 2}, "resource": {"type": 4}}))


def _slash(bench: Bench, pieces: int) -> Work:
    return _interactions(bench, pieces, {"type": 2, "data": {"id": "1", "name": "ping", "type": 1}})


def _component(bench: Bench, pieces: int) -> Work:
    pressed = _message(bench, "press it") | {"components": [_BUTTONS]}
    return _interactions(
        bench, pieces, {"type": 3, "data": {"custom_id": "press", "component_type": 2}, "message": pressed}
    )


_BUTTONS = {"type": 1, "components": [{"type": 2, "style": 2, "label": "Press", "custom_id": "press"}]}


def _interactions(bench: Bench, pieces: int, kind: dict[str, Any]) -> Work:
    """Return the work of interactions, one after the other, each with one response."""
    guild = bench.bot.guilds[0]
    channel, first = str(guild.text_channels[0].id), utils.time_snowflake(utils.utcnow())
    common: dict[str, Any] = {
        "application_id": str(bench.simulator.application_id),
        "token": "t" * 180,
        "version": 1,
        "guild_id": str(guild.id),
        "channel_id": channel,
        "channel": {"id": channel, "type": 0, "permissions": "0"},
        "member": _member(bench) | {"permissions": "0"},
        "locale": "en-US",
        "attachment_size_limit": 10485760,
        "entitlements": [],
        "authorizing_integration_owners": {},
        "context": 0,
    }
    payloads = [common | kind | {"id": str(first + number)} for number in range(pieces)]
    return _received(bench, "INTERACTION_CREATE", payloads, handlers=1, burst=1)


# -- what begins in the bot


def _rest(bench: Bench, pieces: int) -> Work:
    """Return the work of sending messages, with all of aiohttp but no socket."""
    channel = bench.bot.guilds[0].text_channels[0]
    canned_responses.wire(bench.bot.http._HTTPClient__session, json.dumps(_message(bench, "hello")))  # type: ignore[attr-defined]

    async def work() -> int:
        for _ in range(pieces):
            await channel.send("hello")
        await _settle()
        return pieces

    return work


def _iterations(bench: Bench, pieces: int) -> Work:
    async def iteration() -> None:
        bench.done += 1

    async def work() -> int:
        loop = tasks.Loop(
            iteration,
            seconds=0,
            minutes=0,
            hours=0,
            time=utils.MISSING,
            count=pieces,
            reconnect=True,
            name=None,
        )
        await loop.start()
        return pieces

    return work


SCENARIOS = (
    Scenario("typing", "TYPING_START, no listener, AutoShardedBot", _typing, 500),
    Scenario("typing-client", "TYPING_START, no listener, a plain discord.Client", _typing, 500, client=True),
    Scenario("message-0", "MESSAGE_CREATE, no listener", _messages(0), 150),
    Scenario("message-1", "MESSAGE_CREATE, one listener", _messages(1), 150),
    Scenario("message-5", "MESSAGE_CREATE, five listeners", _messages(5), 100),
    Scenario("slash", "slash command with one response", _slash, 100, _answered),
    Scenario("component", "button with one response", _component, 100, _answered),
    Scenario("prefix", "prefix command without an answer", _prefix, 150),
    Scenario("rest", "REST call: channel.send, through aiohttp", _rest, 60),
    Scenario("task", "iteration of a tasks.loop", _iterations, 150),
)
