"""What happens to the jukebox: users who use it, rarer things that are done one by one, and a Discord that fails."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from argus_otel.simulator import (
    BackgroundSimulator,
    Load,
    NotConnectedError,
    RateLimited,
    Reset,
    ServerError,
    Slow,
)

ORDINARY = ("play", "search", "surprise", "playlist add", "playlist show", "Dedicate a song", "Play this")
PREFIXES = ("!volume 20", "!volume 200", "!latency", "!latency", "!latency")
RARE = ("lyrics", "download", "ponder", "poll", "latency")
RARE_PREFIXES = ("!forget", "!reindex", "!mumble", "!hurry")


class Crowd:
    """Users, and what Discord does meanwhile, until :meth:`stop`.

    Parameters
    ----------
    rate:
        Things that users do, a second, at the busiest.
    period:
        Seconds from one time of many users to the next; :data:`math.inf` for a constant rate.
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
        self._random = random.Random(3)
        self._stopped = False
        self._shards = simulator.world.shards
        self.rounds = 0
        """How often each shard's gateway has failed in every way."""

    def stop(self) -> None:
        self._stopped = True

    async def act(self) -> None:
        """Act until :meth:`stop`, and wait until the bot has finished what was begun."""
        run = self._simulator
        self._fail()
        for shard in range(self._shards):  # what has to happen once, and to every process
            guild = self._guild_of(shard)
            for text in ("!sing", "!stumble", *RARE_PREFIXES):
                await self._patiently(lambda text=text, guild=guild: run.say(text, guild=guild))
        await asyncio.gather(
            self._use(self._rate, 1, ORDINARY, PREFIXES), self._use(2.5, 2, RARE, RARE_PREFIXES),
            self._disturb(), self._stumble(), self._miss(),
        )  # fmt: skip
        run.faults.clear()
        await run.settle(30.0)

    # -- users

    async def _use(self, rate: float, seed: int, commands: tuple[str, ...], prefixes: tuple[str, ...]) -> None:
        """Let users come, more or fewer of them as the time goes."""
        elapsed, step = 0.0, min(2.0, self._period / 10)
        while not self._stopped:
            swing = 0.6 + 0.4 * math.sin(2 * math.pi * elapsed / self._period) if self._period != math.inf else 1.0
            load = Load(self._simulator, rate=rate * swing, seed=seed, prefix=prefixes, commands=commands)
            await load.run(step)
            elapsed, seed = elapsed + step, seed + 10

    async def _miss(self) -> None:
        """Press what is too old, and let people come."""
        run = self._simulator
        while not self._stopped:
            guild = self._random.choice(
                [one for one in run.world.guilds.values() if one.joined and not one.unavailable]
            )
            with suppress(NotConnectedError, TimeoutError):
                await run.join_member(guild=guild)
                shown = await (await run.slash("poll", guild=guild)).response(timeout=2)
                await asyncio.sleep(0.6)
                await run.click(shown, "Vote")
            await asyncio.sleep(self._pause / 2)

    async def _stumble(self) -> None:
        while not self._stopped:
            await asyncio.sleep(self._pause * 4)
            shard = self._random.randrange(self._shards)
            for text in ("!stumble", "!sing"):
                await self._patiently(
                    lambda text=text, shard=shard: self._simulator.say(text, guild=self._guild_of(shard))
                )

    # -- Discord

    def _fail(self) -> None:
        faults = self._simulator.faults
        faults.add(RateLimited("cloudflare"), template="/webhooks/*", times=2)
        for scope, share in (("user", 0.015), ("shared", 0.02)):
            faults.add(RateLimited(scope, retry_after=0.3), probability=share)
        faults.add(RateLimited("global", retry_after=0.2), template="/channels/*", probability=0.02)
        faults.add(RateLimited("cloudflare"), template="/webhooks/*", probability=0.01)
        faults.add(ServerError(502), probability=0.01)
        faults.add(ServerError(503), probability=0.005)
        faults.add(Reset(), probability=0.005)
        faults.add(Slow(0.4), probability=0.05)

    async def _disturb(self) -> None:
        """Reconnect, drop and close each shard's connection in turn; let guilds come, go and be away."""
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
        """Do it as soon as the shard that it takes is connected."""
        for _ in range(40):
            with suppress(NotConnectedError):
                return await action()
            await asyncio.sleep(0.1)
        return None

    def _guild_of(self, shard: int) -> Any:
        guilds = self._simulator.world.guilds_of(shard, self._shards)
        return next(guild for guild in guilds if not guild.unavailable)
