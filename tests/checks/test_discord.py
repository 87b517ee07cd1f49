"""``discord`` checks: the simulator's API and gateway, and servers that answer something else."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection

from argus_otel.sources.checks.errors import CheckError, ErrorType
from argus_otel.sources.checks.executor import ExecutorContext
from argus_otel.sources.checks.file.checks_file import parse
from argus_otel.sources.checks.kinds.discord import DiscordExecutor, _gateway_url
from argus_otel.sources.checks.net.resolver import Resolver
from argus_otel.sources.checks.outcomes import Attempt
from discord_simulator import BackgroundSimulator

from .probing import probed
from .services import Answering, http, service
from .websocket_server import Handler, websocket_server

EXECUTORS = {"discord": DiscordExecutor(ExecutorContext(Resolver()))}
HELLO = json.dumps({"op": 10, "d": {"heartbeat_interval": 41250}})


@pytest.fixture
def simulator() -> Iterator[BackgroundSimulator]:
    with BackgroundSimulator(heartbeat_interval=7.5) as running:
        yield running


def error_type(attempt: Attempt) -> ErrorType | None:
    return None if attempt.failure is None else attempt.failure.error_type


def detail(attempt: Attempt) -> str:
    assert attempt.failure is not None
    return attempt.failure.detail


def answered(body: bytes, status: str = "200 OK", options: str = "gateway: true") -> Attempt:
    """Check an API that answers this; ``GATEWAY`` stands for a port at which nothing listens."""

    async def life() -> Attempt:
        async with service(Answering(http(body.replace(b"GATEWAY", b"127.0.0.1:1"), status))) as port:
            return await probed(f"{{discord: {{api: 'http://127.0.0.1:{port}', {options}}}}}")

    return asyncio.run(life())


def gateway(handler: Handler) -> Attempt:
    """Check an API whose gateway is a server of WebSockets."""

    async def life() -> Attempt:
        async with websocket_server(handler) as socket:
            body = json.dumps({"url": f"ws://127.0.0.1:{socket}"}).encode()
            async with service(Answering(http(body))) as port:
                return await probed(f"{{discord: {{api: 'http://127.0.0.1:{port}', gateway: true}}}}")

    return asyncio.run(life())


def first_message(message: str | bytes) -> Attempt:
    async def handler(socket: ServerConnection) -> None:
        await socket.send(message)
        await socket.wait_closed()

    return gateway(handler)


def test_the_api_is_asked_without_a_token(simulator: BackgroundSimulator) -> None:
    attempt = asyncio.run(probed(f"{{discord: {{api: '{simulator.api_url}'}}}}"))
    assert attempt.failure is None
    assert attempt.facts["status"] == 200
    assert "heartbeat_interval" not in attempt.facts
    assert sum(attempt.phases.values()) == pytest.approx(attempt.duration)


def test_the_gateway_says_hello_and_no_session_is_begun(simulator: BackgroundSimulator) -> None:
    attempt = asyncio.run(probed(f"{{discord: {{api: '{simulator.api_url}', gateway: true}}}}"))
    assert attempt.failure is None
    assert attempt.facts["heartbeat_interval"] == 7.5
    assert sum(attempt.phases.values()) == pytest.approx(attempt.duration)
    assert simulator.ledger.session_counts() == {}
    assert simulator.ledger.rest_counts() == {("GET", "/gateway", 200): 1}


def test_nothing_is_sent_but_a_normal_close() -> None:
    seen: dict[str, object] = {}

    async def handler(socket: ServerConnection) -> None:
        assert socket.request is not None
        await socket.send(HELLO)
        seen["path"] = socket.request.path
        seen["received"] = [message async for message in socket]
        seen["code"] = socket.close_code

    async def life() -> Attempt:
        async with websocket_server(handler) as socket:
            body = json.dumps({"url": f"ws://127.0.0.1:{socket}"}).encode()
            async with service(Answering(http(body))) as port:
                attempt = await probed(f"{{discord: {{api: 'http://127.0.0.1:{port}', gateway: true}}}}")
                while "code" not in seen:
                    await asyncio.sleep(0.01)
                return attempt

    assert asyncio.run(life()).facts["heartbeat_interval"] == 41.25
    assert seen == {"path": "/?v=10&encoding=json", "received": [], "code": 1000}


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable", "302 Found"])
def test_a_status_that_is_no_success_is_told(status: str) -> None:
    attempt = answered(b"{}", status)
    assert error_type(attempt) is ErrorType.STATUS
    assert detail(attempt) == f"the API answers with status {status[:3]}"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"url": 7}',
        b'{"url": "https://gateway.example"}',
        b'{"url": "ws://"}',
        b'{"url": "ws://[::1"}',
        b'{"url": "ws://gateway.example:99999"}',
        b"[" * 20_000,
    ],
)
def test_an_api_that_tells_no_gateway_is_told_apart(body: bytes) -> None:
    assert error_type(answered(body)) is ErrorType.JSON


def test_a_gateway_at_an_address_that_is_not_allowed_is_not_connected_to() -> None:
    assert error_type(answered(b'{"url": "ws://169.254.169.254/"}')) is ErrorType.BLOCKED
    assert error_type(answered(b'{"url": "ws://[::ffff:169.254.169.254]/"}')) is ErrorType.BLOCKED


def test_a_gateway_that_is_down_is_told_from_an_api_that_is() -> None:
    assert error_type(answered(b'{"url": "ws://GATEWAY"}')) is ErrorType.REFUSED
    assert answered(b'{"url": "ws://GATEWAY"}', options="gateway: false").failure is None


def test_an_unencrypted_gateway_of_an_encrypted_api_is_not_connected_to() -> None:
    with pytest.raises(CheckError) as raised:
        _gateway_url(b'{"url": "ws://gateway.example"}', "https")
    assert raised.value.error_type is ErrorType.BLOCKED
    assert _gateway_url(b'{"url": "wss://gateway.example"}', "https") == "wss://gateway.example/?v=10&encoding=json"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("no JSON", ErrorType.JSON),
        (b"\xff\xfe\xfd", ErrorType.JSON),
        ("[]", ErrorType.JSON),
        ('{"op": 9, "d": false}', ErrorType.ANSWER),
        ('{"op": 10, "d": []}', ErrorType.ANSWER),
        ('{"op": 10, "d": {"heartbeat_interval": "41250"}}', ErrorType.ANSWER),
        ('{"op": 10, "d": {"heartbeat_interval": 0}}', ErrorType.ANSWER),
        ('{"op": 10, "d": {"heartbeat_interval": 1e999}}', ErrorType.ANSWER),
        ('{"op": 10, "d": {"heartbeat_interval": 1' + "0" * 400 + "}}", ErrorType.ANSWER),
    ],
)
def test_a_first_message_that_is_no_hello_has_its_class(message: str | bytes, expected: ErrorType) -> None:
    assert error_type(first_message(message)) is expected


def test_a_gateway_that_closes_tells_its_code() -> None:
    async def handler(socket: ServerConnection) -> None:
        await socket.close(4000)

    attempt = gateway(handler)
    assert error_type(attempt) is ErrorType.ANSWER
    assert "code 4000" in detail(attempt)


def test_nothing_has_to_be_written() -> None:
    (check,) = parse("checks: {it: {discord: {}}}", Path("checks.yaml"), EXECUTORS, {}).checks
    assert check.host == "discord.com"
    assert check.options.gateway is False


@settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "30")), deadline=None, suppress_health_check=list(HealthCheck)
)
@given(
    st.binary(max_size=80) | st.recursive(st.none() | st.text(), st.lists).map(lambda each: json.dumps(each).encode())
)
def test_whatever_the_api_answers_is_a_verdict_with_a_class(body: bytes) -> None:
    assert error_type(answered(body)) is ErrorType.JSON
