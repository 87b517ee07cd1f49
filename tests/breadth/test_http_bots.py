"""Bots that Discord posts interactions to, by the real aiointeractions: what is shown is what the ledger has."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest

from argus_otel.scrape.exposition import Metrics
from argus_otel.sources.discord import attributes, catalogue
from argus_otel.telemetry.catalogue import HOOK_ERRORS
from discord_simulator import BackgroundSimulator, InteractionEntry, Refused, SimulatorError
from tests.launch.conftest import Bot, Receiver, Start, until
from tests.truth.truths import Row, counts

from .conftest import free_port, uv

pytest.importorskip("nacl", reason="the simulator signs with PyNaCl: pip install 'discord.py[voice]'")
pytestmark = pytest.mark.timeout(300)

BOT = Path(__file__).parent / "bots" / "with_aiointeractions.py"
CALLBACK = "/interactions/{webhook_id}/{webhook_token}/callback"

# The newest asks for a discord.py before 2.4, which argus-otel does not observe; it works with later ones.
VERSIONS = ["1.3.0", "2.0.2"]


@pytest.fixture(scope="module")
def environments(install: Callable[..., Path]) -> Callable[[str], Path]:
    """Return what makes, once, an environment with a version of aiointeractions."""
    made: dict[str, Path] = {}

    def make(version: str) -> Path:
        if version not in made:
            scripts = install("discord.py>=2.4,<3", "PyNaCl>=1.5")
            got = uv("pip", "install", "--python", str(scripts / "python"), "--no-deps", f"aiointeractions=={version}")
            if got.returncode:
                pytest.skip(f"uv cannot get aiointeractions {version}: {got.stderr.strip().splitlines()[-1]}")
            made[version] = scripts
        return made[version]

    return make


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


def launch(scripts: Path, start: Start, receiver: Receiver, spool: Path, *, gateway: bool) -> tuple[Bot, str]:
    """Start a bot; return it and the URL that it receives interactions at."""
    port = free_port()
    settings = {
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        "INTERACTIONS_PORT": str(port),
        "GATEWAY": "1" if gateway else "",
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "ARGUS_HISTORY": "true",
        "ARGUS_HISTORY_SPOOL": str(spool),
    }
    bot = start([str(scripts / "argus-otel"), "run"], str(BOT), settings=settings, ready=gateway)
    return bot, f"http://127.0.0.1:{port}/interactions"


def listen(simulator: BackgroundSimulator, url: str, bot: Bot) -> None:
    """Let Discord post to the bot, once it serves."""

    def accepted() -> bool:
        try:
            simulator.run(simulator.set_interactions_endpoint, url)
        except SimulatorError:
            return False
        return True

    try:
        until(accepted, 30.0)
    except TimeoutError:
        bot.end()
        pytest.fail(f"the bot does not serve:\n{bot.output}")


def use(simulator: BackgroundSimulator) -> None:
    """Use the bot in every way, some of them several times at once."""
    run = simulator.run
    shown = [run(run(simulator.slash, "ping").response) for _ in range(5)]
    pressed = run(simulator.click, shown[0], "Press")
    run(run(simulator.submit_modal, pressed, {"Text": "fine"}).acknowledged)
    for _ in range(3):
        assert run(run(simulator.autocomplete, "find", "what", "o").choices)
    for name in ("work", "work", "work", "fail", "fail", "refused", "late"):
        run(simulator.slash, name)
    run(simulator.settle, 10.0)


def buckets(metrics: Metrics, metric: object, *by: object) -> dict[tuple[str, ...], tuple[int, float]]:
    spread = metrics.spread(metric, *by)  # type: ignore[arg-type]
    return {group: (round(each.count), each.sum) for group, each in spread.items()}


def response_time(key: tuple[str, str], entries: list[InteractionEntry], ours: float) -> Row:
    """Return the mean on both sides. Ours ends as the callback is sent, and so between the post and its arrival."""
    number = len(entries)
    arrived = sum(entry.acknowledged_after or 0.0 for entry in entries) / number
    posted = sum((entry.sent_at or 0.0) - entry.created_at for entry in entries) / number
    return Row(f"{key} [s]", (posted + arrived) / 2, ours / number, within=(arrived - posted) / 2 + 0.005)


OUTCOMES = {"fail": ("error", "KeyError"), "refused": ("refused", "Forbidden"), "late": ("error", "NotFound")}


def table(simulator: BackgroundSimulator, metrics: Metrics, receiver: Receiver) -> list[Row]:
    """Return what is true by the ledger, and what the bot shows, of each metric, span and row of history."""
    entries = simulator.ledger.interactions_now()
    commands = [entry for entry in entries if entry.kind == "application_command"]
    a, c = attributes, catalogue
    named = ("application_command", "autocomplete")
    callbacks = {
        (str(status),): number
        for (_, template, status), number in simulator.ledger.rest_counts().items()
        if template == CALLBACK
    }
    acknowledged: dict[tuple[str, str], list[InteractionEntry]] = {}
    for entry in entries:
        if entry.acknowledged:
            acknowledged.setdefault((entry.kind, entry.name if entry.kind in named else ""), []).append(entry)
    responses = buckets(metrics, c.RESPONSE_TIME, a.INTERACTION_TYPE, a.COMMAND_NAME)
    missed = Counter((entry.kind,) for entry in entries if not entry.acknowledged)
    spans = Counter(span.name.partition(" ")[0] for span in receiver.received.spans if span.kind == 2)
    history = Counter(name for name in receiver.received.events if name in HISTORY.values())
    return [
        *counts(
            Counter((entry.kind,) for entry in entries),
            {key: number for key, (number, _) in buckets(metrics, c.INTERACTION_DURATION, a.INTERACTION_TYPE).items()},
        ),
        *counts(
            Counter((entry.name, *OUTCOMES.get(entry.name, ("ok", ""))) for entry in commands),
            {
                key: number
                for key, (number, _) in buckets(
                    metrics, c.COMMAND_DURATION, a.COMMAND_NAME, a.OUTCOME, a.ERROR_TYPE
                ).items()
            },
        ),
        *counts({key: len(of) for key, of in acknowledged.items()}, {key: n for key, (n, _) in responses.items()}),
        *(response_time(key, of, responses[key][1]) for key, of in acknowledged.items() if key in responses),
        *counts(missed, metrics.by(c.UNACKNOWLEDGED, a.INTERACTION_TYPE)),
        *counts({("unanswered",): 2, ("slow_handler",): 1}, metrics.by(c.LATE, a.LATE_REASON)),
        *counts({("guild", "guild"): len(entries)}, metrics.by(c.INTERACTION_ORIGINS, a.INTEGRATION_TYPE, a.CONTEXT)),
        *counts(
            callbacks,
            {
                (status,): number
                for (template, status), (number, _) in buckets(metrics, c.HTTP_DURATION, a.TEMPLATE, a.STATUS).items()
                if template == CALLBACK
            },
        ),
        *counts(
            {("10062",): 1, ("50013",): 1},
            {(code,): number for (code,), number in metrics.by(c.REST_ERRORS, a.ERROR_CODE).items()},
        ),
        *counts(Counter(SPANS[entry.kind] for entry in entries), spans),
        *counts(Counter(HISTORY[entry.kind] for entry in entries), history),
        Row("handlers that run", 0, sum(metrics.by(c.INTERACTIONS_ACTIVE, a.INTERACTION_TYPE).values())),
        Row("faults of hooks", 0, metrics.total(HOOK_ERRORS) or 0),
    ]


SPANS = {
    "application_command": "command",
    "component": "component",
    "modal_submit": "modal",
    "autocomplete": "autocomplete",
}
HISTORY = {
    "application_command": "discord.command",
    "component": "discord.component",
    "modal_submit": "discord.modal",
    "autocomplete": "discord.autocomplete",
}


def agrees(simulator: BackgroundSimulator, bot: Bot, receiver: Receiver) -> None:
    """Wait until both sides agree, and show what they say."""
    rows: list[Row] = []

    def all_agree() -> bool:
        rows[:] = table(simulator, bot.metrics(), receiver)
        return all(row.agrees for row in rows)

    try:
        until(all_agree, 10.0)
    except TimeoutError:
        shown = "\n".join(map(str, rows))
        bot.end()
        pytest.fail(f"what is true, and ours:\n{shown}\n{bot.output}")
    print("\n".join(map(str, rows)))


def is_ready(bot: Bot) -> bool:
    try:
        return json.loads(bot.get("/readyz")) == READY
    except HTTPError:  # 503
        return False


@pytest.mark.parametrize("version", VERSIONS)
def test_a_bot_without_a_gateway(
    simulator: BackgroundSimulator,
    receiver: Receiver,
    start: Start,
    environments: Callable[[str], Path],
    tmp_path: Path,
    version: str,
) -> None:
    bot, url = launch(environments(version), start, receiver, tmp_path / "spool", gateway=False)
    listen(simulator, url, bot)
    simulator.faults.add(Refused(), method="POST", template="/channels/{channel_id}/messages")
    use(simulator)
    agrees(simulator, bot, receiver)
    assert {entry.shard_id for entry in simulator.ledger.interactions_now()} == {-1}
    assert simulator.ledger.sessions == []
    until(lambda: is_ready(bot), 10.0)  # some seconds after the login, once it is clear that it asks for no gateway
    found = examined(environments(version), bot)
    assert found["discord.py", "HTTP interactions"] == (
        "ok",
        f"aiointeractions {version} hands them in; no gateway, so the bot is ready by its log-in, and has no shards",
    )
    assert found["Endpoint", "ready"] == ("ok", "login: logged in, without a gateway")
    assert not [told for told in found.values() if "shard " in told[1] or "session" in told[1]]


def examined(scripts: Path, bot: Bot) -> dict[tuple[str, str], tuple[str, str]]:
    """Return what the doctor of the bot's environment finds: status and detail by group and name."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("ARGUS_", "OTEL_"))}
    done = subprocess.run(
        [str(scripts / "argus-otel"), "doctor", "--json"],
        env={**environ, "ARGUS_ENDPOINT_PORT": bot.url.rpartition(":")[2]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    findings = json.loads(done.stdout)["findings"]
    return {(one["group"], one["name"]): (one["status"], one["detail"]) for one in findings}


READY = {"ready": True, "checks": [{"name": "login", "ready": True, "detail": "logged in, without a gateway"}]}


def test_a_bot_with_both_counts_each_interaction_once(
    simulator: BackgroundSimulator,
    receiver: Receiver,
    start: Start,
    environments: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    bot, url = launch(environments("2.0.2"), start, receiver, tmp_path / "spool", gateway=True)
    until(lambda: simulator.state.commands.names(None))
    for _ in range(4):
        simulator.run(simulator.run(simulator.slash, "ping").acknowledged)
    listen(simulator, url, bot)
    simulator.faults.add(Refused(), method="POST", template="/channels/{channel_id}/messages")
    use(simulator)
    simulator.run(simulator.set_interactions_endpoint, None)
    simulator.run(simulator.run(simulator.slash, "work").acknowledged)
    simulator.run(simulator.settle, 10.0)
    agrees(simulator, bot, receiver)
    shards = Counter(entry.shard_id for entry in simulator.ledger.interactions_now())
    assert shards == {0: 5, -1: 17}
    assert json.loads(bot.get("/readyz"))["checks"] == [{"name": "shard 0", "ready": True, "detail": "up"}]
