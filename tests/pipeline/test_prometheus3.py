"""Prometheus 3 scrapes a real bot: exemplars, and histograms that it converts to native ones."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import yaml

from discord_simulator import BackgroundSimulator
from lab.built import built
from lab.prometheus import Prometheus3
from tools.backends import ROOT

from .bots import Bot, used

HISTOGRAM = "discord_command_duration_seconds"
JOBS: dict[str, dict[str, bool]] = {
    "classic": {},
    "both": {"convert_classic_histograms_to_nhcb": True, "always_scrape_classic_histograms": True},
    "native": {"convert_classic_histograms_to_nhcb": True},
}


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus3]:
    """It has scraped a bot at work, once for each job."""
    built("prometheus")
    directory = tmp_path_factory.mktemp("prometheus3")
    with BackgroundSimulator(guilds=6) as simulator:
        # Traced, so that there are exemplars. Nothing takes the traces.
        bot = Bot(directory, simulator, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="http://127.0.0.1:9")
        jobs = [
            {"job_name": name, "static_configs": [{"targets": [f"127.0.0.1:{bot.port}"]}], **options}
            for name, options in JOBS.items()
        ]
        config = yaml.safe_dump({"global": {"scrape_interval": "2s"}, "scrape_configs": jobs})
        try:
            bot.start()
            with Prometheus3.running_in(directory, config) as server:
                with used(simulator, rate=60):
                    server.wait_for(f'{HISTOGRAM}_bucket{{job="classic", discord_outcome="error"}}', 60)
                    server.wait_for(f'{HISTOGRAM}_bucket{{job="both", discord_outcome="error"}}', 60)
                    server.wait_for(f'histogram_count({HISTOGRAM}{{job="native"}}) > 0', 60)
                    time.sleep(4)  # a few scrapes under load, for the exemplars
                yield server
        finally:
            bot.kill()


def test_a_converted_histogram_keeps_its_buckets_as_the_documented_config_says(prometheus: Prometheus3):
    text = (ROOT / "docs" / "pipeline.md").read_text(encoding="utf-8")
    (documented,) = (block for block in text.split("```yaml\n") if "convert_classic" in block.partition("```")[0])
    (job,) = yaml.safe_load(documented.partition("```")[0])["scrape_configs"]
    assert job.items() >= JOBS["both"].items()
    for name, classic, native in (("classic", True, False), ("both", True, True), ("native", False, True)):
        for series, there in ((f"{HISTOGRAM}_bucket", classic), (HISTOGRAM, native)):
            assert bool(prometheus.ask("series", **{"match[]": f'{series}{{job="{name}"}}'})) is there, (name, series)
    prometheus.wait_for(f'histogram_quantile(0.5, sum by (le) (rate({HISTOGRAM}_bucket{{job="both"}}[1m])))')


def test_a_scrape_brings_exemplars_that_lead_to_traces(prometheus: Prometheus3):
    hour = {"start": str(time.time() - 3600), "end": str(time.time() + 60)}
    # Prometheus moves those of a converted histogram to the native one, as docs/pipeline.md says.
    assert prometheus.ask("query_exemplars", query=f'{HISTOGRAM}_bucket{{job="both"}}', **hour) == []
    assert prometheus.ask("query_exemplars", query=f'{HISTOGRAM}{{job="both"}}', **hour) != []
    found = prometheus.ask("query_exemplars", query=f'{HISTOGRAM}_bucket{{job="classic"}}', **hour)
    exemplars = [exemplar for one in found for exemplar in one["exemplars"]]
    assert len(exemplars) > 3
    for one in exemplars:
        assert {name: len(value) for name, value in one["labels"].items()} == {"trace_id": 32, "span_id": 16}
        assert time.time() - 300 < float(one["timestamp"]) < time.time() + 1
    upper = {one["seriesLabels"]["le"]: [float(each["value"]) for each in one["exemplars"]] for one in found}
    assert all(max(values) <= float(edge.replace("+Inf", "inf")) for edge, values in upper.items())
