"""``argus-otel checks once``: real services, and each report read by a parser of its format."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from junitparser import JUnitXml
from tap.parser import Parser

from tests.typed import Typed

from .conftest import Service

Write = Callable[[str], Path]

FOUR = """\
location: test
defaults: {{retries: 0, timeout: 5s}}
checks:
  good: {{http: "{url}/200", service: shop}}
  slow: {{http: "{url}/200", warn: {{duration: "< 0ms"}}}}
  bad: {{http: "{url}/500", retries: 1}}
  off: {{http: "{url}/500", enabled: false}}
"""


@pytest.mark.parametrize(
    ("names", "code"), [(["good"], 0), (["bad", "good"], 1), (["slow", "good"], 3), ([], 1), (["[gs]*"], 3)]
)
def test_the_exit_code_tells_the_worst(
    checks: Typed, file: Write, service: Service, names: list[str], code: int
) -> None:
    assert checks("once", file(FOUR.format(url=service.url)), *names).code == code


def test_the_table_has_outcome_duration_phases_and_reason(checks: Typed, file: Write, service: Service) -> None:
    out = checks("once", file(FOUR.format(url=service.url))).out
    good, slow, bad = out.splitlines()[1:4]
    assert good.split()[:3] == ["good", "http", "ok"]
    assert {"c", "f"} & set(good.split()[-2])
    assert "slow: duration is" in slow
    assert bad.endswith("status: status is 500, not 2xx (2 attempts)")
    assert "1 good, 1 with a warning, 1 failed, from test." in out
    assert "off" not in out


def test_one_that_is_disabled_runs_if_it_is_named(checks: Typed, file: Write, service: Service) -> None:
    assert checks("once", file(FOUR.format(url=service.url)), "off").code == 1
    assert [path for _, path, _ in service.requests] == ["/500"]


def test_a_heartbeat_is_left_out_and_not_judged_if_it_is_named(checks: Typed, file: Write, service: Service) -> None:
    beat = "  beat: {heartbeat: {every: 1m, token: a-long-token}}\n"
    path = file(f"checks:\n  good: {{http: '{service.url}/200'}}\n{beat}")
    all_, named = checks("once", path), checks("once", path, "beat")
    told = "argus-otel checks once: beat left out: only an agent, which takes calls, can judge a heartbeat\n"
    assert (all_.code, all_.err) == (0, told)
    assert "beat" not in all_.out
    assert (named.code, named.err) == (1, "")
    assert "blocked: only an agent, which takes its calls, can judge it" in named.out


def test_json_has_every_attempt_and_its_phases(checks: Typed, file: Write, service: Service) -> None:
    ended = checks("once", file(FOUR.format(url=service.url)), "--format", "json", "--location", "ci")
    document = json.loads(ended.out)
    assert document["location"] == "ci"
    bad = document["checks"][2]
    assert (bad["name"], bad["outcome"], bad["error_type"], bad["condition"]) == (
        "bad",
        "failed",
        "status",
        "status: 2xx",
    )
    assert len(bad["attempts"]) == 2
    assert sum(bad["phases"].values()) == pytest.approx(bad["duration"])


def test_junit_is_read_by_a_parser_of_it(checks: Typed, file: Write, service: Service) -> None:
    report = JUnitXml.fromstring(checks("once", file(FOUR.format(url=service.url)), "--format", "junit").out.encode())
    (suite,) = report
    assert (suite.tests, suite.failures, suite.errors) == (3, 1, 0)
    cases = {case.name: case for case in suite}
    assert (cases["good"].classname, cases["bad"].classname) == ("shop", "http")
    assert cases["good"].is_passed
    assert cases["slow"].is_passed
    assert cases["slow"].system_out.startswith("warning: slow")
    (failure,) = cases["bad"].result
    assert failure.type == "status"


def test_tap_is_read_by_a_parser_of_it(checks: Typed, file: Write, service: Service) -> None:
    text = checks("once", file(FOUR.format(url=service.url)), "--format", "tap").out
    assert text.startswith("TAP version 14\n")
    # The parser knows version 13, whose lines and blocks are the same.
    lines = list(Parser().parse(StringIO(text.replace("TAP version 14", "TAP version 13"))))
    tests = [line for line in lines if line.category == "test"]
    assert [(line.ok, line.description) for line in tests] == [(True, "- good"), (True, "- slow"), (False, "- bad")]
    assert not [line for line in lines if line.category == "unknown"]
    assert tests[2].yaml_block["error_type"] == "status"


def test_the_timeout_may_be_given(checks: Typed, file: Write) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        path = file(f'checks: {{hanging: {{http: "{url}", timeout: 1h, retries: 0}}}}')
        document = json.loads(checks("once", path, "--timeout", "200ms", "--format", "json").out)
    assert document["checks"][0]["error_type"] == "timeout"
    assert 0.2 <= document["checks"][0]["duration"] < 60


def test_an_unknown_name_is_refused_with_those_that_there_are(checks: Typed, file: Write) -> None:
    ended = checks("once", file("checks: {shop: {http: 'http://127.0.0.1'}}"), "shopp")
    assert ended.code == 2
    assert "no check is called 'shopp'; there are shop" in ended.err


def test_no_secret_is_in_a_report(
    checks: Typed, file: Write, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "t0p-secret")
    path = file(f"""\
checks:
  shop:
    http: {{url: "{service.url}/200?key=${{env:TOKEN}}", headers: {{authorization: "Bearer ${{env:TOKEN}}"}}}}
    expect: {{body: "${{env:TOKEN}}"}}
  other:
    http: "{service.url}/200"
    expect: {{json: {{"$.a": "${{env:TOKEN}}"}}}}
""")
    for form in ("table", "json", "junit", "tap"):
        ended = checks("once", path, "--format", form)
        assert ended.code == 1
        assert "t0p-secret" not in ended.out + ended.err
    assert ("GET", "/200?key=t0p-secret", "Bearer t0p-secret") in service.requests


def test_the_progress_is_for_a_terminal_only(checks: Typed, file: Write, service: Service) -> None:
    assert checks("once", file(FOUR.format(url=service.url)), "good").err == ""
