"""The example for Alertmanager: amtool takes it, and alerts reach Discord's webhook, which is on loopback here."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

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


def refused_calls(scrapes: int) -> str:
    """Return the page of a bot of which Discord has just refused 20,000 calls."""
    refused = 0 if scrapes < 4 else 20_000
    return (
        "argus_process_info 1\n"
        "http_client_request_duration_seconds_count"
        f'{{url_template="/channels/{{channel_id}}/messages",http_response_status_code="403"}} {refused}\n'
    )


class Webhook:
    """Discord's webhook on loopback. It also is the endpoint that Prometheus scrapes.

    Parameters
    ----------
    page:
        Returns what is on the endpoint, given the number of the scrape.
    """

    def __init__(self, page: Callable[[int], str]) -> None:
        self.messages: list[dict[str, Any]] = []
        self.scrapes = 0
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                webhook.scrapes += 1
                self.answer(page(webhook.scrapes))

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
    def serving(cls, page: Callable[[int], str] = refused_calls) -> Iterator[Webhook]:
        webhook = cls(page)
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
    with Webhook.serving(refused_calls) as webhook:
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


DOWN = {"web": "shop", "cart": "shop", "database": "shop", "inbox": "mail", "gateway": "", "resolver": ""}
"""The checks that are down, each with its service."""


def down_at_two_locations(_: int) -> str:
    """Return a page of two agents, which find the same checks down."""
    labels = [
        f'argus_check_name="{name}",argus_check_type="http"' + (f',service_peer_name="{service}"' if service else "")
        for name, service in DOWN.items()
    ]
    agents = ("fra1", "nyc2")
    return "".join(f'argus_check_up{{{each},agent="{agent}"}} 0\n' for each in labels for agent in agents)


def test_checks_that_are_down_make_one_message_for_each_service_and_for_each_check_without_one(tmp_path: Path):
    for name in ("alertmanager", "prometheus"):
        built(name)
    rules = tmp_path / "rules"
    rules.mkdir()
    text = (ROOT / "prometheus" / "rules" / "checks.yaml").read_text(encoding="utf-8")
    assert "for: 1m" in text
    (rules / "checks.yaml").write_text(text.replace("for: 1m", "for: 0s"), encoding="utf-8")
    with Webhook.serving(down_at_two_locations) as webhook:
        port = webhook.server.server_port
        address = tmp_path / "webhook"
        address.write_text(f"http://127.0.0.1:{port}/api/webhooks/1/token")
        sender = Alertmanager(tmp_path / "alertmanager", quickened(address))
        try:
            sender.start()
            config = PROMETHEUS.format(rules=rules, alertmanager=sender.port, bot=port)
            with Prometheus3.running_in(tmp_path / "prometheus", config) as prometheus:
                firing = 'ALERTS{alertname="CheckDown",alertstate="firing"}'
                prometheus.wait_until(lambda: len(prometheus.query(firing)) == 2 * len(DOWN), "fires", 60)
                wait_until(lambda: len(webhook.messages) >= 4, "a message for each group", 30)
                scrapes = webhook.scrapes
                wait_until(lambda: webhook.scrapes > scrapes + 3, "more scrapes, and so more evaluations", 30)
        finally:
            sender.kill()
    told = {
        embed["title"]: sorted(re.findall(r"\*\*(\w+) is down", embed["description"]))
        for message in webhook.messages
        for embed in message["embeds"]
    }
    assert told == {
        "🔥 CheckDown · shop · juke box": ["cart", "cart", "database", "database", "web", "web"],
        "🔥 CheckDown · mail · juke box": ["inbox", "inbox"],
        "🔥 CheckDown · gateway · juke box": ["gateway", "gateway"],
        "🔥 CheckDown · resolver · juke box": ["resolver", "resolver"],
    }
    assert len(webhook.messages) == len(told), "each once"


def test_alerts_on_checks_are_grouped_by_service_or_check_and_others_as_before(tmp_path: Path):
    built("alertmanager")
    address = tmp_path / "webhook"
    address.write_text("http://127.0.0.1:1/")
    firing = [
        {"alertname": "CheckDegraded", "severity": "warning", "argus_check_name": "web", "service_peer_name": "shop"},
        {"alertname": "CheckDegraded", "severity": "warning", "argus_check_name": "cart", "service_peer_name": "shop"},
        {"alertname": "CheckFlaps", "severity": "warning", "argus_check_name": "web"},
        {"alertname": "CheckFlaps", "severity": "warning", "argus_check_name": "cart"},
        {"alertname": "ChecksLate", "severity": "warning", "instance": "fra1"},
        {"alertname": "ChecksLate", "severity": "warning", "instance": "nyc2"},
        *(
            {"alertname": f"CheckBudgetBurns{speed}", "argus_check_name": "web", "argus_check_slo": slo}
            for speed, slo in (("Fast", "latency"), ("Slowly", "latency"), ("Slowly", "availability"))
        ),
    ]
    sender = Alertmanager(tmp_path / "alertmanager", quickened(address))
    try:
        url = f"http://127.0.0.1:{sender.start().port}/api/v2/alerts"
        body = json.dumps([{"labels": {"job": "checks", **labels}} for labels in firing]).encode()
        urlopen(Request(url, body, {"Content-Type": "application/json"}), timeout=10).close()

        def groups() -> list[dict[str, Any]]:
            with urlopen(f"{url}/groups", timeout=10) as answer:
                return json.load(answer)

        wait_until(lambda: sum(len(group["alerts"]) for group in groups()) == len(firing), "all alerts", 10)
        wait_until(lambda: inhibited(groups()), "the lesser alert on a budget is inhibited", 10)
        found = {tuple(sorted(group["labels"].items())): len(group["alerts"]) for group in groups()}
        lesser = inhibited(groups())
    finally:
        sender.kill()
    assert found == {
        (("alertname", "CheckDegraded"), ("job", "checks"), ("service_peer_name", "shop")): 2,
        (("alertname", "CheckFlaps"), ("argus_check_name", "web"), ("job", "checks")): 1,
        (("alertname", "CheckFlaps"), ("argus_check_name", "cart"), ("job", "checks")): 1,
        (("alertname", "ChecksLate"), ("job", "checks")): 2,
        (("alertname", "CheckBudgetBurnsFast"), ("argus_check_name", "web"), ("job", "checks")): 1,
        (("alertname", "CheckBudgetBurnsSlowly"), ("argus_check_name", "web"), ("job", "checks")): 2,
    }
    assert [(each["alertname"], each["argus_check_slo"]) for each in lesser] == [("CheckBudgetBurnsSlowly", "latency")]


def inhibited(groups: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Return the labels of the alerts that are not sent because of another one."""
    return [alert["labels"] for group in groups for alert in group["alerts"] if alert["status"]["inhibitedBy"]]
