"""REST calls by route: each attempt, each wait, each retry, by the bot and by webhooks."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest

from argus_otel.otel.spans import suppress_http_instrumentation
from argus_otel.sources.discord.rest.call import RestCall, current_call
from discord_simulator import BackgroundSimulator, RateLimited, Reset, ServerError, Slow, Truncated

from .back_off import assert_ours
from .conftest import Observed, make_bot, running, until

ATTEMPTS = "http.client.request.duration"
CALLS = "discord.rest.duration"
WAITS = "discord.rest.ratelimit.wait"
MESSAGES = "/channels/{channel_id}/messages"
HOST = "127.0.0.1"


def attempts(observed: Observed) -> Counter[tuple[str, str, int]]:
    """Return the attempts that were answered: (method, template, status) to number."""
    counted: Counter[tuple[str, str, int]] = Counter()
    for (method, template, status, server, _), count in observed.counts(ATTEMPTS).items():
        assert server == HOST
        if status is not None:
            counted[method, template, status] += count
    return counted


def answered(simulator: BackgroundSimulator) -> Counter[tuple[str, str, int]]:
    """Return what the simulator says that it answered."""
    counts = simulator.ledger.rest_counts()
    return Counter({key: number for key, number in counts.items() if key[2]})


def test_attempt_total_and_waits_are_told_apart(observed: Observed, simulator: BackgroundSimulator) -> None:
    simulator.rate_limits.set("POST", MESSAGES, limit=2, per=0.5)
    bot = make_bot()

    async def main() -> None:
        async with running(bot, simulator):
            channel = bot.guilds[0].text_channels[0]
            await channel.send("one")
            # The bucket is empty after this one, and discord.py sleeps before it gives the answer back.
            await channel.send("two")
            simulator.faults.add(RateLimited("user", retry_after=0.3), method="POST", template=MESSAGES, times=1)
            await channel.send("three")

    asyncio.run(main())
    assert attempts(observed) == answered(simulator)
    (attempt,) = (point for key, point in observed.points(ATTEMPTS).items() if key[1:3] == (MESSAGES, 200))
    assert attempt.count == 3
    assert attempt.sum < 0.2
    assert observed.sums(CALLS)["POST", MESSAGES, None] == pytest.approx(0.8, abs=0.15)
    assert observed.counts(WAITS) == {(MESSAGES,): 2}
    assert observed.sums(WAITS)[MESSAGES,] == pytest.approx(0.8, abs=0.15)
    span = observed.spans(f"POST {MESSAGES}")[-1]
    assert span.attributes["http.request.resend_count"] == 1
    assert span.attributes["http.response.status_code"] == 200
    assert span.attributes["discord.rest.ratelimit.wait"] == pytest.approx(0.3, abs=0.1)
    assert [(event.name, event.attributes["http.response.status_code"]) for event in span.events] == [("response", 429)]


@pytest.mark.parametrize("scope", ["user", "shared", "global", "cloudflare"])
def test_peer_fault_18_a_429_is_counted_by_whose_limit_was_hit(
    observed: Observed, simulator: BackgroundSimulator, scope: str
) -> None:
    bot = make_bot()

    async def main() -> None:
        async with running(bot, simulator):
            simulator.faults.add(RateLimited(scope, retry_after=0.05), method="POST", template=MESSAGES, times=1)  # type: ignore[arg-type]
            channel = bot.guilds[0].text_channels[0]
            if scope == "cloudflare":  # a ban, which discord.py does not retry
                with pytest.raises(discord.HTTPException):
                    await channel.send("hello")
            else:
                await channel.send("hello")

    asyncio.run(main())
    assert observed.values("discord.rest.ratelimits") == {(MESSAGES, scope): 1}
    assert attempts(observed) == answered(simulator)
    failed = {key for key in observed.counts(CALLS) if key[2]}
    assert failed == ({("POST", MESSAGES, "HTTPException")} if scope == "cloudflare" else set())


def test_server_errors_resets_and_slow_answers(observed: Observed, simulator: BackgroundSimulator) -> None:
    bot = make_bot()

    async def main() -> None:
        async with running(bot, simulator):
            channel = bot.guilds[0].text_channels[0]
            simulator.faults.add(ServerError(502), method="POST", template=MESSAGES, times=1)
            await channel.send("again")  # retried after a second
            simulator.faults.add(ServerError(503), method="POST", template=MESSAGES, times=1)
            with pytest.raises(discord.DiscordServerError):
                await channel.send("not retried")
            simulator.faults.add(Reset(), method="POST", template=MESSAGES, times=1)
            with pytest.raises((OSError, discord.DiscordException, Exception)):
                await channel.send("reset")
            simulator.faults.add(Slow(0.4), method="POST", template=MESSAGES, times=1)
            await channel.send("slow")

    asyncio.run(main())
    assert attempts(observed) == answered(simulator)
    counts = observed.counts(ATTEMPTS)
    (reset,) = (key for key in counts if key[1] == MESSAGES and key[2] is None)
    assert "Error" in reset[4]
    assert counts["POST", MESSAGES, 502, HOST, "502"] == 1
    assert counts["POST", MESSAGES, 503, HOST, "503"] == 1
    assert counts["POST", MESSAGES, 200, HOST, None] == 2
    assert observed.sums(ATTEMPTS)["POST", MESSAGES, 200, HOST, None] == pytest.approx(0.4, abs=0.05)
    calls = observed.counts(CALLS)
    assert calls["POST", MESSAGES, None] == 2
    assert calls["POST", MESSAGES, "DiscordServerError"] == 1
    # A retry after a 502 is no rate limit.
    assert observed.counts(WAITS) == {}
    statuses = [span.status.status_code.name for span in observed.spans(f"POST {MESSAGES}")]
    assert sorted(statuses) == ["ERROR", "ERROR", "UNSET", "UNSET"]


def test_every_response_of_a_bot_at_work_is_recorded_once(observed: Observed, simulator: BackgroundSimulator) -> None:
    bot = make_bot()

    @bot.tree.command()
    async def work(interaction: discord.Interaction) -> None:
        """Work."""
        await interaction.response.defer()
        message = await interaction.followup.send("first", wait=True)
        await message.edit(content="edited")
        await interaction.edit_original_response(content="done")
        await interaction.delete_original_response()
        channel = interaction.channel
        assert isinstance(channel, discord.TextChannel)
        webhook = await channel.create_webhook(name="hook")
        await webhook.send("by webhook")
        sent = await channel.send("by bot")
        await sent.add_reaction("👍")
        await sent.delete()
        with pytest.raises(discord.NotFound):
            await channel.fetch_message(1)

    async def main() -> None:
        async with running(bot, simulator):
            await simulator.slash("work")
            await until(lambda: observed.spans("command work"), timeout=10)
            await simulator.settle()

    asyncio.run(main())
    assert attempts(observed) == answered(simulator)
    assert observed.span("command work").status.status_code.name == "UNSET"
    root = observed.span("command work")
    inside = [span for span in observed.spans() if span.context.trace_id == root.context.trace_id and span is not root]
    assert len(inside) == 11
    assert {span.parent.span_id for span in inside} == {root.context.span_id}
    assert not any(entry.traceparent for entry in simulator.ledger.rest_now())


def test_synchronous_webhooks_are_recorded(observed: Observed, simulator: BackgroundSimulator) -> None:
    bot = make_bot()

    async def main() -> None:
        async with running(bot, simulator):
            webhook = await bot.guilds[0].text_channels[0].create_webhook(name="hook")
            sync = discord.SyncWebhook.partial(webhook.id, webhook.token)
            await asyncio.to_thread(sync.send, "from a thread")

    asyncio.run(main())
    assert attempts(observed) == answered(simulator)
    assert observed.counts(CALLS)["POST", "/webhooks/{webhook_id}/{webhook_token}", None] == 1


def test_ids_and_tokens_in_hand_written_paths_reach_no_metric(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    bot = make_bot()
    token = "x" * 68

    async def main() -> None:
        async with running(bot, simulator):
            for number in range(3):
                with pytest.raises(discord.NotFound):
                    await bot.http.request(
                        discord.http.Route("GET", f"/guilds/{529448671641600000 + number}/secret/{token}?x=1")
                    )

    asyncio.run(main())
    templates = {key[1] for key in observed.counts(CALLS)}
    assert "/guilds/{id}/secret/{token}" in templates
    assert not any(token in template or "5294486" in template for template in templates)


def test_a_slow_global_limit_counts_as_wait_for_all(observed: Observed, simulator: BackgroundSimulator) -> None:
    bot = make_bot()

    async def main() -> None:
        async with running(bot, simulator):
            one, two = bot.guilds[0].text_channels[0], bot.guilds[1].text_channels[0]
            simulator.faults.add(RateLimited("global", retry_after=0.4), method="POST", template=MESSAGES, times=1)
            first = asyncio.create_task(one.send("hits the limit"))
            await asyncio.sleep(0.1)
            await asyncio.gather(first, two.send("waits with it"))

    asyncio.run(main())
    assert observed.counts(WAITS) == {(MESSAGES,): 2}
    assert observed.sums(WAITS)[MESSAGES,] == pytest.approx(0.4 + 0.3, abs=0.15)


@pytest.mark.alone
def test_what_a_webhook_waits_for_is_told_apart(observed: Observed, simulator: BackgroundSimulator) -> None:
    template = "/webhooks/{webhook_id}/{webhook_token}"
    simulator.rate_limits.set("POST", template, limit=2, per=0.5)
    bot = make_bot()

    async def main() -> None:
        async with running(bot, simulator):
            webhook = await bot.guilds[0].text_channels[0].create_webhook(name="hook")
            await webhook.send("one")
            # This one empties the bucket, and keeps the lock for as long: the other waits for it.
            await asyncio.gather(webhook.send("two"), webhook.send("three"))

    asyncio.run(main())
    assert attempts(observed) == answered(simulator)
    assert observed.counts(WAITS) == {(template,): 2}
    assert observed.sums(WAITS)[template,] == pytest.approx(1.0, abs=0.15)
    assert observed.sums(CALLS)["POST", template, None] == pytest.approx(1.0, abs=0.2)


@pytest.mark.alone
def test_a_reset_that_discord_py_tries_again_after_is_an_attempt(
    observed: Observed, simulator: BackgroundSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = make_bot()

    # By its number on macOS and Windows; Linux has another, after which discord.py does not try again.
    async def reset() -> None:
        await asyncio.sleep(0.2)
        raise ConnectionResetError(54, "Connection reset by peer")

    async def main() -> None:
        async with running(bot, simulator):
            request = aiohttp.TCPConnector.connect
            failing = [True]

            async def fails_once(self: Any, *args: Any, **kwargs: Any) -> Any:
                if failing:
                    failing.clear()
                    await reset()
                return await request(self, *args, **kwargs)

            monkeypatch.setattr(aiohttp.TCPConnector, "connect", fails_once)
            await bot.guilds[0].text_channels[0].send("hello")

    asyncio.run(main())
    key = ("POST", MESSAGES, None, HOST, "ConnectionResetError")
    failed = {key: count for key, count in observed.counts(ATTEMPTS).items() if key[2] is None}
    assert failed == {key: 1}
    assert observed.sums(ATTEMPTS)[key] == pytest.approx(0.2, abs=0.05)
    assert observed.counts(ATTEMPTS)["POST", MESSAGES, 200, HOST, None] == 1
    assert observed.sums(CALLS)["POST", MESSAGES, None] == pytest.approx(1.2, abs=0.2)
    assert observed.counts(WAITS) == {}


def test_discord_py_sleeps_before_it_tries_again_as_we_take_for_granted() -> None:
    assert_ours(Path(discord.__file__).parent)


def test_what_a_handler_asks_of_others_after_a_call_is_no_attempt_of_it(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    bot = make_bot()

    async def main() -> None:
        async with running(bot, simulator), aiohttp.ClientSession() as session:
            await bot.guilds[0].text_channels[0].send("hello")
            async with session.get(f"{simulator.url}/api/v10/gateway") as response:
                assert response.status == 200
                await response.read()

    asyncio.run(main())
    assert attempts(observed) == answered(simulator) - Counter({("GET", "/gateway", 200): 1})
    assert observed.counts(CALLS)["POST", MESSAGES, None] == 1


def test_a_call_that_has_ended_keeps_nothing_of_what_it_ran_in(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    bot = make_bot()
    left: list[RestCall | None] = []

    async def main() -> None:
        async with running(bot, simulator):
            await bot.guilds[0].text_channels[0].send("traced")
            left.append(current_call.get())
            observed.telemetry.tracing, observed.telemetry.suppress_http_instrumentation = (
                None,
                suppress_http_instrumentation,
            )
            await bot.guilds[0].text_channels[0].send("in silence")
            left.append(current_call.get())

    asyncio.run(main())
    assert len(left) == 2
    for call in left:
        assert call is not None
        assert call.ended
        assert (call.scope, call.span, call.work_context, call.error, call.interaction) == (None,) * 5


def test_a_connection_keeps_nothing_of_the_failed_call_that_opened_it(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    kept: list[weakref.ref[object]] = []

    class Thing:
        pass

    async def fail(bot: discord.Client) -> None:
        thing = Thing()
        kept.append(weakref.ref(thing))
        await bot.fetch_user(1)

    async def main() -> None:
        bot = make_bot()
        async with running(bot, simulator):
            for fault in (Truncated(), ServerError(503)):  # the first ends the connection that there is
                simulator.faults.add(fault, times=1)
                task = asyncio.create_task(fail(bot))
                await asyncio.wait([task])
                assert task.exception() is not None
                del task
            gc.collect()
            assert [reference() for reference in kept] == [None, None]

    asyncio.run(main())
