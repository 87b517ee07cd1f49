"""`argus-otel top` scrapes a hostile endpoint: it obeys nothing, and does not break."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping

import pytest

from argus_otel.cli import main
from argus_otel.scrape.scraper import Scraper, UnreachableError

CONTROLS = "".join(chr(code) for code in (*range(9), *range(11, 32), 127, *range(128, 160)))
ODD = f"\x1b[2J\x1b]0;owned\x07\x1b]8;;http://evil.example\x1b\\link\x9b31m[bold red]x[/]\u202e\u2028\r{CONTROLS}"

Answer = Callable[[str], bytes]


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def page(odd: str = ODD, number: str = "7.0") -> str:
    """Metrics with something odd in each label that is drawn."""
    odd = escaped(odd).replace("\r", "").replace("\u2028", "")
    scope = 'otel_scope_name="argus_otel"'
    interaction = f'{scope},discord_interaction_type="{odd}",discord_command_name="{odd}",discord_outcome="{odd}"'
    command = f'{scope},discord_command_name="{odd}",discord_command_type="{odd}",discord_outcome="{odd}"'
    route = f'{scope},http_request_method="{odd}",url_template="{odd}"'
    lines = [
        "# TYPE target_info gauge",
        f'target_info{{service_name="{odd}",service_version="{odd}"}} 1.0',
        "# TYPE discord_gateway_shard_up gauge",
        f'discord_gateway_shard_up{{{scope},discord_shard_id="{odd}"}} {number}',
        "# TYPE discord_gateway_latency_seconds gauge",
        f'discord_gateway_latency_seconds{{{scope},discord_shard_id="{odd}"}} {number}',
        "# TYPE discord_shard_events_total counter",
        f'discord_shard_events_total{{{scope},discord_shard_id="{odd}"}} {number}',
        "# TYPE discord_gateway_events_total counter",
        f'discord_gateway_events_total{{{scope},discord_event_type="{odd}"}} {number}',
        "# TYPE discord_guild_count gauge",
        f"discord_guild_count{{{scope}}} {number}",
        "# TYPE discord_rest_ratelimits_total counter",
        f'discord_rest_ratelimits_total{{{scope},url_template="{odd}",discord_ratelimit_scope="{odd}"}} {number}',
    ]
    for name, labels in (
        ("discord_interaction_duration_seconds", interaction),
        ("discord_interaction_response_time_seconds", interaction),
        ("discord_command_duration_seconds", command),
        ("discord_rest_duration_seconds", route),
        ("http_client_request_duration_seconds", f'{route},http_response_status_code="{odd}",error_type="{odd}"'),
    ):
        lines += [
            f"# TYPE {name} histogram",
            f'{name}_bucket{{{labels},le="0.5"}} {number}',
            f'{name}_bucket{{{labels},le="+Inf"}} {number}',
            f"{name}_count{{{labels}}} {number}",
            f"{name}_sum{{{labels}}} {number}",
        ]
    return "\n".join(lines) + "\n"


def status(value: object = ODD) -> str:
    part = {"state": "failed", "detail": value}
    facts = {"version": value, "service": value, "parts": {ODD: part, "hook:x": part}, "faults": {ODD: value}}
    return json.dumps(facts)


def ok(body: str | bytes) -> bytes:
    body = body if isinstance(body, bytes) else body.encode(errors="surrogateescape")
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


@contextlib.contextmanager
def endpoint(answers: Mapping[str, bytes], *, endless: bool = False) -> Iterator[str]:
    """Something that answers each path as it is told to, byte for byte."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection, contextlib.suppress(OSError):
                        path = connection.recv(65536).split(b" ")[1].decode()
                        connection.sendall(answers.get(path, b""))
                        while endless:
                            connection.sendall(b"x" * 65536)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("ARGUS_", "OTEL_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "140")


def harmless(text: str) -> bool:
    return all(letter.isprintable() or letter == "\n" for letter in text)


def test_no_escape_sequence_reaches_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with endpoint({"/metrics": ok(page()), "/status": ok(status())}) as url:
        assert main(["top", url, "--once", "--interval", "0.1"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert harmless(shown.out)
    assert "[bold red]x[/]" in shown.out  # neither obeyed nor lost


@pytest.mark.parametrize("number", ["NaN", "+Inf", "-Inf", "-5.0", "1e308", "1e-308"])
def test_numbers_that_make_no_sense_are_drawn(capsys: pytest.CaptureFixture[str], number: str) -> None:
    with endpoint({"/metrics": ok(page("x", number)), "/status": ok(status())}) as url:
        assert main(["top", url, "--once", "--interval", "0.1"]) == 0
    assert harmless(capsys.readouterr().out)


@pytest.mark.parametrize(
    "told",
    [
        "[]",
        '"x"',
        "7",
        "null",
        "{",
        "[" * 100_000,
        '{"parts": []}',
        '{"parts": {"hook:x": "failed"}}',
        '{"parts": {"hook:x": null, "exporter:y": 5, "z": []}}',
        '{"parts": {"hook:x": {"state": ["failed"], "detail": {"a": 1}}}}',
        '{"parts": {"hook:x": {"state": "failed", "detail": 7}}}',
        '{"faults": {"a": 5, "b": null, "c": ["\\u001b[2J"]}}',
        '{"faults": [1, 2], "version": ["\\u001b[2J"], "service": {"a": "\\u001b[2J"}}',
        '{"version": ' + "9" * 5000 + "}",
        '{"service": NaN}',
        '{"service": "\\ud800"}',
    ],
    ids=range(16),
)
def test_a_status_of_any_shape_is_drawn(capsys: pytest.CaptureFixture[str], told: str) -> None:
    with endpoint({"/metrics": ok("# TYPE x counter\nx_total 1.0\n"), "/status": ok(told)}) as url:
        assert main(["top", url, "--once", "--interval", "0.1"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert harmless(shown.out)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 8\r\n\r\n\x1b[2Jevil",
        b"HTTP/1.1 500 \x1b[2J\r\nContent-Length: 4\r\n\r\n\xc2\x9b2J",
        b"HTTP/1.1 421 X\r\n\r\n" + ODD.encode(),
        b"\x1b[2J evil\r\n\r\n",
        b"HTTP/1.1 \x1b[2J\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\x1b[2J\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 1000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"",
        ok('x{y="\x1b[2J" 7\n'),
        ok("x{y=7\x1b[2J\n"),
        ok("x \x1b[2J\n"),
        ok(b"\xff\xfe\x00\x1b[2J"),
        ok('# TYPE h histogram\nh_bucket{a="b"} 7\n'),
        ok('# TYPE h histogram\nh_bucket{le="x"} 7\n'),
        ok("<html>" * 1000),
    ],
    ids=range(20),
)
def test_an_answer_of_any_shape_ends_in_one_harmless_message(capsys: pytest.CaptureFixture[str], answer: bytes) -> None:
    with endpoint({"/metrics": answer}) as url:
        assert main(["top", url, "--once", "--interval", "0.1"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("argus-otel top: ")
    assert harmless(shown.err)
    assert len(shown.err) < 1000


def test_a_page_without_an_end_is_not_read_to_its_end() -> None:
    answer = b"HTTP/1.1 200 OK\r\n\r\n"
    with endpoint({"/metrics": answer}, endless=True) as url, pytest.raises(UnreachableError, match="MiB"):
        Scraper(url).scrape()
