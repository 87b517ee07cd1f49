"""The parts of ``python -m tools.alert_times``, which itself runs for twenty minutes."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.built import built
from lab.prometheus import Prometheus, Prometheus3
from lab.victoriametrics import VictoriaMetrics
from tools.alert_times.past import give_past
from tools.alert_times.table import lines
from tools.alert_times.watch import Webhook


def test_a_row_tells_when_alerts_fired_and_when_their_messages_came():
    ended = {"cluster-killed": 1000.0, "bot-stopped": 1010.0}
    told = lines(
        ["scraped", "sent"],
        ended,
        {("scraped", "cluster-killed"): 1012.0, ("scraped", "bot-stopped"): 1015.0},
        {("scraped", "cluster-killed", "ShardsMissing"): 1645.0, ("scraped", "cluster-killed", "EndpointDown"): 1330.9},
        {(0, "cluster-killed", "EndpointDown"): 1361.0, (1, "cluster-killed", "ShardsMissing"): 1000.0},
    )
    assert list(told) == [
        "| | Its series are shown for | A cluster is killed | The only process ends by SIGTERM |",
        "|---|---:|---|---|",
        "| scraped | 5 to 12 s | EndpointDown 5:30 (message 6:01), ShardsMissing 10:45 | **none** |",
        "| sent | for ever | **none** | **none** |",
    ]


def test_a_message_is_noted_once_with_its_path_bot_and_alert():
    with Webhook.serving() as webhook:
        for _ in range(2):
            body = json.dumps({"embeds": [{"title": "🔥 BotGone · juke box"}]}).encode()
            urllib.request.urlopen(f"{webhook.url}/3", body, timeout=5).close()
            (first,) = webhook.told.items()
            assert first[0] == (3, "juke box", "BotGone")
        assert first[1] <= time.time()
        assert webhook.told == dict([first])


def of_victoriametrics(directory: Path) -> VictoriaMetrics:
    return VictoriaMetrics(directory, "scrape_configs: []")


def of_prometheus(directory: Path) -> Prometheus3:
    """A server that takes what it is sent."""
    return Prometheus3(directory, "")


@pytest.mark.parametrize("make", [of_victoriametrics, of_prometheus])
def test_the_past_is_that_of_the_series_that_there_are(tmp_path: Path, make: Callable[[Path], Prometheus]):
    built("victoriametrics")
    store = make(tmp_path / "store")
    try:
        store.start()
        _send(store)
        store.wait_for("argus_process_info")
        give_past(store, ["jukebox"], time.time())
        hour_ago = store.wait_for("argus_process_info offset 1h")
        assert [(found["job"], found["instance"], value) for found, value in hour_ago] == [("jukebox", "one", 1.0)]
        missing = store.query("job:discord_shards_missing:count offset 30m")
        assert [(found["job"], value) for found, value in missing] == [("jukebox", 0.0)]
    finally:
        store.kill()


def _send(store: Prometheus) -> None:
    """Send one point of one gauge by OTLP, in JSON where the server takes that."""
    if isinstance(store, VictoriaMetrics):
        body = b'argus_process_info{job="jukebox",instance="one"} 1\n'
        urllib.request.urlopen(f"{store.url}/api/v1/import/prometheus", body, timeout=10).close()
        return
    assert isinstance(store, Prometheus3)
    resource = [
        {"key": name, "value": {"stringValue": value}}
        for name, value in (("service.name", "jukebox"), ("service.instance.id", "one"))
    ]
    point = {"timeUnixNano": str(time.time_ns()), "asDouble": 1.0}
    metrics = [{"name": "argus.process.info", "gauge": {"dataPoints": [point]}}]
    body = json.dumps(
        {"resourceMetrics": [{"resource": {"attributes": resource}, "scopeMetrics": [{"metrics": metrics}]}]}
    )
    request = urllib.request.Request(store.otlp, body.encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=10).close()
