"""The shipped configurations: valid for the Collector, and consistent with one another and with their README."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from argus_otel.sources.discord import catalogue
from argus_otel.sources.discord.secrets import PATTERNS
from argus_otel.telemetry import Metric
from lab.collector import CONFIGS, validate
from tools.backends import PROGRAMS, ROOT

WHOLE = ("single.yaml", "gateway.yaml", "agent.yaml")
NEEDED = {"COLLECTOR_TOKEN": "a-token", "COLLECTOR_GATEWAY_TOKEN": "another"}


def load(name: str) -> dict[str, Any]:
    return yaml.safe_load((CONFIGS / name).read_text(encoding="utf-8"))


def variables(name: str) -> set[str]:
    """The names of the environment that a config asks for."""
    lines = (CONFIGS / name).read_text(encoding="utf-8").splitlines()
    return {found for line in lines for found in re.findall(r"\$\{env:([A-Z_]+)", line.split(" #")[0].split("#  ")[0])}


@pytest.mark.parametrize(
    "names",
    [
        ("single.yaml",),
        ("single.yaml", "auth.yaml", "tls.yaml"),
        ("single.yaml", "trace-store.yaml"),
        ("gateway.yaml",),
        ("gateway.yaml", "auth.yaml"),
        ("gateway.yaml", "tls.yaml", "trace-store.yaml"),
        ("agent.yaml",),
        ("agent.yaml", "auth.yaml", "tls.yaml"),
        ("agent.yaml", "agent-secure.yaml"),
    ],
    ids="+".join,
)
def test_the_collector_takes_every_config(names: tuple[str, ...], queues: Path):
    certificate = queues / "file.pem"
    certificate.touch()
    files = {"COLLECTOR_TLS_CERT": str(certificate), "COLLECTOR_TLS_KEY": str(certificate)}
    configs = [CONFIGS / name for name in names]
    assert validate(*configs, COLLECTOR_QUEUES=str(queues), **NEEDED, **files) == ""


def test_no_config_ships_that_is_not_tried():
    assert {path.name for path in CONFIGS.glob("*.yaml")} == {
        *WHOLE,
        "auth.yaml",
        "tls.yaml",
        "trace-store.yaml",
        "agent-secure.yaml",
        "builder.yaml",
    }


def test_without_the_secret_that_was_asked_for_it_does_not_start(queues: Path):
    said = validate(CONFIGS / "single.yaml", CONFIGS / "auth.yaml", CONFIGS / "tls.yaml", COLLECTOR_QUEUES=str(queues))
    assert "no bearer token provided" in said
    assert "TLS configuration must include both certificate and key" in said


def test_a_gateway_does_not_start_without_a_token(queues: Path):
    assert "no bearer token provided" in validate(CONFIGS / "gateway.yaml", COLLECTOR_QUEUES=str(queues))


@pytest.mark.parametrize("name", WHOLE)
def test_what_asks_for_no_token_is_on_loopback(name: str):
    config = load(name)
    protocols = config["receivers"]["otlp"]["protocols"]
    unguarded = [one["endpoint"] for one in protocols.values() if "auth" not in one]
    unguarded += [config["extensions"]["health_check"]["endpoint"]]
    unguarded += [one["endpoint"] for kind, one in config["exporters"].items() if kind == "prometheus"]
    unguarded += [config["service"]["telemetry"]["metrics"]["readers"][0]["pull"]["exporter"]["prometheus"]["host"]]
    assert len(unguarded) >= 3
    for endpoint in unguarded:
        assert re.match(r"\$\{env:[A-Z_]+:-127\.0\.0\.1(:\d+)?\}", endpoint)
    for one in protocols.values():
        if "auth" in one:
            assert one["auth"] == {"authenticator": "bearertokenauth"}
            assert config["extensions"]["bearertokenauth"] == {"token": "${env:COLLECTOR_TOKEN}"}
            assert "bearertokenauth" in config["service"]["extensions"]


def test_a_gateway_is_a_single_collector_that_wants_a_token_and_listens_on_every_interface():
    single, gateway = load("single.yaml"), load("gateway.yaml")
    auth = load("auth.yaml")
    assert gateway["extensions"].pop("bearertokenauth") == auth["extensions"]["bearertokenauth"]
    assert gateway["service"]["extensions"] == auth["service"]["extensions"]
    gateway["service"]["extensions"].remove("bearertokenauth")
    for kind, protocol in gateway["receivers"]["otlp"]["protocols"].items():
        assert {"auth": protocol.pop("auth")} == auth["receivers"]["otlp"]["protocols"][kind]
    limits = gateway["processors"].pop("memory_limiter"), single["processors"].pop("memory_limiter")
    assert limits[0].keys() == limits[1].keys()
    assert yaml.safe_dump(gateway).replace(":-0.0.0.0", ":-127.0.0.1") == yaml.safe_dump(single)


def test_an_agent_takes_the_same_secrets_out():
    assert load("agent.yaml")["processors"]["redaction"] == load("single.yaml")["processors"]["redaction"]


def test_the_collector_takes_out_what_the_bot_takes_out():
    """Else one of the two is behind. Of a path the Collector masks all, not the token alone."""
    ours = [re.sub(r"\(\?P<secret>(.*)\)", r"\1", pattern) for pattern in PATTERNS]
    processors = load("single.yaml")["processors"]
    assert processors["redaction"]["blocked_values"] == ours
    statements = processors["transform/secrets"]["trace_statements"]
    wanted = {
        f'replace_pattern({field}, "{pattern}", "****")'
        for field in ("span.name", "span.status.message")
        for pattern in (pattern.replace("\\", "\\\\") for pattern in ours)
    }
    assert set(statements) == wanted


def test_no_attribute_of_our_own_metrics_is_taken_for_an_id():
    statements = str(load("single.yaml")["processors"]["transform/no_ids"])
    patterns = set(re.findall(r"delete_matching_keys\(\w+\.attributes, \"(.*?)\"\)", statements))
    assert len(patterns) == 1
    (pattern,) = patterns
    metrics = [one for one in vars(catalogue).values() if isinstance(one, Metric)]
    keys = {attribute.name for metric in metrics for attribute in metric.attributes}
    assert keys
    assert not {key for key in keys if re.search(pattern, key)}
    for key in ("discord.guild.id", "discord.user.id", "guild_id", "channelId", "enduser.id", "message_ids", "user"):
        assert bool(re.search(pattern, key)) == (key != "user")


@pytest.mark.parametrize("name", WHOLE)
def test_memory_is_limited_first_and_what_leaves_the_host_waits_on_disk(name: str):
    config = load(name)
    for signal, pipeline in config["service"]["pipelines"].items():
        assert pipeline["processors"][0] == "memory_limiter"
        assert "redaction" in pipeline["processors"]
        for exporter in pipeline["exporters"]:
            if signal != "metrics":  # which are asked for, or sent again whole with the next export
                assert config["exporters"][exporter]["sending_queue"]["storage"] == "file_storage"
                assert config["exporters"][exporter]["retry_on_failure"]["max_elapsed_time"] == "0s"


@pytest.mark.parametrize("name", [*WHOLE, "auth.yaml", "tls.yaml", "trace-store.yaml", "agent-secure.yaml"])
def test_no_secret_has_a_default(name: str):
    text = (CONFIGS / name).read_text(encoding="utf-8")
    defaults = dict(re.findall(r"\$\{env:([A-Z_]+):-([^}]*)\}", text))
    secret = ("PASSWORD", "TOKEN", "KEY")
    assert not {key: value for key, value in defaults.items() if key.endswith(secret) and value}


def test_the_readme_lists_each_variable():
    readme = (CONFIGS / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `([A-Z_]+)` \|", readme, re.MULTILINE))
    asked = {found for path in CONFIGS.glob("*.yaml") for found in variables(path.name)}
    assert listed == asked - {"NAME", "TRACES_OTLP_KEY", "COLLECTOR_TLS_CLIENT_CA"}  # of comments


def test_each_alert_that_the_readme_names_is_there():
    readme = (CONFIGS / "README.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`((?:Collector|Export)[A-Z]\w+)`", readme.partition("## What is lost when")[2]))
    rules = [path.read_text(encoding="utf-8") for path in (ROOT / "prometheus" / "rules").glob("*.yaml")]
    known = {name for text in rules for name in re.findall(r"- alert: (\w+)", text)}
    assert told <= known
    assert {name for name in told if name.startswith("Collector")} == {
        name for name in known if name.startswith("Collector")
    }


def test_the_manifest_has_what_the_configs_use_and_one_version():
    manifest = load("builder.yaml")
    modules = [
        one["gomod"] for kind in ("receivers", "processors", "exporters", "extensions") for one in manifest[kind]
    ]
    assert {module.split(" v")[1] for module in modules} == {PROGRAMS["collector"].release}
    assert {one["gomod"].split(" v")[0].rsplit("/", 1)[1] for one in manifest["providers"]} == {
        "envprovider",
        "fileprovider",
        "yamlprovider",
    }
