"""The example for Alertmanager: amtool takes it, and alerts reach Discord's webhook, which is on loopback here."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from argus_otel.cli import main
from lab import alertmanager
from lab.alertmanager import Alertmanager
from lab.built import built
from lab.processes import wait_until
from lab.prometheus import Prometheus3
from tools.backends import ROOT

from ..rules.rulebook import alerts

EXAMPLE = ROOT / "alertmanager" / "alertmanager.yaml"

PROMETHEUS = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}/*.yaml"]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]}}]}}
scrape_configs: [{{job_name: juke box, static_configs: [{{targets: ["127.0.0.1:{bot}"]}}]}}]
"""


def test_amtool_takes_it(tmp_path: Path):
    assert alertmanager.check(EXAMPLE) == ""
    broken = tmp_path / "broken.yaml"
    broken.write_text(EXAMPLE.read_text(encoding="utf-8").replace("receiver: discord", "receiver: discrod"))
    assert "discrod" in alertmanager.check(broken)


def test_every_alert_that_it_names_is_one_of_the_rules():
    named = [
        re.fullmatch(r'alertname (=~?) "(.+)"', matcher)
        for rule in yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))["inhibit_rules"]
        for matcher in (*rule["source_matchers"], *rule["target_matchers"])
    ]
    assert len(named) > 10
    for found in named:
        assert found
        alternatives = [found[2]]
        if inner := re.fullmatch(r"(.*)\((.+)\)", found[2]):
            alternatives = [inner[1] + part for part in inner[2].split("|")]
        elif found[1] == "=~":
            alternatives = found[2].split("|")
        assert set(alternatives) <= set(alerts())


class Webhook:
    """Discord's webhook on loopback. It also is the bot's endpoint, on which 20,000 calls have just been refused."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.scrapes = 0
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                webhook.scrapes += 1
                refused = 0 if webhook.scrapes < 4 else 20_000
                self.answer(
                    "argus_process_info 1\n"
                    "http_client_request_duration_seconds_count"
                    f'{{url_template="/channels/{{channel_id}}/messages",http_response_status_code="403"}} {refused}\n'
                )

            def do_POST(self) -> None:
                webhook.messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.answer("")

            def answer(self, text: str) -> None:
                self.send_response(200 if text else 204)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @classmethod
    @contextmanager
    def serving(cls) -> Iterator[Webhook]:
        webhook = cls()
        threading.Thread(target=webhook.server.serve_forever, daemon=True).start()
        try:
            yield webhook
        finally:
            webhook.server.shutdown()
            webhook.server.server_close()


def quickened(webhook: Path) -> str:
    """Return the example with another webhook, and with shorter waits."""
    config = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    config["route"].update(group_wait="3s", group_interval="3s")
    config["receivers"][0]["discord_configs"][0]["webhook_url_file"] = str(webhook)
    return yaml.safe_dump(config, allow_unicode=True)


def test_an_alert_gets_to_the_channel_and_the_lesser_one_of_the_same_cause_does_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for name in ("alertmanager", "prometheus"):
        built(name)
    rules = tmp_path / "rules"
    assert main(["export", "rules", str(rules), "--runbooks", "https://wiki.example.com/runbooks"]) == 0
    assert str(Path("alertmanager", "alertmanager.yaml")) in capsys.readouterr().out
    with Webhook.serving() as webhook:
        port = webhook.server.server_port
        address = tmp_path / "webhook"
        address.write_text(f"http://127.0.0.1:{port}/api/webhooks/1/token")
        sender = Alertmanager(tmp_path / "alertmanager", quickened(address))
        try:
            sender.start()
            config = PROMETHEUS.format(rules=rules, alertmanager=sender.port, bot=port)
            with Prometheus3.running_in(tmp_path / "prometheus", config) as prometheus:
                firing = 'ALERTS{alertname=~"InvalidRequests.+",alertstate="firing"}'
                prometheus.wait_until(lambda: len(prometheus.query(firing)) == 2, "fires both", 60)
                wait_until(lambda: webhook.messages, "a message", 30)
                wait_until(lambda: sender.running and len(prometheus.query(firing)) == 2, "still fires both", 5)
        finally:
            sender.kill()
    (embeds,) = (message["embeds"] for message in webhook.messages)
    (embed,) = embeds
    assert embed["title"] == "🔥 InvalidRequestsNearBan · 127.0.0.1"
    summary, description, links = (line for line in embed["description"].splitlines() if line.strip())
    assert re.fullmatch(
        r"\*\*The bots on 127\.0\.0\.1 have sent \d+ invalid requests in ten minutes: half of .*\*\*", summary
    )
    assert description == alerts()["InvalidRequestsNearBan"]["annotations"]["description"]
    assert links == (
        "[Dashboard](https://grafana.example.com/d/argus-rest)"
        " · [Runbook](https://wiki.example.com/runbooks/discord.md#invalidrequestsnearban)"
    )
