"""REST: routes, refusals, rate limits and faults."""

from __future__ import annotations

import asyncio
import io
import json
import time
from email.utils import parsedate_to_datetime

import aiohttp
import discord
import pytest
from simulated_bots import everything

from discord_simulator import (
    Drip,
    Faults,
    Malformed,
    RateLimit,
    RateLimited,
    RateLimits,
    Refused,
    Reply,
    Reset,
    ServerError,
    Simulator,
    Slow,
    Truncated,
)

MESSAGES = "/channels/{channel_id}/messages"


def test_what_an_ordinary_bot_asks_for(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()) as bot:
            guild = bot.guilds[0]
            channel = guild.text_channels[0]
            assert (await bot.fetch_guild(guild.id)).name == guild.name
            assert (await guild.fetch_member(guild.me.id)).bot
            assert {member.name async for member in guild.fetch_members(limit=2)} == {"user0", "user1"}
            assert len(await guild.fetch_channels()) == 3
            assert len(await guild.fetch_roles()) == 2
            assert [entry.id async for entry in bot.fetch_guilds()] == list(sim.world.guilds)
            assert (await bot.fetch_channel(channel.id)).name == channel.name
            assert (await bot.fetch_user(guild.me.id)).name == "simulated-bot"
            assert (await bot.application_info()).owner.name == "user0"
            assert len(await bot.tree.fetch_commands()) == 9
            async with channel.typing():
                sent = await channel.send(
                    "one", embed=discord.Embed(title="t"), file=discord.File(io.BytesIO(b"x"), "x.txt")
                )
            assert sent.embeds[0].title == "t"
            assert (sent.attachments[0].filename, sent.attachments[0].size) == ("x.txt", 1)
            assert (await sent.edit(content="two", attachments=sent.attachments)).attachments == sent.attachments
            await sent.add_reaction("👍")
            await sent.remove_reaction("👍", guild.me)
            assert (await channel.fetch_message(sent.id)).content == "two"
            assert [message.content async for message in channel.history(limit=5)] == ["two"]
            await sent.delete()
            with pytest.raises(discord.NotFound):
                await channel.fetch_message(sent.id)
            direct = await guild.get_member(next(iter(sim.guild().people)).user.id).create_dm()
            assert (await direct.send("psst")).content == "psst"
            await guild.get_member(sim.guild().people[1].user.id).add_roles(guild.roles[1])
            with pytest.raises(discord.HTTPException, match="empty message"):
                await channel.send("")
            counts = sim.ledger.rest_counts()
            assert counts["PUT", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me", 204] == 1
            assert counts["POST", MESSAGES, 400] == 1
            assert not any(entry.traceparent for entry in sim.ledger.rest)

    asyncio.run(scenario())


def test_webhooks(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()) as bot:
            webhook = await bot.guilds[0].text_channels[0].create_webhook(name="herald")
            sent = await webhook.send("hear ye", username="crier", wait=True)
            assert (sent.content, sent.author.name) == ("hear ye", "crier")
            assert (await webhook.edit_message(sent.id, content="hear me")).content == "hear me"
            assert (await webhook.fetch_message(sent.id)).content == "hear me"
            await webhook.delete_message(sent.id)
            assert (await (await webhook.fetch(prefer_auth=False)).send("no wait")) is None
            await webhook.delete(prefer_auth=False)
            with pytest.raises(discord.NotFound):
                await webhook.send("gone")
            assert sim.ledger.rest_counts()["POST", "/webhooks/{webhook_id}/{webhook_token}", 404] == 1
            assert not any(webhook.token in entry.path for entry in sim.ledger.rest)

    asyncio.run(scenario())


def test_an_unknown_route_and_a_wrong_token():
    async def scenario():
        async with Simulator() as sim, aiohttp.ClientSession() as session:
            headers = {"Authorization": f"Bot {sim.token}", "traceparent": "00-1-1-01"}
            async with session.get(f"{sim.api_url}/no/such/route", headers=headers) as response:
                assert response.status == 404
                assert response.headers["content-type"] == "application/json"
                assert response.headers["via"] == "1.1 google"
                assert await response.json() == {"message": "404: Not Found", "code": 0}
            async with session.get(f"{sim.api_url}/users/@me", headers={"Authorization": "Bot other"}) as response:
                assert response.status == 401
            async with session.post(
                f"{sim.api_url}/channels/{sim.guild().text_channel.id}/messages", data="{", headers=headers
            ) as response:
                assert (response.status, (await response.json())["code"]) == (400, 50109)
            async with session.get(
                f"{sim.api_url}/channels/{sim.guild().text_channel.id}/messages?limit=x", headers=headers
            ) as response:
                assert (response.status, (await response.json())["code"]) == (400, 50035)
            async with session.get(f"{sim.api_url}/guilds/abc", headers=headers) as response:
                assert (response.status, (await response.json())["code"]) == (400, 50035)
            async with session.post(f"{sim.api_url}/interactions/1/none/callback", json={"type": 5}) as response:
                assert (response.status, (await response.json())["code"]) == (404, 10062)
            async with session.post(f"{sim.api_url}/webhooks/{sim.application_id}/none", json={}) as response:
                assert (response.status, (await response.json())["code"]) == (404, 10015)
            assert sim.ledger.rest_counts()["GET", "(unknown)", 404] == 1
            assert sim.ledger.rest[0].traceparent
            assert sim.ledger.rest[0].path == "/no/such/route"
            assert "none" not in "".join(entry.path for entry in sim.ledger.rest)

    asyncio.run(scenario())


def test_a_wrong_token_is_a_login_failure(serve):
    async def scenario():
        async with Simulator() as sim, serve(sim, everything(), token="other") as task:
            with pytest.raises(discord.LoginFailure):
                await task

    asyncio.run(scenario())


def test_a_bucket_that_is_used_up(run_bot):
    async def scenario():
        limits = RateLimits()
        limits.set("POST", MESSAGES, limit=2, per=0.4)
        async with Simulator(rate_limits=limits) as sim, run_bot(sim, everything()) as bot:
            channel = bot.guilds[0].text_channels[0]
            started = time.perf_counter()
            await asyncio.gather(*(channel.send(f"{number}") for number in range(5)))
            assert time.perf_counter() - started > 0.6
            # discord.py knew of the bucket after one answer; it waited by itself, or was told to.
            assert sim.ledger.rest_counts()["POST", MESSAGES, 200] == 5
            async with aiohttp.ClientSession() as session:
                url = f"{sim.api_url}/channels/{sim.guild().id + 3}/messages"
                headers = {"Authorization": f"Bot {sim.token}"}
                for remaining in ("1", "0"):
                    async with session.post(url, json={"content": "x"}, headers=headers) as response:
                        assert response.headers["X-RateLimit-Limit"] == "2"
                        assert response.headers["X-RateLimit-Remaining"] == remaining
                        assert 0 < float(response.headers["X-RateLimit-Reset-After"]) <= 0.4
                async with session.post(url, json={"content": "x"}, headers=headers) as response:
                    assert response.status == 429
                    assert response.headers["X-RateLimit-Scope"] == "user"
                    body = await response.json()
                    assert 0 < body["retry_after"] <= 0.4
                    assert body["global"] is False
            assert sim.ledger.ratelimit_counts()[MESSAGES, "user"] >= 1

    asyncio.run(scenario())


def test_the_global_limit(run_bot):
    async def scenario():
        limits = RateLimits(everything=RateLimit(8, 0.3))
        async with Simulator(rate_limits=limits) as sim, run_bot(sim, everything()) as bot:
            await asyncio.gather(*(bot.fetch_user(bot.user.id) for _ in range(12)))
            assert sim.ledger.rest_counts()["GET", "/users/{user_id}", 200] == 12
            assert sim.ledger.ratelimit_counts()["/users/{user_id}", "global"] >= 1

    asyncio.run(scenario())


@pytest.mark.parametrize("scope", ["user", "shared", "global"])
def test_an_injected_rate_limit_is_waited_for(run_bot, scope):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()) as bot:
            sim.faults.add(RateLimited(scope, retry_after=0.15), method="POST", template=MESSAGES, times=1)
            started = time.perf_counter()
            await bot.guilds[0].text_channels[0].send("x")
            assert time.perf_counter() - started >= 0.15
            assert sim.ledger.ratelimit_counts() == {(MESSAGES, scope): 1}
            assert sim.ledger.rest_counts()["POST", MESSAGES, 200] == 1
            assert [entry.fault for entry in sim.ledger.rest if entry.fault] == ["ratelimit"]

    asyncio.run(scenario())


def test_a_ban_by_cloudflare_is_not_retried(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()) as bot:
            sim.faults.add(RateLimited("cloudflare"), template=MESSAGES)
            with pytest.raises(discord.HTTPException) as caught:
                await bot.guilds[0].text_channels[0].send("x")
            assert caught.value.status == 429
            assert sim.ledger.ratelimit_counts() == {(MESSAGES, "cloudflare"): 1}

    asyncio.run(scenario())


def test_server_errors_are_retried(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()) as bot:
            fault = sim.faults.add(ServerError(502), template=MESSAGES, times=1)
            await bot.guilds[0].text_channels[0].send("x")
            assert fault.injected == 1
            sim.faults.add(ServerError(503), template="/users/*")
            with pytest.raises(discord.DiscordServerError):
                await bot.fetch_user(1)
            counts = sim.ledger.rest_counts()
            assert counts["POST", MESSAGES, 502] == counts["POST", MESSAGES, 200] == 1
            assert counts["GET", "/users/{user_id}", 503] == 1

    asyncio.run(scenario())


def test_a_refusal_has_discords_code(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()) as bot:
            sim.faults.add(Refused(403, 50001, "Missing Access"), template=MESSAGES)
            with pytest.raises(discord.Forbidden, match="Missing Access") as caught:
                await bot.guilds[0].text_channels[0].send("x")
            assert caught.value.code == 50001
            assert sim.ledger.summary()["faults"] == {"refused": 1}

    asyncio.run(scenario())


def test_resets_slowness_and_broken_bodies(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()) as bot:
            channel = bot.guilds[0].text_channels[0]
            reset = sim.faults.add(Reset(), template=MESSAGES, times=1)
            with pytest.raises((aiohttp.ClientError, OSError)):
                await channel.send("x")
            assert reset.injected == 1
            assert sim.ledger.rest_counts()["POST", MESSAGES, 0] == 1
            assert sim.ledger.rest[-1].fault == "reset"
            await channel.send("after")
            slow = sim.faults.add(Slow(0.2), template=MESSAGES)
            started = time.perf_counter()
            await channel.send("x")
            assert time.perf_counter() - started >= 0.2
            assert sim.ledger.rest[-1].duration >= 0.2
            sim.faults.remove(slow)
            sim.faults.add(Malformed(), template=MESSAGES)
            with pytest.raises(ValueError, match=r"."):
                await channel.send("x")
            sim.faults.clear()
            await channel.send("x")
            assert sim.ledger.summary()["faults"] == {"reset": 1, "slow": 1, "malformed": 1}

    asyncio.run(scenario())


def test_any_answer_half_an_answer_and_one_that_takes_its_time(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()) as bot:
            channel = bot.guilds[0].text_channels[0]
            page = Reply(418, b"<h1>no</h1>", {"Content-Type": "text/html", "X-Whose": "nobody"})
            sim.faults.add(page, times=1)
            with pytest.raises(discord.HTTPException) as raised:
                await channel.send("x")
            assert raised.value.response.status == 418
            assert raised.value.response.headers["X-Whose"] == "nobody"
            assert "Via" not in raised.value.response.headers
            assert raised.value.text == "<h1>no</h1>"
            sim.faults.add(Reply(204, b"left out"), times=1)
            assert await bot.http.get_user(1) == ""
            sim.faults.add(Truncated(), times=1)
            with pytest.raises(aiohttp.ClientPayloadError):
                await channel.send("half")
            sim.faults.add(Drip(0.2), times=1)
            started = time.perf_counter()
            assert (await channel.send("slow")).content == "slow"
            assert time.perf_counter() - started >= 0.2
            assert sim.ledger.summary()["faults"] == {"reply": 2, "truncated": 1, "drip": 1}
            sent = [entry.body["content"] for entry in sim.ledger.rest_now() if entry.template == MESSAGES]
            assert sent == ["x", "half", "slow"]
            assert len(sim.state.messages.in_channel(channel.id, 0)) == 2

    asyncio.run(scenario())


def test_the_ledger_has_the_json_of_a_form_and_nothing_of_what_is_none(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()) as bot, aiohttp.ClientSession() as session:
            channel = bot.guilds[0].text_channels[0]
            await channel.send("with a file", file=discord.File(io.BytesIO(b"12345"), "five.txt"))
            assert sim.ledger.rest[-1].body["content"] == "with a file"
            headers = {"Authorization": f"Bot {sim.token}", "Content-Type": "application/json"}
            url = f"{sim.api_url}/channels/{channel.id}/messages"
            async with session.post(url, data="{", headers=headers) as response:
                assert (response.status, (await response.json())["code"]) == (400, 50109)
            assert sim.ledger.rest[-1].body is None

    asyncio.run(scenario())


def test_what_a_reply_and_a_drip_cannot_be():
    with pytest.raises(ValueError, match="between 200 and 599"):
        Reply(100)
    with pytest.raises(ValueError, match="must not be negative"):
        Drip(-1)


def test_a_callback_which_a_fault_swallowed_can_be_made_again(run_bot):
    async def scenario():
        async with Simulator(faults=Faults(seed=3)) as sim, run_bot(sim, everything()):
            sim.faults.add(ServerError(500), template="/interactions/*", times=1)
            handle = await sim.slash("secret")
            answer = await handle.acknowledged()
            assert answer.after > 1
            assert handle.entry.callbacks == 1

    asyncio.run(scenario())


CONTROL = {"/_simulator/health": "GET", "/_simulator/ledger": "GET", "/_simulator/dispatch": "POST"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:{port}"},
        {"Host": "localhost.evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "10.0.0.1:{port}"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "http://evil.example:{port}"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "http://localhost:{port}"},
        {"Host": "localhost:{port}", "Origin": "http://127.0.0.1:{port}"},
    ],
    ids=str,
)
def test_a_page_of_the_web_can_neither_read_nor_drive_it(headers):
    async def scenario():
        async with Simulator() as sim, aiohttp.ClientSession() as session:
            sent = {name: value.format(port=sim.port) for name, value in headers.items()}
            event = {"type": "NOVELTY", "data": {}}
            for path, method in CONTROL.items():
                async with session.request(method, sim.url + path, json=event, headers=sent) as response:
                    told = await response.text()
                assert response.status == 403
                assert "127.0.0.1" in json.loads(told)["error"]
                assert "evil" not in told
                assert "Access-Control-Allow-Origin" not in response.headers
            assert not sim.ledger.summary()["events"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": "localhost:{port}"},
        {"Host": "LOCALHOST"},
        {"Host": "127.0.0.1:1"},
        {"Origin": "http://127.0.0.1:{port}"},
        {"Host": "localhost:{port}", "Origin": "http://localhost:{port}"},
    ],
    ids=str,
)
def test_this_machine_may_read_and_drive_it(headers):
    async def scenario():
        async with Simulator() as sim, aiohttp.ClientSession() as session:
            sent = {name: value.format(port=sim.port) for name, value in headers.items()}
            async with session.get(f"{sim.url}/_simulator/ledger", headers=sent) as response:
                assert response.status == 200
            async with session.post(f"{sim.url}/_simulator/dispatch", data="{", headers=sent) as response:
                assert response.status == 400

    asyncio.run(scenario())


def test_a_bot_is_served_by_whatever_name_it_asks_for():
    async def scenario():
        async with Simulator() as sim, aiohttp.ClientSession() as session:
            headers = {"Host": "discord.com", "Origin": "https://discord.com", "Authorization": f"Bot {sim.token}"}
            async with session.get(f"{sim.api_url}/users/@me", headers=headers) as response:
                assert response.status == 200

    asyncio.run(scenario())


def test_reading_and_driving_over_http(run_bot):
    async def scenario():
        async with Simulator() as sim, aiohttp.ClientSession() as session:
            async with session.get(f"{sim.url}/_simulator/health") as response:
                assert await response.json() == {"status": "ok", "ready": False, "shards": 1}
            url = f"{sim.url}/_simulator/dispatch"
            event = {"type": "NOVELTY", "data": {}, "guild_id": sim.guild().id}
            async with session.post(url, json=event) as response:
                assert response.status == 409
            async with run_bot(sim, everything()):
                async with session.post(url, json=event) as response:
                    assert await response.json() == {"written": 1}
                async with session.post(url, json={"type": "NOVELTY", "data": {}}) as response:
                    assert await response.json() == {"written": 1}
                for body in (b"{", b"[]", b'{"type": 1, "data": {}}', b'{"type": "X"}'):
                    async with session.post(url, data=body) as response:
                        assert response.status == 400
                async with session.get(f"{sim.url}/_simulator/ledger") as response:
                    summary = await response.json()
            assert summary["events"]["NOVELTY"] == 2
            assert summary["sessions"] == {"0 identify": 1}
            assert not any(entry.path.startswith("/_simulator") for entry in sim.ledger.rest)

    asyncio.run(scenario())


@pytest.mark.parametrize("ahead", [-86_400.0, 5.0])
def test_a_discord_whose_clock_is_another_is_so_in_all_it_says(run_bot, ahead):
    async def scenario():
        def clock():
            return time.time() + ahead

        async with Simulator(clock=clock) as sim, run_bot(sim, everything()) as bot:
            async with aiohttp.ClientSession() as session, session.get(f"{sim.api_url}/gateway") as response:
                said = parsedate_to_datetime(response.headers["Date"]).timestamp()
            assert -1.5 < said - clock() <= 0
            handle = await sim.slash("late")
            assert abs(handle.entry.created_at - clock()) < 1
            message = await (await sim.slash("playlist show")).acknowledged()
            assert message.after < 1
            posted = await bot.guilds[0].text_channels[0].send("now")
            assert abs(posted.created_at.timestamp() - clock()) < 1
            await sim.settle()  # the deadline is by that clock too
            assert handle.entry.late
            with pytest.raises(TimeoutError, match="status 404"):
                await handle.acknowledged(timeout=1)
            assert 3 < handle.entry.acknowledged_after < 5

    asyncio.run(scenario())
