"""``icmp`` checks: on this host, and in a network where a test answers each request as it likes."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from argus_otel.sources.checks.errors import ErrorType
from argus_otel.sources.checks.file.checks_file import CheckFileError
from argus_otel.sources.checks.net.icmp import Pinger
from argus_otel.sources.checks.outcomes import Attempt, Outcome

from .own_network import Answer, allow_groups, answering, message, own_network, reply
from .probing import probed

UNREACHABLE = (3, 1)
TOO_LATE = (11, 0)


def may_ping() -> bool:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP).close()
        except OSError:
            continue
        return True
    return False


@pytest.fixture
def pinging() -> None:
    if not may_ping():
        pytest.skip("needs root, or: sysctl -w net.ipv4.ping_group_range='0 2147483647'")


@pytest.fixture(params=["raw", "without privileges"])
def network(request: pytest.FixtureRequest) -> Iterator[None]:
    with own_network():
        if request.param == "raw":
            allow_groups(1, 0)
        else:
            allow_groups(0, os.getgid())
        yield


def ping(answer: Answer, definition: str, timeout: str = "1s") -> Attempt:
    with answering(answer):
        return asyncio.run(probed(definition, timeout))


def error_type(attempt: Attempt) -> ErrorType | None:
    return None if attempt.failure is None else attempt.failure.error_type


def refusal(kind: int, code: int) -> Answer:
    """Answer as a router does: with the beginning of the packet that it does not deliver."""
    return lambda packet, _: [message(kind, code, bytes(4) + packet[:28])]


@pytest.mark.usefixtures("pinging")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_this_host_answers(host: str) -> None:
    if host == "::1":
        try:
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
                probe.bind(("::1", 0))
        except OSError:
            pytest.skip("needs IPv6 on the loopback device")
    attempt = asyncio.run(probed(f"{{icmp: '{host}', expect: {{loss: '< 1%', round_trip: '< 2s', duration: '< 2s'}}}}"))
    assert attempt.failure is None
    assert attempt.facts["loss"] == 0
    assert 0 < attempt.facts["round_trip"] <= attempt.duration  # type: ignore[operator]
    assert list(attempt.phases) == ["dns", "first_byte"]
    assert sum(attempt.phases.values()) == pytest.approx(attempt.duration)


@pytest.mark.usefixtures("pinging")
def test_probes_of_one_host_at_the_same_time_do_not_take_each_others_replies() -> None:
    async def life() -> list[Attempt]:
        return await asyncio.gather(*(probed("{icmp: {host: 127.0.0.1, count: 3}}", "5s") for _ in range(20)))

    assert {attempt.facts["loss"] for attempt in asyncio.run(life())} == {0}


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("size", [8, 56, 1500, 9000])
def test_packets_of_each_size_come_back(size: int) -> None:
    attempt = ping(reply, f"{{icmp: {{host: 127.0.0.1, size: {size}}}}}", "5s")
    assert attempt.failure is None
    assert attempt.facts["loss"] == 0


@pytest.mark.usefixtures("network")
def test_the_share_of_lost_requests_is_told_and_compared() -> None:
    def every_other(packet: bytes, count: int) -> list[bytes]:
        return reply(packet) if count % 2 else []

    attempt = ping(every_other, "{icmp: {host: 127.0.0.1, count: 4}, expect: {loss: < 20%}}")
    assert attempt.facts["loss"] == 0.5
    assert error_type(attempt) is ErrorType.TIMEOUT
    assert attempt.failure is not None
    assert attempt.failure.detail == "loss is 50%, not < 20%"
    assert attempt.failure.condition == "loss: < 20%"
    assert ping(every_other, "{icmp: {host: 127.0.0.1, count: 4}}").outcome is Outcome.OK, "one reply is enough"


@pytest.mark.usefixtures("network")
def test_a_host_that_does_not_answer_is_told_within_the_timeout() -> None:
    attempt = ping(lambda packet, count: [], "{icmp: 127.0.0.1}", "500ms")
    assert error_type(attempt) is ErrorType.TIMEOUT
    assert attempt.failure is not None
    assert attempt.failure.detail == "the host answers no echo request"
    assert attempt.facts["loss"] == 1
    assert "round_trip" not in attempt.facts


@pytest.mark.usefixtures("network")
def test_silence_can_be_what_is_wanted() -> None:
    definition = "{icmp: 127.0.0.1, expect: {loss: == 100%}}"
    assert ping(lambda packet, count: [], definition, "500ms").outcome is Outcome.OK
    assert error_type(ping(reply, definition, "500ms")) is ErrorType.TIMEOUT


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("refused", [UNREACHABLE, TOO_LATE])
def test_what_a_router_says_ends_the_wait(refused: tuple[int, int]) -> None:
    attempt = ping(refusal(*refused), "{icmp: 127.0.0.1}", "20s")
    assert error_type(attempt) is ErrorType.UNREACHABLE
    assert attempt.duration < 10


@pytest.mark.usefixtures("network")
def test_a_network_without_a_way_to_the_host_is_told_at_once() -> None:
    attempt = asyncio.run(probed("{icmp: 192.0.2.1}", "20s"))
    assert error_type(attempt) is ErrorType.UNREACHABLE
    assert attempt.duration < 10


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize(
    "forged",
    [
        lambda packet, count: [message(0, 0, packet[24:28] + b"another's"), message(0, 0, b"")],
        lambda packet, count: [message(0, 0, packet[24:26] + b"\xff\xff" + packet[28:])],
        lambda packet, count: [message(3, 1, bytes(4) + packet[:16] + b"\x01\x02\x03\x04" + packet[20:28])],
        lambda packet, count: [message(3, 1, bytes(4) + packet[:10])],
        lambda packet, count: [packet[20:]],
    ],
    ids=["another token", "another number", "another destination", "half a report", "a request"],
)
def test_fault_22_what_belongs_to_other_requests_is_no_answer(forged: Answer) -> None:
    attempt = ping(forged, "{icmp: 127.0.0.1}", "300ms")
    assert error_type(attempt) is ErrorType.TIMEOUT
    assert attempt.facts["loss"] == 1


@pytest.mark.usefixtures("network")
def test_a_reply_that_comes_twice_counts_once() -> None:
    attempt = ping(lambda packet, count: reply(packet) * 3, "{icmp: {host: 127.0.0.1, count: 3}}")
    assert attempt.facts["loss"] == 0


@pytest.mark.usefixtures("network")
def test_requests_without_an_answer_leave_no_socket() -> None:
    # Sockets of an earlier test may be collected meanwhile: fewer are no leak, and five would show.
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        ping(lambda packet, count: [], "{icmp: 127.0.0.1}", "50ms")
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


def test_an_agent_that_may_not_ping_judges_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with own_network():
        allow_groups(1, 0)
        asyncio.run(probed("{icmp: 127.0.0.1}", "100ms"))  # imports what another user might not be able to read
        os.seteuid(65534)
        try:
            with caplog.at_level(logging.ERROR):
                attempt = asyncio.run(probed("{icmp: 127.0.0.1}"))
        finally:
            os.seteuid(0)
    assert attempt.outcome is Outcome.UNKNOWN
    assert error_type(attempt) is ErrorType.BLOCKED
    assert attempt.failure is not None
    assert "net.ipv4.ping_group_range" in attempt.failure.detail
    assert "CAP_NET_RAW" in attempt.failure.detail
    assert not caplog.records


def test_an_address_that_is_not_allowed_is_sent_nothing() -> None:
    attempt = asyncio.run(probed("{icmp: {host: localhost, allow: {private: false}}}"))
    assert (attempt.outcome, error_type(attempt)) == (Outcome.FAILED, ErrorType.BLOCKED)
    assert error_type(asyncio.run(probed("{icmp: 169.254.169.254}"))) is ErrorType.BLOCKED


@pytest.mark.parametrize("options", ["count: 0", "count: 101", "size: 7", "size: 9001", "size: 1kB"])
def test_a_number_out_of_range_is_a_mistake(options: str) -> None:
    with pytest.raises(CheckFileError, match=r"checks\.it\.icmp\.\w+: .* is not a whole number from"):
        asyncio.run(probed(f"{{icmp: {{host: 127.0.0.1, {options}}}}}"))


@pytest.mark.usefixtures("pinging")
@settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "300")), deadline=None, suppress_health_check=list(HealthCheck)
)
@given(st.sampled_from(["127.0.0.1", "::1"]), st.integers(0, 255), st.binary(max_size=120))
def test_whatever_a_packet_has_raises_nothing(address: str, kind: int, rest: bytes) -> None:
    async def life() -> None:
        with Pinger(ipaddress.ip_address(address), 56) as each:
            for data in (rest, bytes([kind]) + rest, bytes([kind, 0, 0, 0, 0, 0, 0, 0]) + rest):
                each._take(data, str(each._address))
            assert not each.echoes.round_trips, "nothing was sent"

    asyncio.run(life())
