"""Commands that read a file of checks: validate, list, explain, schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from tests.typed import Typed

Write = Callable[[str], Path]

EXAMPLE = Path(__file__).parents[3] / "examples/checks/checks.yaml"

WRONG = """\
defaults: {interval: 30}
checks:
  a: {http: "http://x", expect: {duration: "800"}}
  a: {http: "http://y"}
"""


def test_the_example_is_valid(checks: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks("validate", "--no-secrets", EXAMPLE) == (0, f"{EXAMPLE}: valid\n", "")
    assert checks("validate", EXAMPLE).code == 2
    monkeypatch.setenv("SHOP_KEY", "k")
    monkeypatch.setenv("SHOP_TOKEN", "t")
    assert checks("validate", EXAMPLE).code == 0


def test_all_problems_are_told_with_line_and_column(checks: Typed, file: Write) -> None:
    path = file(WRONG)
    ended = checks("validate", path)
    assert ended.code == 2
    assert [line.partition(" ")[0] for line in ended.out.splitlines()] == [
        f"{path}:{at}:" for at in ("1:22", "3:44", "4:3")
    ]


def test_problems_as_json_and_as_annotations_of_github(checks: Typed, file: Write) -> None:
    path = file(WRONG)
    (document,) = json.loads(checks("validate", path, "--format", "json").out)
    assert document["file"] == str(path)
    assert document["problems"][0] == {
        "line": 1,
        "column": 22,
        "path": "defaults.interval",
        "message": "'30' has no unit; write 30ms or 30s",
    }
    first = checks("validate", path, "--format", "github").out.splitlines()[0]
    assert first == (f"::error file={path},line=1,col=22,title=defaults.interval::'30' has no unit; write 30ms or 30s")


def test_several_files_are_validated_and_one_that_is_not_there_is_told(checks: Typed, file: Write) -> None:
    ended = checks("validate", file("checks: {a: {http: 'http://x'}}"), "nowhere.yaml")
    assert ended.code == 2
    assert ended.out.splitlines()[0].endswith("checks.yaml: valid")
    assert ended.out.splitlines()[1] == "nowhere.yaml:1:1: cannot be read: No such file or directory"


def test_without_secrets_what_depends_on_one_is_taken_as_it_is(checks: Typed, file: Write) -> None:
    path = file("checks: {a: {http: '${env:NO_URL}', timeout: '${env:NO_TIMEOUT}'}, b: {http: x}}")
    ended = checks("validate", path, "--no-secrets")
    assert ended.out.splitlines() == [
        f"{path}:1:78: checks.b.http: 'x' is not a URL such as https://shop.example/health"
    ]


def test_the_schema_is_printed(checks: Typed) -> None:
    schema = json.loads(checks("schema").out)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert "yaml-language-server" in checks("schema", "--help").out


# -- list


def test_list_has_the_checks_of_the_file(checks: Typed) -> None:
    lines = checks("list", EXAMPLE).out.splitlines()
    assert [line.split()[0] for line in lines] == ["check", "gateway", "shop", "shop-search", "shop-internal"]
    assert lines[2].split()[1:] == ["http", "shop.example", "shop", "30.00", "s", "gateway", "team=shop", "yes"]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--label", "team=shop"], ["shop"]),
        (["--service", "shop"], ["shop", "shop-search", "shop-internal"]),
        (["--type", "http", "--label", "team=shop"], ["shop"]),
        (["--type", "dns"], []),
    ],
)
def test_list_can_be_limited(checks: Typed, words: list[str], names: list[str]) -> None:
    ended = checks("list", EXAMPLE, "--format", "json", *words)
    assert [row["check"] for row in json.loads(ended.out)] == names
    assert ended.code == (0 if names else 1)


def test_list_of_a_type_that_does_not_exist_names_those_that_do(checks: Typed) -> None:
    ended = checks("list", EXAMPLE, "--type", "htttp")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("argus-otel checks: there is no type 'htttp'; there are bot, command, ")


def test_list_tells_what_a_missing_secret_hides(checks: Typed, file: Write) -> None:
    ended = checks("list", file("checks: {a: {http: '${env:NO_URL}'}, b: {http: 'http://x'}}"))
    assert "a cannot be shown: it depends on a secret that is not there" in ended.err


# -- explain


def test_explain_tells_slots_settings_conditions_and_maintenance(checks: Typed) -> None:
    out = checks("explain", EXAMPLE, "shop").out
    assert out.count(" UTC") >= 5 + 3
    for name, value, origin in (
        ("interval", "30s", "defaults"),
        ("keep", "runs", "built in"),
        ("http.redirects", "2", "check"),
        ("http.limit", "1MiB", "check"),
        ("http.allow.link_local", "false", "built in"),
        ("confirm.every", "5s", "defaults"),
        ("parents", "gateway", "check"),
    ):
        assert [name, *value.split(), *origin.split()] in [line.split() for line in out.splitlines()]
    assert "fails unless status: 200, 204" in out
    assert "is degraded unless duration: < 800ms" in out
    assert "is down after 2 failed runs in a row, up again after 1 good run" in out
    assert "backup: 0 2 * * * (Europe/Berlin), for 30m" in out
    assert "Children\n  shop-search" in out
    assert "It is an anchor" in checks("explain", EXAMPLE, "gateway").out


def test_explain_shows_no_secret(checks: Typed, file: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "from-the-environment")
    path = file("""\
checks:
  shop:
    http:
      {url: "http://x/?key=literal-key&b=${env:TOKEN}", headers: {authorization: literal-header}, body: literal-body}
    expect: {body: "${env:TOKEN}"}
""")
    out = checks("explain", path, "shop").out
    for secret in ("from-the-environment", "literal-key", "literal-header", "literal-body"):
        assert secret not in out
    assert "http://x/?key=REDACTED&b=REDACTED" in out


def test_slots_are_those_that_the_agent_has(checks: Typed, file: Write) -> None:
    from argus_otel.sources.checks.slots import phase

    out = checks("explain", file("checks: {shop: {http: 'http://x', interval: 1h}}"), "shop").out
    assert f"every 1h, {phase('shop', 3_600_000) / 1000:g} s after each multiple of it since 1970" in out


def test_explain_refuses_a_name_that_is_not_there(checks: Typed) -> None:
    ended = checks("explain", EXAMPLE, "shpo")
    assert ended.code == 2
    assert "no check is called 'shpo'; there are gateway, shop" in ended.err


@pytest.mark.parametrize(
    ("commands", "two"),
    [
        (
            ("once", "validate", "list", "explain", "add", "edit", "remove", "rules"),
            "the file is wrong, or the command",
        ),
        (("schema", "ping"), "the command was used"),
        (("mute", "unmute"), "the directory cannot be used, or the command"),
        (("status",), "it cannot be asked, or runs no checks, or the command"),
    ],
)
def test_help_teaches_by_example_and_exit_codes(checks: Typed, commands: tuple[str, ...], two: str) -> None:
    for command in commands:
        told = " ".join(checks(command, "--help").out.split())
        assert f"argus-otel checks {command}" in told.partition("examples:")[2]
        assert "Exit code 0" in told
        assert f" 2: {two}" in told
