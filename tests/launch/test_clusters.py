"""A bot as clusters, under both launchers, in each way to start processes: a real Prometheus finds every shard.

Windows has `spawn` and `subprocess` alone; they run there too, without Prometheus if it is not installed.
"""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from argus_otel.sources.discord.attributes import EVENT_TYPE, SHARD_ID
from argus_otel.sources.discord.catalogue import GATEWAY_EVENTS, SHARD_EVENTS
from discord_simulator import BackgroundSimulator
from lab.prometheus import Prometheus

from .conftest import EVERY_WAY, RUN, Bot, Start, until

CLUSTERED = str(Path(__file__).with_name("clustered_bot.py"))
EXAMPLE = str(Path(__file__).parents[2] / "examples" / "clusters.py")

# Forks are POSIX's alone.
METHODS = ["spawn", "subprocess", *(["fork", "forkserver", "pool"] if os.name == "posix" else [])]

CONFIG = """
global: {{scrape_interval: 500ms}}
scrape_configs:
  - job_name: bots
    file_sd_configs:
      - files: ["{directory}/*.json"]
"""
UP = "sum by (cluster) (discord_shard_up)"


def read(directory: Path) -> dict[str, dict[str, Any]]:
    """Return each file's only group by its cluster."""
    groups = [json.loads(path.read_text())[0] for path in directory.glob("*.json")]
    return {group["labels"].get("cluster", ""): group for group in groups}


def pid_of(directory: Path, cluster: str) -> int:
    (path,) = [
        path for path in directory.glob("*.json") if json.loads(path.read_text())[0]["labels"]["cluster"] == cluster
    ]
    return int(path.stem.split("-")[2])


def started(start: Start, command: list[str], directory: Path, *words: str) -> Bot:
    settings = {"ARGUS_ENDPOINT_TARGETS": str(directory), "ARGUS_ENDPOINT_PORT": "9500-9599"}
    return start(command, *words, settings=settings, ready=False)


@pytest.mark.parametrize("command", EVERY_WAY)
@pytest.mark.parametrize("method", METHODS)
def test_prometheus_sees_every_shard_of_every_cluster(
    simulator: BackgroundSimulator, start: Start, tmp_path: Path, method: str, command: list[str]
) -> None:
    directory = tmp_path / "targets"
    directory.mkdir()  # Prometheus watches no directory that is made after its start
    bot = started(start, command, directory, CLUSTERED, method)
    with Prometheus.running_in(tmp_path / "prometheus", CONFIG.format(directory=directory)) as prometheus:
        simulator.run(simulator.ready, 4, 90.0)

        def shards() -> dict[str, float]:
            return {labels["cluster"]: value for labels, value in prometheus.query(UP)}

        until(lambda: shards() == {"0-1": 2, "2-3": 2}, 60)
        (targets,) = prometheus.query("count(up{job='clustered_bot'} == 1)")
        assert targets[1] == 2
        for info in ("target_info", "argus_process_info"):
            found = prometheus.query(f"count by (discord_cluster_id) ({info})")
            assert {labels.get("discord_cluster_id") for labels, _ in found} == {"0-1", "2-3"}, info
        assert bot.output.count("hooks in discord.py") == 2, bot.output  # no helper process has a line of its own

        if os.name == "posix" and method != "pool":  # which ends all its processes if one dies
            os.kill(pid_of(directory, "2-3"), signal.SIGKILL)
            # First the scrape fails, and then the file is swept: the target is gone, with its `up`.
            scraped = "up{job='clustered_bot'}"
            until(lambda: [labels["cluster"] for labels, _ in prometheus.query(scraped)] == ["0-1"], 20)
            assert shards() == {"0-1": 2}
    end(bot)


def end(bot: Bot) -> None:
    """End all processes of the bot, as Ctrl-C in a terminal does."""
    if os.name == "posix":
        os.killpg(bot.process.pid, signal.SIGINT)
        bot.process.wait(30)
    else:
        bot.end()


@pytest.mark.skipif(os.name == "nt", reason="a process that is terminated there removes nothing")
def test_clusters_that_end_take_their_files_along(simulator: BackgroundSimulator, start: Start, tmp_path: Path) -> None:
    bot = started(start, RUN, tmp_path, EXAMPLE)
    simulator.run(simulator.ready, 4, 90.0)
    until(lambda: read(tmp_path).keys() == {"0-1", "2-3"}, 10)
    for cluster, group in read(tmp_path).items():
        assert group["labels"] == {"job": "clusters", "cluster": cluster, "shards": cluster}
    end(bot)
    assert list(tmp_path.iterdir()) == []


def test_the_clusters_counts_are_the_simulators(simulator: BackgroundSimulator, start: Start, tmp_path: Path) -> None:
    bot = started(start, RUN, tmp_path, CLUSTERED, "spawn")
    simulator.run(simulator.ready, 4, 90.0)
    for guild in list(simulator.state.world.guilds.values()):
        for _ in range(5):
            simulator.run(simulator.run(simulator.say, "!ping", guild=guild).reply)
    simulator.run(simulator.settle)
    until(lambda: len(read(tmp_path)) == 2, 10)
    true: Counter[str] = Counter()
    for (shard, event), number in simulator.ledger.received_event_counts().items():
        true[str(shard)] += number
        true[event] += number
    counted: Counter[str] = Counter()
    for group in read(tmp_path).values():
        bot.url = f"http://{group['targets'][0]}"
        metrics = bot.metrics()
        for metric, attribute in ((SHARD_EVENTS, SHARD_ID), (GATEWAY_EVENTS, EVENT_TYPE)):
            counted.update({key: int(value) for (key,), value in metrics.by(metric, attribute).items()})
    assert counted == true
    assert {"0", "1", "2", "3", "READY", "MESSAGE_CREATE"} <= true.keys()
    status = json.loads(bot.get("/status"))
    assert sorted(process["cluster"] for process in status["processes"]) == ["0-1", "2-3"]
    end(bot)
