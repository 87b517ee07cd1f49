"""The file of checks: everything that may be in it, and every mistake with its line and column, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from argus_otel.sources.checks.definition import Latency, Objective
from argus_otel.sources.checks.errors import ErrorType
from argus_otel.sources.checks.executor import ExecutorContext
from argus_otel.sources.checks.file.checks_file import CheckFile, CheckFileError, parse
from argus_otel.sources.checks.judge import Confirm
from argus_otel.sources.checks.kinds.http import HttpExecutor
from argus_otel.sources.checks.net.resolver import Resolver

EXECUTORS = {"http": HttpExecutor(ExecutorContext(Resolver()))}
PATH = Path("checks.yaml")
ENVIRONMENT = {"KEY": "k-1", "TOKEN": "t-1"}

WHOLE = """\
location: fra1
defaults: {interval: 30s, timeout: 5s, retries: 1, confirm: {down: 2, up: 1, every: 5s}}
limits: {total: 50}
anchors: [gateway]
maintenance: [{name: backup, checks: ["shop*"], cron: "0 2 * * *", for: 30m, timezone: Europe/Berlin}]
checks:
  shop:
    http: {url: "https://shop.example/health?key=${env:KEY}", headers: {authorization: "Bearer ${env:TOKEN}"},
           family: ipv4, redirects: 2, limit: 1MiB}
    expect: {status: [200, 2xx], duration: "< 2s", json: {"$.queue.depth": "< 500"}, body: "/ready/",
             headers: {x-version: present}, certificate: "> 3d"}
    warn: {duration: "< 800ms", certificate: "> 14d"}
    interval: 1m
    service: shop
    parents: [gateway]
    slo: {availability: 99.9%, latency: {under: 800ms, share: 99%}, window: 30d}
    labels: {team: shop}
  gateway: {http: "http://192.0.2.1/", enabled: false}
"""


def read(text: str) -> CheckFile:
    return parse(text, PATH, EXECUTORS, ENVIRONMENT)


def problems(text: str) -> list[str]:
    with pytest.raises(CheckFileError) as raised:
        read(text)
    return str(raised.value).removeprefix("checks.yaml:").split("\nchecks.yaml:")


def check(body: str) -> str:
    """Return a file with one check."""
    return f"checks:\n  shop: {body}\n"


def test_everything_that_a_file_may_have_is_read() -> None:
    found = read(WHOLE)
    assert (found.location, found.anchors, found.limits.total, found.limits.per_host) == ("fra1", ("gateway",), 50, 8)
    assert [(each.name, each.checks, each.cron, each.duration, each.timezone) for each in found.windows] == [
        ("backup", ("shop*",), "0 2 * * *", 1800, "Europe/Berlin")
    ]
    shop, gateway = found.checks
    assert (shop.name, shop.interval, shop.timeout, shop.retries) == ("shop", 60_000, 5, 1)
    assert shop.confirm == Confirm(2, 1, 5000)
    assert (shop.service, shop.parents, shop.labels, shop.host) == (
        "shop",
        ("gateway",),
        {"team": "shop"},
        "shop.example",
    )
    assert shop.objective is not None
    assert shop.objective.availability == pytest.approx(0.999)
    assert shop.objective == Objective(shop.objective.availability, Latency(0.8, 0.99), 30 * 86400)
    assert shop.options.url == "https://shop.example/health?key=k-1"
    assert shop.options.headers == {"authorization": "Bearer t-1"}
    assert (shop.options.family, shop.options.redirects, shop.options.limit) == ("ipv4", 2, 1 << 20)
    assert [each.subject for each in shop.expect] == ["status", "duration", "body", "body", "headers", "certificate"]
    assert [each.written for each in shop.warn] == ["< 800ms", "> 14d"]
    assert (gateway.enabled, gateway.interval, gateway.options.url) == (False, 30_000, "http://192.0.2.1/")
    assert [each.written for each in gateway.expect] == ["2xx"]
    assert found.secrets == {"k-1", "t-1"}


@pytest.mark.parametrize(
    ("body", "where", "told"),
    [
        ("{}", "2:9", "a check has one of http; this one has none of them"),
        ("{gopher: x}", "2:18", "unknown type or key 'gopher'; known are confirm, enabled, expect, http"),
        ("{htttp: x, interval: 1m}", "2:17", "unknown type or key 'htttp'; did you mean 'http'?"),
        ("{http: ftp://x}", "2:16", "'ftp://x' is not a URL such as"),
        ("{http: 'http://user:pw@shop.example/'}", "2:16", "a URL with a password in it ends up in logs"),
        ("{http: {}}", "2:16", "url is missing"),
        ("{http: {url: http://x, famly: ipv4}}", "2:39", "unknown key 'famly'; did you mean 'family'?"),
        ("{http: {url: http://x, family: ipv5}}", "2:40", "unknown word 'ipv5'; did you mean"),
        ("{http: {url: http://x, redirects: 9}}", "2:43", "9 is not a whole number from 0 to 5"),
        ("{http: {url: http://x, redirects: '1'}}", "2:43", "'1' is not a whole number"),
        ("{http: {url: http://x, verify: no}}", "2:40", "'no' is not true or false"),
        ("{http: http://x, interval: 30}", "2:36", "'30' has no unit; write 30ms or 30s"),
        ("{http: http://x, interval: 30sec}", "2:36", "an unknown unit, 'sec'; use ms, s, m, h, d"),
        ("{http: http://x, interval: 10ms}", "2:36", "too small: at least 1s"),
        ("{http: http://x, interval: -5s}", "2:36", "is not a duration"),
        ("{http: http://x, expect: {duration: '800'}}", "2:45", "'800' has no unit; write 800ms or 800s"),
        ("{http: http://x, expect: {duration: 2s}}", "2:45", "'2s' is no comparison"),
        ("{http: http://x, expect: {status: 99}}", "2:43", "'99' is not a status"),
        ("{http: http://x, expect: {rcode: NOERROR}}", "2:42", "unknown condition of http 'rcode'"),
        ("{http: http://x, expect: {body: /(/}}", "2:41", "'/(/' is no pattern"),
        ("{http: http://x, expect: {json: {'$.[': 1}}}", "2:49", "is no JSONPath"),
        ("{http: http://x, expect: 5}", "2:34", "'5' is not a mapping from subjects to conditions"),
        ("{http: http://x, parents: [ghost]}", "2:36", "there is no check 'ghost'"),
        ("{http: http://x, parents: ghost}", "2:35", "there is no check 'ghost'"),
        ("{http: http://x, parents: [shop]}", "2:9", "the parents lead back to it: shop → shop"),
        ("{http: http://x, slo: {}}", "2:31", "an objective promises availability, latency or both"),
        ("{http: http://x, slo: {availability: 100%}}", "2:31", "leaves no budget"),
        ("{http: http://x, labels: {a: 1, b: 1, c: 1, d: 1, e: 1, f: 1}}", "2:9", "a file has at most 5 labels"),
        ("{http: http://x, http: http://y}", "2:26", "'http' stands twice (first on line 2)"),
        ("{http: 'http://x/${env:NO}'}", "2:16", "'${env:NO}' cannot be read: the variable is not set"),
        ("{http: 'http://x/${KEY}'}", "2:16", "'${KEY}' is no reference; write ${env:NAME} or ${file:PATH}"),
        ("{http: 'http://x/${file:no-such-file}'}", "2:16", "No such file or directory"),
        ("[http]", "2:9", "a list is not a mapping"),
        ("", "2:8", "a check has one of http"),
    ],
)
def test_each_mistake_has_its_line_and_column(body: str, where: str, told: str) -> None:
    (problem,) = problems(check(body))
    assert problem.startswith(f"{where}: checks.shop")
    assert told in problem


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1:1: the file is empty; it needs `checks:`"),
        ("location: here", "1:1: there are no `checks:`"),
        ("checks: {a: [}", "1:14: not YAML"),
        ("- a", "1:1: a list is not a mapping with `checks:`"),
        ("checks: {}\nchcks: {}", "2:8: chcks: unknown key 'chcks'; did you mean 'checks'?"),
        ("checks: {'-': {http: http://x}}", "is not a name of at most 50 letters"),
        ("anchors: ghost\nchecks: {a: {http: http://x}}", "1:10: anchors: there is no check 'ghost'"),
        ("anchors: [a, ghost]\nchecks: {a: {http: http://x}}", "1:14: anchors[1]: there is no check 'ghost'"),
        (
            "maintenance: [{checks: db-*, cron: 0 2 * * *, for: 1h}]\nchecks: {a: {http: http://x}}",
            "no check matches 'db-*'",
        ),
        (
            "maintenance: [{checks: a, cron: 0 99 * * *, for: 1h}]\nchecks: {a: {http: http://x}}",
            "is not five fields of cron",
        ),
        (
            "maintenance: [{checks: a, cron: 0 2 * * *, for: 1h, timezone: Berlin}]\nchecks: {a: {http: http://x}}",
            "'Berlin' is not a time zone",
        ),
    ],
)
def test_each_mistake_outside_of_checks_is_told(text: str, told: str) -> None:
    (problem,) = problems(text)
    assert told in problem


def test_all_mistakes_are_told_at_once_in_their_order() -> None:
    text = """\
defaults: {interval: 30, retry: 2}
checks:
  a: {http: {url: x, method: FETCH}, expect: {status: [200, 999]}}
  b: {http: "http://x", warn: {certificate: "> 14"}}
  a: {http: "http://y"}
"""
    assert [problem.partition(" ")[0] for problem in problems(text)] == [
        "1:22:",
        "1:33:",
        "3:19:",
        "3:30:",
        "3:61:",
        "4:45:",
        "5:3:",
    ]


def test_mistakes_of_a_check_hide_no_other_ones_of_it() -> None:
    text = """\
checks:
  a:
    http: {url: "http://${env:NO}/${env:NEITHER}", redirects: many}
    parents: [ghost]
  b: {gopher: x, interval: 30, parents: ghost}
  c: [http]
  d: {http: 5, parents: [a, [b], null]}
"""
    assert [problem.partition(";")[0] for problem in problems(text)] == [
        "3:17: checks.a.http.url: '${env:NO}' cannot be read: the variable is not set",
        "3:17: checks.a.http.url: '${env:NEITHER}' cannot be read: the variable is not set",
        "3:63: checks.a.http.redirects: 'many' is not a whole number from 0 to 5",
        "4:15: checks.a.parents[0]: there is no check 'ghost'",
        "5:15: checks.b.gopher: unknown type or key 'gopher'",
        "5:28: checks.b.interval: '30' has no unit",
        "5:41: checks.b.parents: there is no check 'ghost'",
        "6:6: checks.c: a list is not a mapping with one of http",
        "7:13: checks.d.http: '5' is not a URL such as https://shop.example/health",
        "7:29: checks.d.parents[1]: a list is not a name of at most 50 letters, digits, spaces and any of _ . : / -",
        "7:34: checks.d.parents[2]: nothing is not a name of at most 50 letters, digits, spaces and any of _ . : / -",
    ]


def test_fault_18_what_yaml_takes_silently_is_told() -> None:
    text = """\
checks:
  a: {http: "http://x", enabled: on}
  b: {http: {url: "http://x", verify: no}, interval: 30}
  a: {http: "http://y", intervall: 1m}
"""
    assert [problem.partition(": checks.")[2].partition(";")[0] for problem in problems(text)] == [
        "a.enabled: 'on' is not true or false",
        "b.http.verify: 'no' is not true or false",
        "b.interval: '30' has no unit",
        "a: 'a' stands twice (first on line 2)",
    ]
    assert "unknown key 'intervall'; did you mean 'interval'?" in problems(check("{http: http://x, intervall: 1m}"))[0]


@pytest.mark.parametrize(("keep", "kept"), [("runs", 100), ("changes", 0), ("1/10", 10), ("1/1", 100)])
def test_history_may_keep_one_run_of_many(keep: str, kept: int) -> None:
    (found,) = read(check(f"{{http: http://x, keep: {keep}}}")).checks
    slots = range(17_000, 100 * 30_000, 30_000)
    assert sum(found.keeps(slot) for slot in slots) == kept


@pytest.mark.parametrize("keep", ["1/0", "2/10", "10%", "none"])
def test_history_keeps_no_other_share(keep: str) -> None:
    assert f"'{keep}' is not runs, changes, or a share such as 1/10" in problems(check(f"{{http: x, keep: {keep}}}"))[1]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_file_of_windows_is_read(encoding: str, newline: str) -> None:
    text = "# Prüfungen\nchecks:\n  shop: {http: {url: http://x, ca: 'C:\\certs\\ca.pem'}}\n".replace("\n", newline)
    (found,) = parse(text.encode(encoding), PATH, EXECUTORS, {}).checks
    assert found.options.ca == "C:\\certs\\ca.pem"


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"checks:\n  shop: {http: 'http://x'}\n# \xe4\n", "3:1: not UTF-8 text"),
        (b"checks:\n  shop: {http: 'http://x\x07'}\n", "2:1: not UTF-8 text, or a control character is in it"),
        (b'checks: {a: {http: "C:\\certs"}}', "a path such as C:\\certs\\ca.pem needs single quotes, or none"),
    ],
)
def test_a_text_that_is_none_is_told(raw: bytes, told: str) -> None:
    with pytest.raises(CheckFileError) as raised:
        parse(raw, PATH, EXECUTORS, {})
    assert told in str(raised.value)


def test_a_condition_shows_a_reference_and_not_the_secret() -> None:
    text = check(
        "{http: http://x, warn: {body: '${env:TOKEN}', json: {'$.a': '${env:TOKEN}'}, headers: {x: '${env:TOKEN}'}}}"
    )
    facts = {"body": b'{"a": "other"}', "headers": {"x": "other"}}
    (found,) = read(text).checks
    failures = [failure for each in found.warn if (failure := each.judge(facts))]
    assert len(failures) == 3
    for failure in failures:
        assert "${env:TOKEN}" in failure.condition
        assert "t-1" not in failure.condition + failure.detail


def test_a_circle_of_parents_is_told() -> None:
    text = """\
checks:
  a: {http: "http://x", parents: [b]}
  b: {http: "http://x", parents: [c]}
  c: {http: "http://x", parents: [a]}
"""
    assert "a → b → c → a" in problems(text)[0]


def test_a_secret_is_in_no_message() -> None:
    (problem,) = problems(check("{http: http://x, timeout: '${env:TOKEN}'}"))
    assert "'${env:TOKEN}' is not a duration" in problem
    assert "t-1" not in problem


def test_a_reference_may_be_meant_literally() -> None:
    assert read(check("{http: {url: http://x, body: '$${env:KEY} ${env:KEY}'}}")).checks[0].options.body == (
        "${env:KEY} k-1"
    )


def test_a_secret_may_be_in_a_file_beside(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from a file\n")
    text = check("{http: {url: http://x, headers: {authorization: '${file:token}'}}}")
    found = parse(text, tmp_path / "checks.yaml", EXECUTORS, {})
    assert found.checks[0].options.headers == {"authorization": "from a file"}
    assert found.secrets == {"from a file"}


def test_anchors_and_aliases_of_yaml_work() -> None:
    text = """\
checks:
  a: {http: &shop {url: "http://x/${env:KEY}"}}
  b: {http: *shop}
"""
    assert [check.options.url for check in read(text).checks] == ["http://x/k-1"] * 2


@pytest.mark.parametrize(
    ("condition", "facts", "error_type"),
    [
        ("status: 200", {"status": 200}, None),
        ("status: 2xx", {"status": 299}, None),
        ("status: 200-204", {"status": 205}, ErrorType.STATUS),
        ("duration: '< 2s'", {"duration": 1.9}, None),
        ("duration: '> 1s, < 2s'", {"duration": 0.5}, ErrorType.SLOW),
        ("size: '< 1kB'", {"size": 1000}, ErrorType.SIZE),
        ("certificate: '> 3d'", {"certificate": 86400.0}, ErrorType.CERTIFICATE_EXPIRED),
        ("certificate: '> 3d'", {}, ErrorType.CERTIFICATE_EXPIRED),
        ("body: ready", {"body": b"is ready"}, None),
        ("body: /^READY/i", {"body": b"ready"}, None),
        ("body: '!/error/'", {"body": b"an error"}, ErrorType.BODY),
        ("headers: {X-Version: '7'}", {"headers": {"x-version": "17"}}, None),
        ("headers: {x-version: absent}", {"headers": {"x-version": "7"}}, ErrorType.HEADER),
        ("headers: {x-version: 'absent'}", {"headers": {"x-version": "7"}}, ErrorType.HEADER),
        ("json: {'$.a.b': '< 500'}", {"body": b'{"a": {"b": 499}}'}, None),
        ("json: {'$.a.b': '< 500'}", {"body": b'{"a": {"b": "1"}}'}, ErrorType.JSON),
        ("json: {'$.a[*]': '< 5'}", {"body": b'{"a": [1, 2, 9]}'}, ErrorType.JSON),
        ("json: {'$.a': true}", {"body": b'{"a": true}'}, None),
        ("json: {'$.a': true}", {"body": b'{"a": 1}'}, ErrorType.JSON),
        ("json: {'$.a': 1}", {"body": b'{"a": 1.0}'}, None),
        ("json: {'$.a': '1'}", {"body": b'{"a": 1}'}, ErrorType.JSON),
        ("json: {'$.a': ok}", {"body": b'{"a": "ok"}'}, None),
        ("json: {'$.a': null}", {"body": b'{"a": null}'}, None),
        ("json: {'$.a': present}", {"body": b"{}"}, ErrorType.JSON),
        ("json: {'$.a': absent}", {"body": b"{}"}, None),
        ("json: {'$.a': absent}", {"body": b'{"a": 1}'}, ErrorType.JSON),
        ("json: {'$.a': 1}", {"body": b"<html>"}, ErrorType.JSON),
    ],
)
def test_each_condition_judges_facts(condition: str, facts: dict[str, object], error_type: ErrorType | None) -> None:
    (found,) = read(check(f"{{http: http://x, warn: {{{condition}}}}}")).checks
    failures = [failure for each in found.warn if (failure := each.judge(facts))]
    assert [failure.error_type for failure in failures] == ([] if error_type is None else [error_type])


def test_a_pattern_that_takes_too_long_is_a_failure_and_not_a_halt() -> None:
    (found,) = read(check("{http: http://x, expect: {body: /(a|aa)+$/}}")).checks
    failure = found.expect[-1].judge({"body": b"a" * 40 + b"b"})
    assert failure is not None
    assert "the pattern is too slow" in failure.detail


def test_a_contradiction_shows_nothing_that_the_service_sent_but_numbers() -> None:
    text = check("{http: http://x, warn: {body: ready, json: {'$.a': ok}, headers: {x-a: b}, status: 204}}")
    facts = {"body": b'{"a": "hidden"}', "headers": {"x-a": "hidden"}, "status": 500}
    (found,) = read(text).checks
    details = [failure.detail for each in found.warn if (failure := each.judge(facts))]
    assert len(details) == 4
    assert not any("hidden" in detail for detail in details)
    assert any("500" in detail for detail in details)
