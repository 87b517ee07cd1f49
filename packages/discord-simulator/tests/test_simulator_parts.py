"""The parts by themselves."""

from __future__ import annotations

import concurrent.futures
import pathlib
import subprocess
import sys
import time

import pytest

import discord_simulator as simulator
from discord_simulator import Faults, RateLimits, Refused, Reset, ServerError, Simulator, Slow, World
from discord_simulator.api.routing import Routes
from discord_simulator.faults import RateLimited
from discord_simulator.ratelimits import RateLimit
from discord_simulator.snowflakes import Snowflakes, created_at

PACKAGE = pathlib.Path(simulator.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

each_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())


@each_module
def test_no_module_is_longer_than_five_hundred_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 500


def test_importing_it_does_not_import_discord():
    code = (
        "import sys; from discord_simulator import *; sys.exit('discord' in sys.modules or 'zstandard' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_name_it_exports_is_there_and_hides_no_module():
    assert set(simulator._MODULES) | {"__version__"} == set(simulator.__all__)
    for name in simulator.__all__:
        assert getattr(simulator, name) is not None
        assert name in dir(simulator)
    assert {path.stem for path in PACKAGE.glob("*.py")}.isdisjoint(simulator.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = simulator.nonsense


def test_snowflakes_are_unique_in_all_threads_and_dated_by_the_clock():
    snowflakes = Snowflakes()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: snowflakes.next(), range(20_000)))
    assert len(set(made)) == len(made)
    assert abs(created_at(snowflakes.next()) - time.time()) < 0.1


def test_snowflakes_when_the_clock_steps_back():
    times = iter([1_700_000_000.0, 1_600_000_000.0, 1_700_000_001.0])
    snowflakes = Snowflakes(lambda: next(times))
    one, two, three = (snowflakes.next() for _ in range(3))
    assert one < two < three
    assert created_at(two) == 1_700_000_000.0


@pytest.mark.parametrize("shards", [1, 2, 3, 16])
def test_guilds_are_spread_over_the_shards(shards):
    world = World(shards=shards, guilds=2 * shards)
    assert [guild.shard_id(shards) for guild in world.guilds.values()] == [*range(shards)] * 2
    assert sum(len(world.guilds_of(shard, shards)) for shard in range(shards)) == 2 * shards
    assert list(world.guilds) == list(World(shards=shards, guilds=2 * shards).guilds)


def test_worlds_that_cannot_be():
    for wrong in ({"shards": 0}, {"guilds": -1}, {"members": 0}, {"guilds": [5, 5]}):
        with pytest.raises(ValueError, match=r"must|already"):
            World(**wrong)
    world = World(guilds=[1 << 30, 2 << 30])
    assert list(world.guilds) == [1 << 30, 2 << 30]
    channel = world.add_channel(world.guilds[1 << 30], "more")
    assert world.channel(channel.id) is world.guilds[1 << 30].channels[channel.id]
    with pytest.raises(ValueError, match="heartbeat_interval"):
        Simulator(heartbeat_interval=0)


def test_a_rate_limit_is_a_window():
    now = 1000.0
    limits = RateLimits(RateLimit(2, 1.0), clock=lambda: now)
    limits.set("post", "/x/{channel_id}", limit=1, per=5.0)
    one = limits.charge("POST", "/x/{channel_id}", {"channel_id": "1"})
    assert (one.scope, one.headers["X-RateLimit-Remaining"]) == (None, "0")
    assert limits.charge("POST", "/x/{channel_id}", {"channel_id": "2"}).scope is None
    now = 1001.0
    refused = limits.charge("POST", "/x/{channel_id}", {"channel_id": "1"})
    assert (refused.scope, refused.retry_after) == ("user", 4.0)
    assert refused.headers["X-RateLimit-Bucket"] == one.headers["X-RateLimit-Bucket"]
    now = 1005.0
    assert limits.charge("POST", "/x/{channel_id}", {"channel_id": "1"}).scope is None
    assert [limits.charge("GET", "/y", {}).scope for _ in range(3)] == [None, None, "user"]
    with pytest.raises(ValueError, match="at least 1 request"):
        limits.set("GET", "/y", limit=0, per=1)


def test_the_global_limit_comes_first():
    limits = RateLimits(everything=RateLimit(1, 1.0), clock=lambda: 5.0)
    assert limits.charge("GET", "/a", {}).scope is None
    refused = limits.charge("GET", "/b", {})
    assert refused.scope == "global"
    assert refused.headers["X-RateLimit-Global"] == "true"


def test_faults_are_repeatable():
    def drawn(seed):
        faults = Faults(seed)
        faults.add(Reset(), probability=0.3)
        faults.add(Slow(1), method="get", template="/a*", times=2)
        return [faults.draw("GET", "/a/b") for _ in range(50)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert drawn(1).count(Slow(1)) == 2


def test_faults_match_method_and_template():
    faults = Faults()
    fault = faults.add(ServerError(500), method="POST", template="/channels/{channel_id}/messages")
    assert faults.draw("GET", "/channels/{channel_id}/messages") is None
    assert faults.draw("POST", "/channels/{channel_id}") is None
    assert faults.draw("POST", "/channels/{channel_id}/messages") == ServerError(500)
    assert fault.injected == 1
    faults.remove(fault)
    faults.remove(fault)
    assert faults.draw("POST", "/channels/{channel_id}/messages") is None


def test_faults_that_cannot_be():
    for wrong in (lambda: ServerError(404), lambda: Refused(429), lambda: RateLimited("mine"), lambda: Slow(-1)):
        with pytest.raises(ValueError, match="must"):
            wrong()
    for wrong in ({"probability": 2}, {"times": -1}):
        with pytest.raises(ValueError, match="must"):
            Faults().add(Reset(), **wrong)


def test_routes_are_found_by_their_template():
    async def handler(_state, _request): ...

    routes = Routes()
    for template in ("/a/@me", "/a/{a_id}", "/a/{a_id}/e/{emoji}"):
        routes.add("GET", template, handler)
    assert routes.find("GET", "/a/@me").template == "/a/@me"
    assert routes.find("GET", "/a/7").parameters == {"a_id": "7"}
    assert routes.find("GET", "/a/7/e/x%2Fy%3A1").parameters == {"a_id": "7", "emoji": "x/y:1"}
    assert routes.find("POST", "/a/7") is None
    assert routes.find("GET", "/a/7/e") is None


def test_templates_are_spelled_as_in_discord_py():
    import discord.http
    import discord.webhook.async_

    sources = "".join(
        pathlib.Path(module.__file__).read_text(encoding="utf-8") for module in (discord.http, discord.webhook.async_)
    )
    from discord_simulator.api import channels, commands, guilds, identity, interactions, webhooks

    # These are of the API, though discord.py does not ask for them by that name.
    others = {"/gateway", "/users/@me/channels", "/applications/{application_id}", "/applications/@me"}
    others.add("/soundboard-default-sounds")  # by the forks, and by discord.py from 2.5 on
    for module in (channels, commands, guilds, identity, interactions, webhooks):
        for template in module.routes.templates():
            assert f"'{template}'" in sources or template in others, template
