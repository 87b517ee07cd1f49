"""Run a bot in a namespace in which Discord's names lead to this machine (``namespace.py``), and print JSON.

python -m tests.launch.inside_discord DIRECTORY instrument|run
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import trustme

from argus_otel.demo.agreement import Row, compare
from argus_otel.scrape.series import Metrics
from argus_otel.settings import DEFAULT_PORT
from argus_otel.sources.discord import attributes, catalogue
from discord_simulator import BackgroundSimulator, InteractionHandle, RateLimited
from tests.launch.conftest import BOT, INSTRUMENT, RUN, Bot, Receiver, until

NAMES = ("discord.com", "gateway.discord.gg", "cdn.discordapp.com")
# In the form of Discord's tokens, with an invented user id and HMAC.
TOKEN = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs"

_PREFIX_COMMANDS = 1


def certify(directory: Path) -> tuple[Path, Path]:
    """Make an authority of our own and a server's certificate for Discord's names; return their PEM files."""
    authority = trustme.CA()
    server = authority.issue_cert(*NAMES)
    trusted, certificate = directory / "authority.pem", directory / "server.pem"
    authority.cert_pem.write_to_path(str(trusted))
    certificate.write_bytes(server.private_key_and_cert_chain_pem.bytes())
    return trusted, certificate


@contextmanager
def bot_process(command: list[str], settings: Mapping[str, str]) -> Iterator[Bot]:
    """Start the example as its operator would; nothing of ours but the command is in its environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ARGUS_", "OTEL_"))}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    process = subprocess.Popen(
        [*command, str(BOT)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment | {"DISCORD_TOKEN": TOKEN, "PYTHONUNBUFFERED": "1", **settings},
        start_new_session=True,
    )
    bot = Bot(process, DEFAULT_PORT)
    try:
        yield bot
    finally:
        bot.end()


def use(simulator: BackgroundSimulator) -> list[InteractionHandle]:
    """Use the bot in each way, and return the interactions."""
    run = simulator.run
    searched = run(simulator.slash, "search", options={"words": "blue"})
    run(searched.response)
    played = run(simulator.slash, "play", options={"song": "So What"})
    player = run(played.response)
    skipped = run(simulator.click, player, "Skip")
    run(skipped.acknowledged)
    simulator.faults.add(
        RateLimited("shared", retry_after=0.2), method="POST", template="/channels/{channel_id}/messages", times=1
    )
    run(run(simulator.say, "!volume 70").reply)
    run(simulator.ask_reconnect)
    until(lambda: (0, "resume") in simulator.ledger.session_counts())
    run(simulator.ready)
    again = run(simulator.slash, "latency")
    run(again.acknowledged)
    run(simulator.settle)
    return [searched, played, skipped, again]


def agreement(simulator: BackgroundSimulator, bot: Bot) -> tuple[Metrics, list[Row]]:
    """Return a scrape and both sides' numbers, as soon as they agree or after some seconds."""
    metrics, rows = Metrics(), list[Row]()

    def agree() -> bool:
        nonlocal metrics
        metrics = bot.metrics()
        rows[:] = compare(simulator.ledger, metrics, _PREFIX_COMMANDS)
        return all(row.agrees for row in rows)

    with suppress(TimeoutError):  # the rows tell
        until(agree)
    return metrics, rows


def leaks(secrets: Mapping[str, str], places: Mapping[str, str]) -> list[str]:
    """Return each secret that stands in a place where it has no business."""
    return [
        f"{secret} in {place}" for secret, text in secrets.items() for place, found in places.items() if text in found
    ]


def seen(directory: Path, command: list[str]) -> dict[str, Any]:
    """Run everything; return what was seen, JSON-able."""
    trusted, certificate = certify(directory)
    receiver = Receiver()
    settings = {"SSL_CERT_FILE": str(trusted), "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
    discord = BackgroundSimulator(
        token=TOKEN, port=443, certificate=certificate, gateway_url="wss://gateway.discord.gg/"
    )
    with discord as simulator, bot_process(command, settings) as bot:
        try:
            simulator.run(simulator.ready, None, 20.0)
        except TimeoutError:
            return {"output": bot.output}
        handles = use(simulator)
        metrics, rows = agreement(simulator, bot)
        served = bot.get("/metrics") + bot.get("/status")
        code = bot.end()
    receiver.stop()
    received = receiver.received
    sent = "\n".join(map(str, [*received.spans, *received.metrics.values(), *received.records, *received.resources]))
    secrets = {f"token of interaction {n}": handle.interaction.token for n, handle in enumerate(handles)}
    names = {span.span_id: span.name for span in received.spans}
    return {
        "rows": [[row.subject, row.thing, row.ledger, row.metrics] for row in rows],
        "servers": sorted({server for (server,) in metrics.spread(catalogue.HTTP_DURATION, attributes.SERVER)}),
        "rest": [[*key, number] for key, number in simulator.ledger.rest_counts().items()],
        "synced": [entry.path for entry in simulator.ledger.rest_now() if entry.method == "PUT"],
        "sessions": [[*key, number] for key, number in simulator.ledger.session_counts().items()],
        "closes": [[*key, number] for key, number in simulator.ledger.close_counts().items()],
        "acknowledged": [handle.entry.acknowledged for handle in handles],
        "spans": [[names.get(span.parent_span_id), span.name] for span in received.spans],
        "span servers": sorted(
            {a.value.string_value for span in received.spans for a in span.attributes if a.key == "server.address"}
        ),
        "events": received.events,
        "leaks": leaks(secrets | {"bot token": TOKEN}, {"endpoint": served, "OTLP": sent, "output": bot.output}),
        "secrets": len(secrets),
        "exit code": code,
        "output": bot.output,
    }


if __name__ == "__main__":
    print(json.dumps(seen(Path(sys.argv[1]), {"instrument": INSTRUMENT, "run": RUN}[sys.argv[2]])))
