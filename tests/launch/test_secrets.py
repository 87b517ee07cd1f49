"""No secret is exported: neither those in a bot's texts, nor those in argus-otel's settings."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest

from discord_simulator import BackgroundSimulator

from .conftest import EVERY_WAY, Receiver, Start, exports_at_the_end, free_port, until

SECRETIVE = str(Path(__file__).with_name("secret_bot.py"))
# In the form of Discord's tokens, with an invented user id and HMAC.
TOKEN = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs"
HEADER, PASSWORD, USER_KEY, ENDPOINT = "Otlp-Header-8842", "Store-Password-8842", "User-Key-8842", "Endpoint-Token-8842"


@exports_at_the_end
@pytest.mark.parametrize("launcher", EVERY_WAY)
def test_no_secret_is_in_anything_that_leaves(
    start: Start, receiver: Receiver, launcher: list[str], tmp_path: Path
) -> None:
    spool = tmp_path / "spool"
    with BackgroundSimulator(token=TOKEN) as simulator:
        settings = {
            "DISCORD_SIMULATOR_URL": simulator.url,
            "DISCORD_TOKEN": TOKEN,
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
            "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer {HEADER}",
            "ARGUS_ENDPOINT_TOKEN": ENDPOINT,
            "ARGUS_HISTORY": "store",
            "ARGUS_HISTORY_STORE": f"clickhouse://argus:{PASSWORD}@127.0.0.1:{free_port()}/argus",  # which is away
            "ARGUS_HISTORY_SPOOL": str(spool),
            "ARGUS_HISTORY_USERS": "hashed",
            "ARGUS_HISTORY_USER_KEY": USER_KEY,
            "ARGUS_TRACE_RATES": "discord.event=1",
        }
        bot = start(launcher, SECRETIVE, settings=settings, ready=False)
        simulator.run(simulator.ready, None, 20.0)
        played = simulator.run(simulator.slash, "play")
        simulator.run(played.response)
        failed = simulator.run(simulator.slash, "fail")
        until(lambda: "WEBHOOK" in bot.output)
        simulator.run(simulator.settle)
        until(lambda: "history store failed" in bot.output, 20)  # which says where the store is

        def served(path: str) -> str:
            request = urllib.request.Request(bot.url + path, headers={"Authorization": f"Bearer {ENDPOINT}"})
            with urllib.request.urlopen(request, timeout=5) as response:
                return response.read().decode()

        pages = {path: served(path) for path in ("/", "/metrics", "/status", "/healthz", "/readyz")}
        (webhook,) = (webhook.token for webhook in simulator.state.webhooks.values())
        assert bot.end() == 0
    received = receiver.received
    sent = {
        "traces": "\n".join(map(str, received.spans)),
        "logs": "\n".join(f"{name} {record}" for name, record in received.records),
        "metrics": "\n".join(map(str, received.metrics.values())),
        "resources": str(received.resources),
        "spool": "\n".join(path.read_text() for path in spool.rglob("*") if path.is_file()),
        **pages,
    }
    said = {
        "the bot's token": TOKEN,
        "an interaction's token": played.interaction.token,
        "another interaction's token": failed.interaction.token,
        "a webhook's token": webhook,
    }
    set_up = {
        "the header for OTLP": HEADER,
        "the store's password": PASSWORD,
        "the key for users": USER_KEY,
        "the endpoint's token": ENDPOINT,
    }
    for name, secret in said.items():
        assert secret in bot.output, f"{name} was never said, so nothing is tested"
    leaks = [
        f"{name} in {where}"
        for name, secret in {**said, **set_up}.items()
        for where, text in sent.items()
        if secret in text
    ]
    assert leaks == []
    assert [name for name, secret in set_up.items() if secret in bot.output] == []
    # Each of these has something in it, of the very work that said the secrets.
    assert [span.name for span in received.named("command play")]
    assert sum(span.name.startswith("own ") for span in received.spans) == 5
    assert sent["traces"].count("[redacted]") > 20
    assert sent["logs"].count("[redacted]") > 20
    assert "said" in received.metrics
    rows = [json.loads(line) for line in sent["spool"].splitlines() if line.startswith("{")]  # others name its owner
    assert {"said", "discord.command"} <= {row["event"] for row in rows}
    assert "said_total" in pages["/metrics"]
    assert "history store" in pages["/status"]
