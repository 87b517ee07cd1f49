"""The ledger agrees with what the bot itself has seen, under load and with faults."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter

import pytest
from simulated_bots import everything
from test_simulator_events import until

from discord_simulator import Load, RateLimited, ServerError, Simulator, Slow


def watch_rest(bot):
    """Count the responses discord.py itself gets, by (method, path, status)."""
    import aiohttp

    seen: Counter = Counter()
    trace = aiohttp.TraceConfig()

    async def ended(_session, _context, params):
        seen[params.method, params.response.status] += 1

    trace.on_request_end.append(ended)
    bot.http.http_trace = trace
    return seen


def test_thousands_of_operations_with_faults_agree(run_bot):
    async def scenario():
        async with Simulator(guilds=4, members=10) as sim:
            bot = everything(max_messages=100)
            bot.tree.remove_command("late")
            bot.tree.remove_command("twice")
            seen = watch_rest(bot)
            async with run_bot(sim, bot):
                sim.faults.add(RateLimited("shared", 0.02), template="/channels/*", probability=0.03)
                sim.faults.add(RateLimited("global", 0.02), template="/channels/*", probability=0.05)
                sim.faults.add(RateLimited("user", 0.02), template="/interactions/*", probability=0.03)
                sim.faults.add(Slow(0.05), probability=0.02)
                load = Load(sim, seed=4, prefix=["!ping", "!answer"])
                report = await load.run_operations(2000, concurrency=25)
                await sim.settle()
                await until(
                    lambda: sim.ledger.received_event_counts() == {(0, k): n for k, n in bot.counted.events.items()}
                )
                assert not report.unacknowledged
                assert sum(report.started.values()) >= 2000 - report.skipped
                assert set(report.started) >= {"slash", "modal", "component", "autocomplete", "context_menu", "prefix"}

                responses: Counter = Counter()
                for (method, _, status), count in sim.ledger.rest_counts().items():
                    responses[method, status] += count
                del seen["GET", 101]  # the gateway's handshakes
                assert responses == seen

                started = sum(
                    report.started[kind] for kind in ("slash", "modal", "component", "autocomplete", "context_menu")
                )
                assert len(sim.ledger.interactions) == started
                assert all(
                    entry.acknowledged and entry.sent < entry.received for entry in sim.ledger.interactions.values()
                )
                summary = json.loads(json.dumps(sim.ledger.summary()))
                assert sum(row["sent"] for row in summary["interactions"]) == started
                assert set(summary["ratelimits"]) == {"shared", "global", "user"}
                assert summary["faults"]["ratelimit"] == sum(summary["ratelimits"].values())
                assert sum(row["count"] for row in summary["rest"]) == len(sim.ledger.rest)

    asyncio.run(scenario())


def test_load_at_a_rate_with_a_crowd_told_what_to_use(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()):
            load = Load(sim, rate=200, seed=1, mix={"slash": 1, "presence": 1}, commands=["secret"])
            report = await load.run(0.3)
            await sim.settle()
            assert 30 < sum(report.started.values()) < 100
            assert set(sim.ledger.interaction_counts()) == {("application_command", "secret")}
            await sim.invalidate_session()
            report = await Load(sim, mix={"typing": 1}).run_operations(3)
            assert report.skipped == 3

    asyncio.run(scenario())


def test_load_counts_what_is_not_acknowledged(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()):
            sim.faults.add(ServerError(503), template="/interactions/*")
            report = await Load(sim, commands=["secret"], mix={"slash": 1}).run_operations(5, concurrency=5)
            assert report.unacknowledged == 5
            assert all(entry.late for entry in sim.ledger.interactions.values())
            await sim.settle()

    asyncio.run(scenario())


def test_what_a_load_cannot_be():
    sim = Simulator()
    for wrong in ({"rate": 0}, {"mix": {}}, {"mix": {"slash": -1}}, {"mix": {"dance": 1}}, {"mix": {"slash": 0}}):
        with pytest.raises(ValueError, match="must"):
            Load(sim, **wrong)


def test_settle_waits_for_what_is_open(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()):
            sim.faults.add(Slow(0.3), template="/channels/*")
            await sim.say("!ping")
            await asyncio.sleep(0.05)
            with pytest.raises(TimeoutError, match="0 interactions are unanswered, 1 requests in flight"):
                await sim.settle(timeout=0.05)
            await sim.settle()
            assert sim.ledger.rest[-1].fault == "slow"

    asyncio.run(scenario())


def test_it_can_be_read_from_another_thread_meanwhile(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()):
            stop, failures = threading.Event(), []

            def read():
                try:
                    while not stop.is_set():
                        json.dumps(sim.ledger.summary())
                        sim.ledger.received_event_counts()
                except Exception as error:  # noqa: BLE001 - reported below
                    failures.append(error)

            reader = threading.Thread(target=read)
            reader.start()
            await Load(sim, commands=["secret", "player"]).run_operations(150)
            stop.set()
            reader.join()
            assert not failures

    asyncio.run(scenario())
