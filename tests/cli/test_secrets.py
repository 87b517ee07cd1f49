"""No command shows a password or a token, and none quotes a text that it cannot parse."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from hypothesis import given, strategies
from opentelemetry.util.re import parse_env_headers

from argus_otel.cli import main
from argus_otel.cli.doctor import destinations
from argus_otel.scrape.scraper import Scraper
from argus_otel.settings import Settings
from argus_otel.unquoted import are_headers, location
from discord_simulator.redirection import loopback
from tests.history.test_address import MISTAKEN

from .conftest import Listener, http_answer

SECRET = "s3cret"

Said = Callable[..., tuple[int, str]]


@pytest.fixture
def said(
    environment: dict[str, str], free_port: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Said:
    """Run a command in this process; returns its exit code, and all that it prints and logs."""

    def run(*words: str, **variables: str) -> tuple[int, str]:
        caplog.clear()
        own = {**environment, "ARGUS_ENDPOINT_PORT": str(free_port), **variables}
        with monkeypatch.context() as patch, redirect_stdout(io.StringIO()) as out, redirect_stderr(out):
            patch.setattr("os.environ", own)
            try:
                code = main(words)
            except SystemExit as end:
                code = int(str(end.code or 0))
        return code, out.getvalue() + caplog.text

    return run


@pytest.mark.parametrize("shape", MISTAKEN[::3])
def test_an_address_of_a_store_that_cannot_be_read_is_shown_by_no_command(said: Said, shape: str) -> None:
    address = shape.format(SECRET)
    settings = {"ARGUS_HISTORY": "store", "ARGUS_HISTORY_STORE": address}
    for words in (("doctor", "--json", "--no-network"), ("discord", "top")):
        code, told = said(*words, **settings)
        assert code > 0
        assert SECRET not in told
        assert "ARGUS_HISTORY_STORE is not the address of a store: " in told
    for command in (("discord", "top"), ("store", "forget", "--guild", "1", "--yes"), ("store", "migrate")):
        code, told = said(*command, "--store", address)
        assert code == 2
        assert SECRET not in told
        assert "--store is not the address of a store: " in told


LOCATIONS = [
    "http://me:{}@127.0.0.1:1",
    "http://{}@127.0.0.1:1",
    "me:{}@127.0.0.1:1",
    "http://me:{}",
    "http://me:a/{}@127.0.0.1:1",
    "http://me:1/{}@127.0.0.1:1",
    "http://me:{}@127.0.0.1\u2100:1",
    "http://[me:{}@127.0.0.1:1",
    "http://127.0.0.1:1?token={}",
    "http://127.0.0.1:1#{}",
    "http://127.0.0.1:{}",
    "ftp://me:{}@127.0.0.1",
]
"""URLs with a password at {}; some can be read, and some cannot."""


@pytest.mark.parametrize("shape", LOCATIONS)
def test_no_url_is_shown_with_what_may_be_secret_in_it(said: Said, shape: str) -> None:
    url = shape.format(SECRET)
    assert SECRET not in location(url)
    for variable in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"):
        for protocol in ("grpc", "http/protobuf"):
            own = {variable: url, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol}
            settings = Settings.resolve(own)
            assert SECRET not in f"{settings!r} {settings.problems} {settings.origins}"
            found, problems = destinations.destinations(settings, own)
            assert SECRET not in " ".join([*problems, *(each.url for each in found)])
    with pytest.raises(ValueError, match="expected something like") as refused:
        loopback(url)
    assert SECRET not in str(refused.value)
    try:
        scraper = Scraper(url)
    except ValueError as error:
        told = str(error)
    else:
        told = scraper.url
    assert SECRET not in told


@pytest.mark.parametrize("words", [("doctor",), ("doctor", "--json")])
def test_the_doctor_shows_no_address_with_what_may_be_secret_in_it(said: Said, words: tuple[str, ...]) -> None:
    for shape in LOCATIONS[::4]:
        url = shape.format(SECRET)
        _, told = said(*words, OTEL_EXPORTER_OTLP_ENDPOINT=url)
        assert SECRET not in told
        assert "OTEL_EXPORTER_OTLP_ENDPOINT" in told


HEADERS = ["Bearer {}", "{}", "authorization Bearer {}", "authorization: Bearer {}", "a=b,Bearer {}", 'a="{}"', "={}"]


@pytest.mark.parametrize("headers", HEADERS[::3])
def test_a_header_that_cannot_be_read_is_told_of_by_its_setting(
    said: Said, listen: Callable[[bytes], Listener], headers: str
) -> None:
    listener = listen(http_answer("200 OK"))
    for variable in ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"):
        code, told = said(
            "doctor",
            "--json",
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{listener.port}",
            OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
            **{variable: headers.format(SECRET)},
        )
        assert code == 1
        assert SECRET not in told
        (finding,) = (each for each in json.loads(told)["findings"] if each["name"] == variable)
        assert finding["detail"].startswith("has an entry that is no header, and is not sent: it has to be name=value")
        assert finding["status"] == "fail"
    assert listener.received  # the doctor has asked, and so read the headers as the exporters do


@given(strategies.text(strategies.sampled_from('a=,: \t"\\;\xe9-%2'), max_size=8))
def test_headers_are_judged_as_opentelemetry_judges_them(text: str) -> None:
    entries = [entry for entry in (piece.strip(" \t") for piece in text.split(",")) if entry]
    read = [parse_env_headers(entry, liberal=True) for entry in entries]
    assert are_headers(text) is all(read)


def test_headers_that_can_be_read_are_no_problem() -> None:
    for headers in ("", "api-key=abc", "authorization=Bearer abc", "authorization=Bearer%20abc , x-y=", "a=b,,c=d="):
        assert Settings.resolve({"OTEL_EXPORTER_OTLP_HEADERS": headers}).problems == ()


def test_what_opentelemetry_logs_of_a_header_has_no_value_at_any_level(caplog: pytest.LogCaptureFixture) -> None:
    from argus_otel.unquoted import quieten_headers

    quieten_headers()
    quieten_headers()
    parse_env_headers(f"Bearer {SECRET}", liberal=True)
    assert caplog.text == ""
    with caplog.at_level(logging.DEBUG):
        parse_env_headers(f"Bearer {SECRET}", liberal=True)
    assert SECRET not in caplog.text
    assert "(not shown)" in caplog.text


def test_help_says_where_a_secret_belongs(said: Said) -> None:
    for words, variable in (
        (("discord", "top"), "ARGUS_HISTORY_STORE"),
        (("store", "migrate"), "ARGUS_HISTORY_STORE"),
        (("top",), "ARGUS_ENDPOINT_TOKEN"),
        (("run",), "OTEL_EXPORTER_OTLP_ENDPOINT"),
    ):
        code, told = said(*words, "--help")
        assert code == 0
        assert variable in told
        assert "`ps` shows arguments" in " ".join(told.split())


def test_no_example_has_a_secret_among_its_arguments() -> None:
    root = Path(__file__).parents[2]
    documents = [*root.glob("*.md"), *root.glob("docs/*.md"), root / "collector-config" / "README.md"]
    shown = [*documents, *(root / "src" / "argus_otel").rglob("*.py")]
    for path in shown:
        for line in path.read_text(encoding="utf-8").splitlines():
            assert "--store clickhouse" not in line, path
            assert "top --token" not in line, path
