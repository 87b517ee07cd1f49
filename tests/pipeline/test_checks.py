"""From the file of checks to the alert: a service fails, a message tells the cause, and the trace has both sides.

Nothing in the rules is shortened. The agent sends metrics to Prometheus and traces to Jaeger by OTLP, as a user's does.
"""

from __future__ import annotations

import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from argus_otel.cli import main
from lab.alertmanager import Alertmanager
from lab.built import built
from lab.collector import kept_environment
from lab.jaeger import Jaeger
from lab.processes import Part, answers, free_port, wait_until
from lab.prometheus import Prometheus3
from tools.backends import ROOT

from .checked_service import SERVICE
from .test_alertmanager import Webhook, quickened
from .test_jaeger import tags

FILE = """
location: fra1
defaults: {{interval: 1s, timeout: 900ms, confirm: {{down: 2}}}}
checks:
  shop: {{http: 'http://127.0.0.1:{shop}/health', service: {service}, labels: {{team: web}}}}
  webhook: {{tcp: '127.0.0.1:{webhook}'}}
"""

PROMETHEUS = """
global: {{evaluation_interval: 1s}}
rule_files: ["{rules}/*.yaml"]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]}}]}}
"""

FIRING = 'ALERTS{alertname="CheckDown",alertstate="firing"}'


class Service(Part):
    """The checked service, in a process of its own."""

    def __init__(self, directory: Path, jaeger: Jaeger) -> None:
        super().__init__("the service", directory / "service.log")
        self.port = free_port()
        self._otlp = f"http://127.0.0.1:{jaeger.http}/v1/traces"

    def start(self) -> Service:
        module = "tests.pipeline.checked_service"
        environment = {**kept_environment(), "PYTHONPATH": str(ROOT)}
        self.launch([sys.executable, "-m", module, str(self.port), self._otlp], environment)
        self.wait_until(lambda: answers(f"http://127.0.0.1:{self.port}/"), "answers")
        return self

    def fail(self) -> None:
        """Have it answer with 500 from now on."""
        urllib.request.urlopen(f"http://127.0.0.1:{self.port}/break", b"", timeout=5).close()


def agent(directory: Path, file: Path, prometheus: Prometheus3, jaeger: Jaeger) -> Part:
    """Start ``argus-otel checks run``."""
    started = Part("the agent", directory / "agent.log")
    sending = {
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": prometheus.otlp,
        "OTEL_METRIC_EXPORT_INTERVAL": "1000",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"http://127.0.0.1:{jaeger.http}/v1/traces",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "ARGUS_ENDPOINT_PORT": str(free_port()),
    }
    command = [sys.executable, "-m", "argus_otel", "checks", "run", str(file)]
    started.launch(command, {**kept_environment(), **sending})
    return started


@contextmanager
def ending(*parts: Part) -> Iterator[None]:
    try:
        yield
    finally:
        for part in parts:
            part.kill()


def parent_of(span: dict[str, Any]) -> str:
    (found,) = (one["spanID"] for one in span["references"] if one["refType"] == "CHILD_OF")
    return found


@pytest.mark.timeout(300)
def test_a_service_that_fails_is_told_with_its_cause_and_its_trace_leads_into_the_service(tmp_path: Path):
    for name in ("alertmanager", "prometheus", "jaeger"):
        built(name)
    rules = tmp_path / "rules"
    assert main(["export", "rules", str(rules), "--runbooks", "https://wiki.example.com/runbooks"]) == 0
    jaeger = Jaeger(tmp_path / "jaeger")
    service = Service(tmp_path, jaeger)
    with Webhook.serving() as webhook, ending(jaeger, service):
        jaeger.start()
        service.start()
        address, file = tmp_path / "webhook", tmp_path / "checks.yaml"
        address.write_text(f"http://127.0.0.1:{webhook.server.server_port}/api/webhooks/1/token")
        file.write_text(FILE.format(shop=service.port, service=SERVICE, webhook=webhook.server.server_port))
        sender = Alertmanager(tmp_path / "alertmanager", quickened(address))
        config = PROMETHEUS.format(rules=rules, alertmanager=sender.port)
        with ending(sender.start()), Prometheus3.running_in(tmp_path / "prometheus", config) as prometheus:
            running = agent(tmp_path, file, prometheus, jaeger)
            with ending(running):
                prometheus.wait_until(lambda: len(prometheus.query("argus_check_up == 1")) == 2, "knows both to be up")
                assert prometheus.query("ALERTS") == []
                service.fail()
                ((alert, _),) = prometheus.wait_for(FIRING, 120)
                wait_until(lambda: webhook.messages, "a message", 30)
                failed = jaeger.wait_until(
                    lambda: jaeger.spans("argus-checks", "GET", error__type="status"), "has a failed probe"
                )
            assert running.printed().count("Traceback") == 0
    assert alert["argus_check_name"] == "shop"
    assert (alert["job"], alert["team"], alert["severity"]) == ("argus-checks", "web", "critical")

    ((embed,),) = (message["embeds"] for message in webhook.messages)
    assert embed["title"] == "🔥 CheckDown · shop · argus-checks"
    summary, _, links = (line for line in embed["description"].splitlines() if line.strip())
    assert summary == "**shop is down, at every location: status.**"
    assert links == (
        "[Dashboard](https://grafana.example.com/d/argus-check?var-job=argus-checks&var-check=shop)"
        " · [Runbook](https://wiki.example.com/runbooks/checks.md#checkdown)"
    )

    by_id = {span["spanID"]: span for span in failed}
    answered = [span for span in failed if span["operationName"] == "GET /health"]
    assert answered
    for span in answered:
        probe = by_id[parent_of(span)]
        run = by_id[parent_of(probe)]
        assert span["traceID"] == probe["traceID"] == run["traceID"]
        assert (probe["operationName"], run["operationName"]) == ("GET", "check shop")
        assert tags(span)["http.response.status_code"] == 500
        assert (tags(probe)["error.type"], tags(probe)["argus.check.detail"]) == ("status", "status is 500, not 2xx")
        assert tags(run)["argus.check.name"] == "shop"
        assert tags(run)["argus.check.attempts"] == 2
