"""py-cord, nextcord and disnake: what their hooks can show is right, and the rest is absent."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from argus_otel.demo.agreement import compare
from argus_otel.scrape.series import Metrics
from argus_otel.sources.discord import attributes, catalogue
from discord_simulator import BackgroundSimulator, RateLimited, ServerError
from tests.discord_source.back_off import assert_ours
from tests.launch.conftest import Bot, Start, until

from .conftest import Fork

pytestmark = pytest.mark.timeout(300)

EVERY_WAY = ["opentelemetry-instrument", "argus-otel run"]


def launch(simulator: BackgroundSimulator, start: Start, fork: Fork, way: str = "argus-otel run") -> Bot:
    """Start a bot, and wait until it has synced its commands, which the forks do some time after READY."""
    first, *rest = way.split()
    command = [str(fork.scripts / first), *(rest or ["python"])]
    bot = start(command, str(fork.bot), settings={"PATH": f"{fork.scripts}{os.pathsep}{os.environ['PATH']}"})
    until(lambda: len(simulator.state.commands.names(None)) == 3)
    return bot


def use(simulator: BackgroundSimulator, autocomplete: bool) -> int:
    """Use a bot in every way; return how many prefix commands that were."""
    run = simulator.run
    answer = run(run(simulator.slash, "play", options={"song": "So What"}).response)
    run(run(simulator.click, answer, "Skip").acknowledged)
    run(simulator.click, answer, "Crash")
    asked = run(simulator.click, answer, "Feedback")
    run(asked.modal)
    run(run(simulator.submit_modal, asked, {"How was it?": "fine"}).acknowledged)
    if autocomplete:
        assert run(run(simulator.autocomplete, "play", "song", "So").choices)
    run(simulator.slash, "fail")
    run(simulator.slash, "closed")
    assert run(run(simulator.say, "!ping").reply).content == "pong"
    run(simulator.say, "!boom")
    for _ in range(10):
        run(simulator.typing)
    return 2


def agreement(simulator: BackgroundSimulator, bot: Bot, prefixed: int) -> list[str]:
    return [str(row) for row in compare(simulator.ledger, bot.metrics(), prefixed) if not row.agrees]


def settled(simulator: BackgroundSimulator, bot: Bot, prefixed: int) -> None:
    simulator.run(simulator.settle, 10.0)
    try:
        until(lambda: agreement(simulator, bot, prefixed) == [])
    except TimeoutError:
        pytest.fail(f"{agreement(simulator, bot, prefixed)}\n{bot.output}")


def outcomes(metrics: Metrics) -> dict[tuple[str, ...], int]:
    """Return how many interactions ended how, by type and name."""
    by = (attributes.INTERACTION_TYPE, attributes.COMMAND_NAME, attributes.COMPONENT_NAME, attributes.OUTCOME)
    spread = metrics.spread(catalogue.INTERACTION_DURATION, *by, attributes.ERROR_TYPE)
    return {tuple(filter(None, group)): round(buckets.count) for group, buckets in spread.items() if buckets.count}


@pytest.mark.parametrize("way", EVERY_WAY)
def test_what_a_fork_shows_is_what_the_ledger_has(
    simulator: BackgroundSimulator, start: Start, fork: Fork, way: str
) -> None:
    bot = launch(simulator, start, fork, way)
    rejected = "ApplicationCheckFailure" if fork.name == "nextcord" else "CheckFailure"
    settled(simulator, bot, use(simulator, autocomplete=fork.name != "py-cord"))
    metrics = bot.metrics()
    expected = {
        ("application_command", "play", "ok"): 1,
        ("application_command", "fail", "error", "KeyError"): 1,
        ("application_command", "closed", "rejected", rejected): 1,
        ("component", "Player.skip", "ok"): 1,
        ("component", "Player.crash", "error", "ZeroDivisionError"): 1,
        ("component", "Player.feedback", "ok"): 1,
        ("modal_submit", "Feedback", "ok"): 1,
    }
    if fork.name != "py-cord":
        expected["autocomplete", "play", "ok"] = 1
    assert outcomes(metrics) == expected
    commands = metrics.spread(
        catalogue.COMMAND_DURATION, attributes.COMMAND_NAME, attributes.COMMAND_TYPE, attributes.OUTCOME
    )
    assert {group for group, buckets in commands.items() if buckets.count} == {
        ("play", "slash", "ok"),
        ("fail", "slash", "error"),
        ("closed", "slash", "rejected"),
        ("ping", "prefix", "ok"),
        ("boom", "prefix", "error"),
    }
    assert set(metrics.by(catalogue.SHARD_UP, attributes.SHARD_ID).values()) == {1.0}
    assert 0 < metrics.by(catalogue.LATENCY, attributes.SHARD_ID)["0",] < 1
    assert metrics.by(catalogue.GUILDS) == {(): float(len(simulator.world.guilds))}
    told_of_itself(fork, bot)
    assert bot.end() == 0
    assert (
        "Traceback (most recent call last):\n" not in bot.output.partition("argus_otel")[2].partition("argus-otel")[0]
    )


def told_of_itself(fork: Fork, bot: Bot) -> None:
    status = json.loads(bot.get("/status"))
    (library,) = status["libraries"]
    assert (library["name"], library["fork"]) == (fork.name, True)
    assert status["faults"] == {}
    states = Counter(part["state"] for name, part in status["parts"].items() if name.startswith("hook:"))
    assert set(states) == {"ok", "absent"}
    root = "" if fork.root == "discord" else f"{fork.root}."
    assert status["parts"][f"hook:app commands {root}app_commands.tree.CommandTree._call"]["state"] == "absent"
    (line,) = [line for line in bot.output.splitlines() if " hooks in " in line and "observed" not in line]
    said = re.search(rf"(\d+) hooks in {fork.name} {library['version']} \((\d+) absent", line)
    assert said
    assert 10 < int(said[1]) <= states["ok"]  # those in its extensions come with their import
    assert int(said[2]) == states["absent"]
    assert "not working" not in line
    (warning,) = [line for line in bot.output.splitlines() if "is observed in part" in line]
    assert f"{fork.name} {library['version']} is observed in part" in warning
    assert "hook:" not in bot.output
    ready = json.loads(bot.get("/readyz"))
    assert ready["ready"] is True


def test_what_nobody_is_seen_to_handle_has_no_outcome(simulator: BackgroundSimulator, start: Start, fork: Fork) -> None:
    bot = launch(simulator, start, fork)
    run = simulator.run
    reply = run(run(simulator.say, "!stale").reply)
    run(simulator.click, reply, "Skip")
    run(simulator.slash, "unheard-of", command_id=7)
    if fork.name == "py-cord":
        assert run(run(simulator.autocomplete, "play", "song", "So").choices)
    lost = {("component",): 1.0, ("application_command",): 1.0}
    until(
        lambda: (
            {k: v for k, v in bot.metrics().by(catalogue.UNACKNOWLEDGED, attributes.INTERACTION_TYPE).items() if v}
            == lost
        )
    )
    metrics = bot.metrics()
    assert outcomes(metrics) == {}
    assert set(metrics.by(catalogue.INTERACTIONS_ACTIVE, attributes.INTERACTION_TYPE).values()) == {0.0}
    answered = metrics.spread(catalogue.RESPONSE_TIME, attributes.INTERACTION_TYPE)
    assert {kind for (kind,), buckets in answered.items() if buckets.count} == (
        {"autocomplete"} if fork.name == "py-cord" else set()
    )
    assert json.loads(bot.get("/status"))["faults"] == {}


def test_limits_faults_and_reconnections(simulator: BackgroundSimulator, start: Start, fork: Fork) -> None:
    bot = launch(simulator, start, fork)
    run, faults = simulator.run, simulator.faults
    messages = "/channels/{channel_id}/messages"
    # nextcord 2 cannot read a 429 without X-RateLimit-Limit, and the simulator's faults carry none.
    for scope in ("global",) * 3 if fork.name == "nextcord" else ("user", "shared", "global"):
        faults.add(RateLimited(scope, retry_after=0.3), method="POST", template=messages, times=1)
        run(run(simulator.say, "!ping").reply)
    faults.add(ServerError(502), method="POST", template=messages, times=1)
    run(run(simulator.say, "!ping").reply)
    run(simulator.close_gateway, 4000)
    until(lambda: simulator.ledger.session_counts().get((0, "resume")), timeout=20)
    run(simulator.drop_gateway)
    until(lambda: simulator.ledger.session_counts().get((0, "resume")) == 2, timeout=20)
    settled(simulator, bot, 4)
    metrics = bot.metrics()
    (waited,) = (
        b for (t,), b in metrics.spread(catalogue.RATELIMIT_WAIT, attributes.TEMPLATE).items() if t == messages
    )
    assert waited.count == 3
    assert 0.9 <= waited.sum < 1.5
    disconnects = metrics.by(catalogue.DISCONNECTS, attributes.CLOSE_CODE)
    assert disconnects == {("4000",): 1.0, ("1006",): 1.0}
    assert json.loads(bot.get("/status"))["faults"] == {}


def test_a_wait_for_a_bucket_is_seen(simulator: BackgroundSimulator, start: Start, fork: Fork) -> None:
    bot = launch(simulator, start, fork)
    template = "/channels/{channel_id}/messages"
    simulator.rate_limits.set("POST", template, limit=1, per=0.8)
    replies = [simulator.run(simulator.say, "!ping").reply for _ in range(2)]
    for reply in replies:  # the first takes all of the bucket, and the second waits until it is full again
        simulator.run(reply)
    settled(simulator, bot, 2)
    metrics = bot.metrics()
    (waited,) = (
        b for (t,), b in metrics.spread(catalogue.RATELIMIT_WAIT, attributes.TEMPLATE).items() if t == template
    )
    # The library may wait for its own count of the bucket too, for some milliseconds: they are in the sum alone.
    long = sum(number for edge, number in waited.counts.items() if edge > 0.5)
    assert (long, round(waited.sum, 1)) in ((1, 0.8), (1, 0.9), (1, 0.7))
    assert metrics.by(catalogue.RATELIMITS) in ({}, {(): 0.0})


def test_the_doctor_names_it(fork: Fork) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ARGUS_", "OTEL_"))}
    command = [fork.python, "-m", "argus_otel", "doctor", "--no-network", "--json"]
    told = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=fork.scripts, timeout=60)
    findings = {f"{f['group']}: {f['name']}": f for f in json.loads(told.stdout)["findings"]}
    assert told.returncode == 0, told.stdout
    group = "discord.py" if fork.root == "discord" else fork.root
    assert findings[f"discord.py: {fork.name}"]["status"] == "info"
    assert findings[f"{group}: import"]["status"] == "ok"
    assert findings[f"{group}: absent"]["status"] == "info"
    assert findings["Loading: instrumentor discord"]["status"] == "ok"
    assert not [name for name, finding in findings.items() if finding["status"] == "warn" and name.startswith(group)]


def test_the_instrumentor_asks_for_it_alone(fork: Fork) -> None:
    program = (
        "from argus_otel.entrypoints import DiscordInstrumentor; ours = DiscordInstrumentor();"
        "print(*ours.instrumentation_dependencies()); ours.instrument(); print(ours.is_instrumented_by_opentelemetry)"
    )
    told = subprocess.run([fork.python, "-c", program], capture_output=True, text=True, timeout=60)
    requirement, instrumented = told.stdout.splitlines()
    assert requirement.startswith(fork.name)
    assert instrumented == "True"
    assert told.stderr == ""


def test_a_fork_sleeps_before_it_tries_again_as_we_take_for_granted(fork: Fork) -> None:
    asked = subprocess.run(
        [fork.python, "-c", f"import importlib.util as u; print(u.find_spec({fork.root!r}).origin)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert_ours(Path(asked.stdout.strip()).parent)
