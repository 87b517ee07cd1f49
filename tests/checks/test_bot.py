"""``bot`` checks: a real endpoint of argus-otel, and servers that are none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from argus_otel.endpoint import Endpoint
from argus_otel.settings import Settings
from argus_otel.sources.checks.errors import ErrorType
from argus_otel.sources.checks.outcomes import Attempt, Outcome
from argus_otel.telemetry import Check, Telemetry

from .probing import probed
from .services import Answering, http, service

TOKEN = "the-token-of-the-endpoint"


@contextmanager
def endpoint(*parts: Check, alive: bool = True, token: str = "") -> Iterator[str]:
    """Serve the endpoint of a process with these parts."""
    telemetry = Telemetry()
    telemetry.health.add_readiness(lambda: list(parts))
    telemetry.health.add_liveness(lambda _: [Check("loop", alive)])
    settings = {"endpoint_port": "0", **({"endpoint_token": token} if token else {})}
    served = Endpoint(Settings.resolve({}, settings), telemetry, None, dict, tuple)
    served.start()
    try:
        yield served.url
    finally:
        served.stop()


def asked(url: str, more: str = "") -> Attempt:
    return asyncio.run(probed(f"{{bot: {{url: '{url}'{more}}}}}"))


def test_a_bot_whose_shards_are_all_up_is_up() -> None:
    with endpoint(Check("shard 0", True), Check("shard 1", True)) as url:
        attempt = asked(url)
    assert attempt.failure is None
    assert attempt.facts["parts"] == 2
    assert attempt.phases["connect"] > 0


def test_the_shards_that_are_not_up_are_named() -> None:
    with endpoint(*(Check(f"shard {number}", number == 0) for number in range(9))) as url:
        attempt = asked(url)
    assert attempt.failure is not None
    assert attempt.failure.error_type is ErrorType.STATUS
    assert attempt.failure.detail == (
        "it is not ready: 8 of 9 parts are not: shard 1, shard 2, shard 3, shard 4, shard 5 and 3 more"
    )


def test_a_bot_that_has_not_started_says_so_and_may_be_enough_alive() -> None:
    with endpoint() as url:
        attempt = asked(url)
        assert attempt.failure is not None
        assert "nothing that is observed has started" in attempt.failure.detail
        assert asked(url, ", ready: false").outcome is Outcome.OK


def test_a_bot_whose_loop_is_blocked_is_not_alive() -> None:
    with endpoint(Check("shard 0", True), alive=False) as url:
        attempt = asked(url)
    assert attempt.failure is not None
    assert "it is not alive: the event loop gave no sign of life" in attempt.failure.detail


def test_the_token_is_sent_and_needed_for_nothing_that_is_asked() -> None:
    with endpoint(Check("shard 0", True), token=TOKEN) as url:
        assert asked(url).outcome is Outcome.OK
        assert asked(url, f", token: {TOKEN}").outcome is Outcome.OK


@pytest.mark.parametrize("body", [b"ok", b"{}", b"[]", b'{"alive": tru', b"\xff\xfe", b"[" * 100_000])
def test_a_server_that_is_no_endpoint_is_told_apart(body: bytes) -> None:
    async def life() -> Attempt:
        async with service(Answering(http(body))) as port:
            return await probed(f"{{bot: 'http://127.0.0.1:{port}'}}")

    attempt = asyncio.run(life())
    assert attempt.failure is not None
    assert attempt.failure.error_type is ErrorType.JSON


def test_nothing_that_listens_refuses() -> None:
    attempt = asked("http://127.0.0.1:1")
    assert attempt.failure is not None
    assert attempt.failure.error_type is ErrorType.REFUSED
