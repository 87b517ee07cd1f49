"""The surroundings of the jukebox: its users, rare events one by one, and a Discord that fails."""

from __future__ import annotations

import asyncio
import itertools
import math
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from discord_simulator import (
    BackgroundSimulator,
    Load,
    NotConnectedError,
    RateLimited,
    Reset,
    ServerError,
    SimulatorError,
    Slow,
    UnknownComponentError,
)

ORDINARY = ("play", "search", "surprise", "playlist add", "playlist show", "Dedicate a song", "Play this")
PREFIXES = ("!volume 20", "!volume 200", "!latency", "!latency", "!latency")
RARE = ("lyrics", "download", "ponder", "poll", "latency")
RARE_PREFIXES = ("!forget",)
_GROUPS = 10
_RARELY = 0.08
_TURN = 1.0
ONCE_IN_A_WHILE = ("!sing", "!stumble", "!hurry", "!recall")
SELDOM = ("!reindex", "!mumble")


class Crowd:
    """Users, and faults of Discord, until :meth:`stop`.

    Parameters
    ----------
    rate:
        Actions of users a second, at the peak.
    period:
        Seconds between two peaks; :data:`math.inf` for a constant rate.
    pause:
        Seconds between two faults of the gateway.
    """

    def __init__(
        self, simulator: BackgroundSimulator, rate: float = 25, period: float = math.inf, pause: float = 1.5
    ) -> None:
        self._simulator = simulator
        self._rate = rate
        self._period = period
        self._pause = pause
        self._random = random.Random(3)  # noqa: S311 - repeatable on purpose
        self._stopped = False
        self._shards = simulator.world.shards
        self.rounds = 0
        """How often each shard's gateway has failed in every way."""

    def stop(self) -> None:
        self._stopped = True

    async def act(self) -> None:
        """Act until :meth:`stop`, and wait until the bot has finished its work."""
        run = self._simulator
        await asyncio.gather(*(self._begin(shard) for shard in range(self._shards)))
        self._fail()
        await asyncio.gather(
            self._use(self._rate, 1, ORDINARY, PREFIXES), self._use(self._rate * _RARELY, 2, RARE, RARE_PREFIXES),
            self._disturb(), self._rarely(), self._insist(),
        )  # fmt: skip
        run.faults.clear()
        await run.settle(30.0)

    # -- users

    async def _use(self, rate: float, seed: int, commands: tuple[str, ...], prefixes: tuple[str, ...]) -> None:
        """Simulate users, at a rate that varies over time."""
        groups = [
            Load(self._simulator, rate=rate / _GROUPS, seed=seed + number, prefix=prefixes, commands=commands)
            for number in range(_GROUPS)
        ]
        acting: set[asyncio.Task[Any]] = set()
        elapsed = 0.0
        while not self._stopped:
            swing = 0.6 + 0.4 * math.sin(2 * math.pi * elapsed / self._period)  # of an endless period always the same
            acting = {task for task in acting if not task.done()}
            # Not awaited: a user who waits for an answer does not keep others from asking.
            acting |= {asyncio.create_task(group.run(_TURN)) for group in groups[: round(_GROUPS * swing)]}
            await asyncio.sleep(_TURN)
            elapsed += _TURN
        await asyncio.gather(*acting)

    async def _insist(self) -> None:
        """Let users join, press a button that fails, and one that has expired; on one shard after the other."""
        run = self._simulator
        for shard in itertools.cycle(range(self._shards)):
            if self._stopped:
                return
            guild = self._guild_of(shard)
            with suppress(NotConnectedError, UnknownComponentError, TimeoutError):
                await run.join_member(guild=guild)
                playing = await (await run.slash("play", options={"song": "So What"}, guild=guild)).response(timeout=2)
                await run.click(playing, "Buy")
                shown = await (await run.slash("poll", guild=guild)).response(timeout=2)
                await asyncio.sleep(0.6)
                await run.click(shown, "Vote")
            await asyncio.sleep(self._pause * 1.5)

    async def _begin(self, shard: int) -> None:
        """Do the rare actions once before the faults begin, which may make them fail."""
        await self._simulator.join_member(guild=self._guild_of(shard))
        for text in (*ONCE_IN_A_WHILE, *SELDOM):
            said = await self._simulator.say(text, guild=self._guild_of(shard))
            with suppress(TimeoutError):
                await said.reply(timeout=8)

    async def _rarely(self) -> None:
        """Repeat the rare commands, on one shard after the other."""
        for turn in itertools.count():
            await asyncio.sleep(self._pause)
            shard = turn % self._shards
            with suppress(SimulatorError):
                await self._simulator.disconnect_bot(self._guild_of(shard))
            for text in (*ONCE_IN_A_WHILE, *(SELDOM if turn % 9 == 4 else ())):
                if self._stopped:
                    return
                await self._patiently(lambda text=text, shard=shard: self._say(text, shard))

    async def _say(self, text: str, shard: int) -> None:
        await self._simulator.say(text, guild=self._guild_of(shard))

    # -- Discord

    def _fail(self) -> None:
        faults = self._simulator.faults
        faults.add(RateLimited("cloudflare"), template="/webhooks/*", times=2)
        asked = "/channels/{channel_id}/messages/{message_id}"  # which !recall asks for, again and again
        faults.add(RateLimited("user", retry_after=0.3), method="GET", template=asked, probability=0.4)
        for scope, share in (("user", 0.015), ("shared", 0.02)):
            faults.add(RateLimited(scope, retry_after=0.3), probability=share)
        faults.add(RateLimited("global", retry_after=0.2), template="/channels/*", probability=0.02)
        faults.add(RateLimited("cloudflare"), template="/webhooks/*", probability=0.01)
        faults.add(ServerError(502), probability=0.01)
        faults.add(ServerError(503), probability=0.005)
        faults.add(Reset(), probability=0.005)
        faults.add(Slow(0.4), probability=0.05)

    async def _disturb(self) -> None:
        """Reconnect, drop and close each shard's connection in turn; add, remove and suspend guilds."""
        run = self._simulator
        ways: tuple[Callable[[int], Awaitable[None]], ...] = (
            lambda shard: run.ask_reconnect(shard_id=shard),
            lambda shard: run.drop_gateway(shard_id=shard),
            lambda shard: run.close_gateway(4000, shard_id=shard),
            lambda shard: run.invalidate_session(resumable=False, shard_id=shard),
        )
        while not self._stopped:
            for way in ways:
                for shard in range(self._shards):
                    if self._stopped and self.rounds:
                        return
                    await self._patiently(lambda way=way, shard=shard: way(shard))
                    await asyncio.sleep(self._pause / 4)
                await asyncio.sleep(self._pause)
                await self._guilds()
            self.rounds += 1

    async def _guilds(self) -> None:
        run = self._simulator
        guild = self._random.choice([one for one in run.world.guilds.values() if one.joined and not one.unavailable])
        await self._patiently(lambda: run.begin_outage(guild))
        new = [await self._patiently(run.join_guild) for _ in range(2)]
        await asyncio.sleep(self._pause / 2)
        await self._patiently(lambda: run.end_outage(guild))
        if new[0] is not None:
            await self._patiently(lambda: run.leave_guild(new[0]))

    async def _patiently(self, action: Callable[[], Awaitable[Any]]) -> Any:
        """Perform the action as soon as its shard is connected."""
        for _ in range(40):
            with suppress(NotConnectedError):
                return await action()
            await asyncio.sleep(0.1)
        return None

    def _guild_of(self, shard: int) -> Any:
        guilds = self._simulator.world.guilds_of(shard, self._shards)
        return next(guild for guild in guilds if not guild.unavailable)
