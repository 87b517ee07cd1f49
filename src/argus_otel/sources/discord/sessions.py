"""Observed: gateway sessions that begin (IDENTIFY) or resume (RESUME), and how many the bot may begin in a day.

Signals: counter, event, gauges. Discord answers the limit at ``GET /gateway/bot``, which discord.py calls for an
``AutoShardedClient`` without ``shard_count``, and in ``fetch_session_start_limits``. At a bot's 1,000 sessions (more
for large ones) Discord resets its token: https://docs.discord.com/developers/events/gateway#session-start-limit-object

Safe, because the originals run first and unchanged: a session is counted once its payload has been sent, and no request
is made here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import Reading, Telemetry

from .attributes import SESSION_TYPE, SHARD_ID
from .catalogue import SESSION_EVENT, SESSION_LIMIT, SESSIONS, SESSIONS_REMAINING
from .library import DISCORD_PY
from .patches import Patch, PatchSet

if TYPE_CHECKING:
    from discord.gateway import DiscordWebSocket
    from discord.http import HTTPClient

HOOK = "gateway sessions"

_DAY = 24 * 60 * 60


class _Budget:
    """How many sessions one bot may still begin, as Discord has answered last.

    Attributes
    ----------
    limit, remaining:
        In a whole day, and until its end. Each session of this process that has begun since is subtracted.
    ends:
        When the day ends, by the monotonic clock.
    """

    __slots__ = ("limit", "remaining", "ends")

    def __init__(self, answered: Mapping[str, int]) -> None:
        self.limit = int(answered["total"])
        self.remaining = int(answered["remaining"])
        # 0 if no session has begun yet: the day begins with the first.
        self.ends = time.monotonic() + (answered["reset_after"] / 1000 or _DAY)


class Sessions:
    """Counts sessions, and keeps their limit."""

    def __init__(self, telemetry: Telemetry, hooks: PatchSet) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._counts = telemetry.counter(SESSIONS)
        self._begun = 0
        self._budgets: dict[str | None, _Budget] = {}  # by token
        telemetry.gauge(SESSION_LIMIT, self._limit)
        telemetry.gauge(SESSIONS_REMAINING, self._remaining)
        telemetry.health.add_section("sessions", self._describe)

    def patches(self) -> list[Patch]:
        """Return the hooks on IDENTIFY, RESUME and the limit's answer."""
        return [
            Patch(HOOK, "discord.gateway", "DiscordWebSocket.identify", self._maker("identify")),
            Patch(HOOK, "discord.gateway", "DiscordWebSocket.resume", self._maker("resume")),
            Patch(HOOK, "discord.http", "HTTPClient.get_bot_gateway", self._make_ask, libraries=(DISCORD_PY,)),
        ]

    def _maker(self, kind: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        sent = self._telemetry.guard.shield(HOOK, self._sent)

        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            async def begin(self: DiscordWebSocket) -> None:
                await original(self)
                sent(self, kind)

            return begin

        return make

    def _sent(self, ws: DiscordWebSocket, kind: str) -> None:
        if not self._hooks.on:
            return
        shard_id = ws.shard_id or 0
        self._counts[shard_id, kind].value += 1
        if kind == "identify":
            self._begun += 1
            budget = self._budgets.get(ws.token)
            if budget is not None:
                budget.remaining = max(0, budget.remaining - 1)
        self._telemetry.emit(SESSION_EVENT, {SHARD_ID.name: shard_id, SESSION_TYPE.name: kind})

    def _make_ask(self, original: Callable[..., Any]) -> Callable[..., Any]:
        answered = self._telemetry.guard.shield(HOOK, self._answered)

        async def get_bot_gateway(self: HTTPClient, *args: Any, **kwargs: Any) -> Any:
            answer = await original(self, *args, **kwargs)
            answered(self.token, answer)
            return answer

        return get_bot_gateway

    def _answered(self, token: str | None, answer: tuple[Any, ...]) -> None:
        # discord.py 2.4 returns the number of shards and the URL alone.
        if self._hooks.on and len(answer) > 2:
            self._budgets = {**self._budgets, token: _Budget(answer[2])}

    # -- on the collecting thread. If the process runs several bots, the lowest number is reported.

    def _limit(self) -> Reading:
        limits = [budget.limit for budget in self._budgets.values()]
        return [({}, float(min(limits)))] if limits else []

    def _remaining(self) -> Reading:
        now = time.monotonic()
        remaining = [budget.remaining for budget in self._budgets.values() if now < budget.ends]
        return [({}, float(min(remaining)))] if remaining else []

    def _describe(self) -> dict[str, object]:
        found: dict[str, object] = {"begun": self._begun}
        for name, read in (("limit", self._limit), ("remaining", self._remaining)):
            for _, value in read():
                found[name] = int(value)
        return found
