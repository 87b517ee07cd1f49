"""The JSON Schema of the file of checks: it accepts what the reader accepts, and refuses mistakes of shape."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from argus_otel.sources.checks.executor import ExecutorContext
from argus_otel.sources.checks.executors import installed
from argus_otel.sources.checks.file.checks_file import CheckFileError, parse
from argus_otel.sources.checks.file.schema import schema
from argus_otel.sources.checks.net.resolver import Resolver

from .test_file import WHOLE

EXAMPLE = Path(__file__).parents[2] / "examples/checks/checks.yaml"
EXECUTORS = installed(ExecutorContext(Resolver()))
SCHEMA = jsonschema.Draft202012Validator(schema(EXECUTORS))


def accepted(text: str) -> bool:
    """Whether an editor accepts a text: those read it as YAML 1.2."""
    return SCHEMA.is_valid(YAML(typ="safe", pure=True).load(text))


def is_valid(text: str) -> bool:
    try:
        parse(text, Path("checks.yaml"), EXECUTORS, {}, secrets_required=False)
    except CheckFileError:
        return False
    return True


def check(body: str) -> str:
    return f"checks: {{shop: {body}}}"


def test_it_is_a_schema_of_the_draft_that_it_names() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA.schema)
    assert SCHEMA.schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_it_has_every_type_that_is_installed() -> None:
    required = [alternative["required"] for alternative in SCHEMA.schema["$defs"]["check"]["oneOf"]]
    assert required == [[type_] for type_ in EXECUTORS]


def test_every_option_has_its_help() -> None:
    def described(properties: dict[str, Any]) -> list[str]:
        return [name for name, each in properties.items() if not each.get("description")]

    for alternative in SCHEMA.schema["$defs"]["check"]["oneOf"]:
        (type_,) = alternative["required"]
        assert described({key: each for key, each in alternative["properties"].items() if key != type_}) == []
    assert described(SCHEMA.schema["properties"]) == []


@pytest.mark.parametrize("text", [WHOLE, EXAMPLE.read_text(encoding="utf-8")], ids=["whole", "example"])
def test_a_valid_file_is_accepted(text: str) -> None:
    assert is_valid(text)
    SCHEMA.validate(YAML(typ="safe", pure=True).load(text))


@pytest.mark.parametrize(
    "text",
    [
        check("{http: 'http://x', timeout: '${env:T}', retries: '${env:R}', enabled: true}"),
        check("{http: {url: '${env:URL}', method: '${env:M}', verify: '${env:V}'}}"),
        check("{http: http://x, interval: 1.5h, timeout: 1500ms, keep: 1/10}"),
        check("{http: http://x, expect: {status: 2xx, duration: '> 1s, < 2s', body: [a, '!b'], json: {'$.a': null}}}"),
        check("{http: http://x, labels: {team: 7, on: true}, parents: []}"),
        check("{http: http://x, slo: {availability: 99.9%}}"),
        check("{icmp: 192.0.2.1}"),
        check("{icmp: {host: a, count: 3, size: 9000, family: ipv6}, expect: {loss: < 20%, round_trip: < 50ms}}"),
        check("{command: [df, -h]}"),
        check("{command: {run: [df], environment: {A: 1}, limit: 1kB}, expect: {exit_status: [0, 1], output: /a/}}"),
        "checks: {}",
    ],
)
def test_both_accept(text: str) -> None:
    assert is_valid(text)
    assert accepted(text)


@pytest.mark.parametrize(
    "text",
    [
        "location: x",
        "chcks: {}",
        "checks: []",
        "checks: {a: 5}",
        "checks: {'-': {http: http://x}}",
        "defaults: {interval: 30}\nchecks: {}",
        "defaults: {intervall: 30s}\nchecks: {}",
        "limits: {total: 0}\nchecks: {}",
        "maintenance: [{checks: a, for: 1h}]\nchecks: {a: {http: http://x}}",
        check("{}"),
        check("{htp: http://x}"),
        check("{http: {}}"),
        check("{http: ftp://x}"),
        check("{http: {url: http://x, famly: ipv4}}"),
        check("{http: {url: http://x, family: ipv5}}"),
        check("{http: {url: http://x, redirects: 9}}"),
        check("{http: {url: http://x, redirects: '1'}}"),
        check("{http: {url: http://x, verify: no}}"),
        check("{http: {url: http://x, verify: 'true'}}"),
        check("{http: {url: http://x, limit: 5}}"),
        check("{http: http://x, interval: 30}"),
        check("{http: http://x, interval: 30sec}"),
        check("{http: http://x, interval: -5s}"),
        check("{http: http://x, keep: 10%}"),
        check("{http: http://x, parents: {a: b}}"),
        check("{http: http://x, expect: {duration: '800'}}"),
        check("{http: http://x, expect: {duration: 800}}"),
        check("{http: http://x, expect: {duration: 2s}}"),
        check("{http: http://x, expect: {certificate: '> 14'}}"),
        check("{http: http://x, expect: {status: 99}}"),
        check("{http: http://x, expect: {status: [200, 600]}}"),
        check("{http: http://x, expect: {rcode: NOERROR}}"),
        check("{http: http://x, expect: 5}"),
        check("{icmp: {host: a, count: 0}}"),
        check("{icmp: {host: a, size: 7}}"),
        check("{icmp: a, expect: {loss: < 20}}"),
        check("{command: df -h}"),
        check("{command: []}"),
        check("{command: ['']}"),
        check("{command: [df], expect: {exit_status: 256}}"),
        check("{http: http://x, slo: {}}"),
        check("{http: http://x, slo: {availability: 99.9}}"),
        check("{http: http://x, labels: {a: 1, b: 1, c: 1, d: 1, e: 1, f: 1}}"),
    ],
)
def test_both_refuse(text: str) -> None:
    assert not is_valid(text)
    assert not accepted(text)
