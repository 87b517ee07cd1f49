"""The storm: users at everything that the witness has, on two shards, while Discord fails; and what both sides say."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from argus_otel.scrape.series import Metrics
from discord_simulator import (
    BackgroundSimulator,
    Ledger,
    NotConnectedError,
    RateLimited,
    Refused,
    Reset,
    ServerError,
    Slow,
)

from ..launch.conftest import Received

RATE = 45.0
"""Operations begun each second. More than half of them last 10 s or so, so more than 200 run at a time."""

DURATION = 12.0

_ATTEMPTS = 40
_PATIENCE = 0.8


@dataclass
class Work:
    """What the witness wrote down of one kind of work."""

    counts: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    seconds: defaultdict[tuple[str, str | None], float] = field(default_factory=lambda: defaultdict(float))


@dataclass
class Evidence:
    """Both sides, after the storm.

    Attributes
    ----------
    ledger:
        What crossed the wire.
    journal:
        What the bot did, by kind: counts and seconds by (name, error).
    done:
        What the users and Discord did that the ledger keeps no count of.
    metrics:
        One scrape.
    calm:
        What was added by three calls of one route, the first of which was refused once, when nothing else happened.
    received:
        What arrived over OTLP.
    concurrency:
        The most pieces of work that ran at a time.
    rows:
        Both sides' numbers, by the truth that they are of.
    """

    ledger: Ledger
    journal: Mapping[str, Work]
    done: Counter[str]
    metrics: Metrics
    calm: Metrics
    received: Received
    concurrency: int
    rows: dict[Any, Any] = field(default_factory=dict)


class Storm:
    """Uses a bot in every way at once."""

    def __init__(self, simulator: BackgroundSimulator, seed: int = 1) -> None:
        self._simulator = simulator
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self.done: Counter[str] = Counter()
        self._disturbed = False
        self._panels: list[Any] = []
        self._ways: list[tuple[float, Callable[[Any], Awaitable[None]]]] = [
            (60, self._slash("work")),
            (4, self._slash("late")),
            (4, self._slash("fail")),
            (3, self._slash("cut")),
            (2, self._slash("silent")),
            (3, self._slash("refused")),
            (4, self._slash("both")),
            (2, self._slash("brief")),
            (4, self._slash("find", what="x")),
            (4, self._autocomplete),
            (3, self._menu_on_user),
            (3, self._menu_on_message),
            (4, self._say("!both")),
            (3, self._say("!boom")),
            (3, self._say("!snap")),
            (3, self._say("!nothing of the kind")),
            (4, self._press("press")),
            (3, self._press("break")),
            (3, self._press("sever")),
            (3, self._press("vote:yes")),
            (3, self._choose),
            (3, self._form),
            (5, self._typing),
            (3, self._join_member),
        ]

    async def rage(self) -> None:
        """Begin so many operations a second, whether or not the bot keeps up, while Discord fails."""
        run = self._simulator
        for guild in list(run.world.guilds.values()):
            self._panels.append(await (await run.slash("panel", guild=guild)).response())
        self._fail()
        loop = asyncio.get_running_loop()
        due, until = loop.time(), loop.time() + DURATION
        acting: list[asyncio.Task[None]] = [asyncio.create_task(self._discord_fails())]
        while (due := due + self._random.expovariate(RATE)) < until:
            await asyncio.sleep(max(0.0, due - loop.time()))
            way = self._random.choices([way for _, way in self._ways], [weight for weight, _ in self._ways])[0]
            acting.append(asyncio.create_task(self._act(way)))
        await asyncio.gather(*acting)
        run.faults.clear()
        await run.settle(30.0)

    async def after(self) -> None:
        """Do one after the other what would not be seen in a crowd."""
        run = self._simulator
        await self._lose_an_answer()
        shown = await (await run.slash("brief")).response()
        await asyncio.sleep(1.0)
        late = await run.click(shown, "gone")
        self.done["too late"] += 1
        with suppress(TimeoutError):
            await late.acknowledged(timeout=0.2)
        await self._refuse_one_of_each()
        for text in ("!hurry", "!block", "!sing"):
            await self.ask(text)

    async def _lose_an_answer(self) -> None:
        """Reset the connection that a command answers on."""
        reset = self._simulator.faults.add(Reset(), template="/interactions/*", times=1)
        await self._simulator.slash("fail")
        while not reset.injected:
            await asyncio.sleep(0.05)

    async def _refuse_one_of_each(self) -> None:
        """Refuse one answer of each kind, in time, and one message."""
        run = self._simulator
        asked = await run.click(self._panels[0], "form")
        await asked.modal()
        guild = next(guild for guild in run.world.guilds.values() if guild.joined)
        owner = guild.people[1].user  # not the one who acts where nobody is named
        run.world.user_installs.add(owner.id)
        for use in (
            lambda: run.slash("fail", user=owner, guild=guild),
            lambda: run.autocomplete("find", "what", "one"),
            lambda: run.click(self._panels[0], "press"),
            lambda: run.submit_modal(asked, {"text": "fine"}),
        ):
            refused = run.faults.add(Refused(404, 10062, "Unknown interaction"), template="/interactions/*", times=1)
            await use()
            while not refused.injected:
                await asyncio.sleep(0.05)
        run.world.user_installs.clear()
        self.done["by an owner"] += 1
        refused = run.faults.add(Refused(), method="POST", template="/channels/{channel_id}/messages", times=1)
        await run.say("!both")
        self.done["message"] += 1
        self.done["!both"] += 1
        while not refused.injected:
            await asyncio.sleep(0.05)
        await run.settle(10.0)

    async def ask(self, text: str) -> None:
        """Say something, and wait for the answer."""
        said = await self._simulator.say(text)
        self.done["message"] += 1
        await said.reply(timeout=15.0)

    def _fail(self) -> None:
        faults = self._simulator.faults
        # Always, and of a call that is made for it: were any call reset by chance, each storm would have other failures
        # than the last, of most of them one, and the length of one alone is what the machine makes of it.
        faults.add(Reset(), template="/users/*")
        faults.add(RateLimited("shared", retry_after=0.1), probability=0.02)
        faults.add(RateLimited("user", retry_after=0.1), probability=0.01)
        faults.add(RateLimited("global", retry_after=0.1), template="/channels/*", probability=0.02)
        faults.add(RateLimited("cloudflare"), template="/webhooks/*", probability=0.01)
        faults.add(ServerError(503), probability=0.01)
        faults.add(Slow(0.3), probability=0.1)

    async def _discord_fails(self) -> None:
        """Reconnect, drop and close connections, and let guilds come, go and be away."""
        run = self._simulator
        for fail in (
            lambda: run.ask_reconnect(shard_id=0),
            lambda: run.drop_gateway(shard_id=1),
            lambda: run.close_gateway(4000, shard_id=0),
        ):
            await asyncio.sleep(1)
            await self._disturb(fail)
        for _ in range(2):
            await self._until_connected(self._join_guild)
        guild = next(guild for guild in run.world.guilds.values() if guild.joined)
        await self._until_connected(lambda: run.begin_outage(guild))
        await self._until_connected(lambda: run.end_outage(guild))
        await self._disturb(lambda: run.invalidate_session(resumable=False, shard_id=1))

    async def _disturb(self, fail: Callable[[], Awaitable[None]]) -> None:
        """Let a connection fail. Most users hold back until there is another, or all they did would come at once."""
        sessions = len(self._simulator.ledger.sessions)
        self._disturbed = True
        await fail()
        while len(self._simulator.ledger.sessions) == sessions:
            await asyncio.sleep(0.05)
        self._disturbed = False

    async def _act(self, way: Callable[[Any], Awaitable[None]]) -> None:
        while self._disturbed and self._random.random() < _PATIENCE:
            await asyncio.sleep(self._random.uniform(0.2, 2.0))
        guild = self._random.choice(
            [g for g in self._simulator.world.guilds.values() if g.joined and not g.unavailable]
        )
        await self._until_connected(lambda: way(guild))

    async def _until_connected(self, action: Callable[[], Awaitable[Any]]) -> None:
        for _ in range(_ATTEMPTS):
            with suppress(NotConnectedError):
                await action()
                return
            await asyncio.sleep(0.25)

    # -- ways to use it

    def _slash(self, name: str, **options: str) -> Callable[[Any], Awaitable[None]]:
        async def use(guild: Any) -> None:
            await self._simulator.slash(name, options=options, guild=guild)

        return use

    def _say(self, text: str) -> Callable[[Any], Awaitable[None]]:
        async def use(guild: Any) -> None:
            await self._simulator.say(text, guild=guild)
            self.done["message"] += 1
            self.done[text] += 1

        return use

    def _press(self, button: str) -> Callable[[Any], Awaitable[None]]:
        async def use(_: Any) -> None:
            await self._simulator.click(self._random.choice(self._panels), button)

        return use

    async def _autocomplete(self, guild: Any) -> None:
        await self._simulator.autocomplete("find", "what", self._random.choice(("one", "fail")), guild=guild)

    async def _menu_on_user(self, guild: Any) -> None:
        await self._simulator.context_menu("user", "Inspect", guild.people[0], guild=guild)

    async def _menu_on_message(self, guild: Any) -> None:
        panel = next(panel for panel in self._panels)
        await self._simulator.context_menu("message", "Quote", panel)

    async def _choose(self, _: Any) -> None:
        await self._simulator.select(self._random.choice(self._panels), "choose", ["this"])

    async def _form(self, _: Any) -> None:
        asked = await self._simulator.click(self._random.choice(self._panels), "form")
        try:
            await asked.modal(timeout=4.0)
        except TimeoutError:
            return
        await self._until_connected(lambda: self._simulator.submit_modal(asked, {"text": "fine"}))

    async def _typing(self, guild: Any) -> None:
        await self._simulator.typing(guild=guild)

    async def _join_member(self, guild: Any) -> None:
        await self._simulator.join_member(guild=guild)

    async def _join_guild(self) -> None:
        guild = await self._simulator.join_guild()
        self.done["join"] += 1
        await asyncio.sleep(0.5)
        await self._until_connected(lambda: self._simulator.leave_guild(guild))
        self.done["leave"] += 1


def read_journal(path: Path) -> tuple[dict[str, Work], int]:
    """Return what the witness wrote down, and the most pieces of work that ran at a time."""
    works: defaultdict[str, Work] = defaultdict(Work)
    moments: list[tuple[float, int]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        key = entry["name"], entry["error"]
        works[entry["kind"]].counts[key] += 1
        works[entry["kind"]].seconds[key] += entry["seconds"]
        moments += [(entry["began"], 1), (entry["began"] + entry["seconds"], -1)]
    return dict(works), most(moments)


def most(moments: Iterable[tuple[float, int]]) -> int:
    """Return the highest sum of the changes, in the order of their moments."""
    now = highest = 0
    for _, change in sorted(moments):
        now += change
        highest = max(highest, now)
    return highest
