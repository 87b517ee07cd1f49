"""``dns`` checks against a real name server."""

from __future__ import annotations

import asyncio
import os

import dns.message
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from argus_otel.sources.checks.errors import ErrorType
from argus_otel.sources.checks.outcomes import Attempt, Outcome

from .dns_server import NameServer, Spoil, Zone, name_server, of_another_id, truncated
from .probing import probed

ZONE: Zone = {
    ("shop.example", "A"): ["198.51.100.7", "198.51.100.8"],
    ("shop.example", "TXT"): ['"v=spf1 -all"'],
    ("empty.example", "MX"): ["10 mail.example."],
}


def asked(definition: str, spoil: Spoil | None = None, timeout: str = "2s") -> tuple[Attempt, list[str]]:
    """Run a check, in whose definition PORT stands for that of the name server; return what the server was asked."""
    server = NameServer(ZONE, spoil)

    async def life() -> Attempt:
        async with name_server(server) as port:
            return await probed(definition.replace("PORT", str(port)), timeout)

    return asyncio.run(life()), server.asked


def verdict(attempt: Attempt) -> tuple[Outcome, ErrorType | None]:
    return attempt.outcome, None if attempt.failure is None else attempt.failure.error_type


def test_records_are_facts_and_the_time_is_that_of_the_question() -> None:
    attempt, questions = asked('{dns: {name: shop.example, server: "127.0.0.1:PORT"}}')
    assert verdict(attempt) == (Outcome.OK, None)
    assert attempt.facts["answers"] == ("198.51.100.7", "198.51.100.8")
    assert attempt.facts["rcode"] == "NOERROR"
    assert attempt.facts["ttl"] == 60
    assert attempt.facts["address"] == "127.0.0.1"
    assert attempt.phases["dns"] > 0
    assert questions == ["shop.example A"]


@pytest.mark.parametrize(
    ("expect", "expected"),
    [
        ("answers: {exactly: [198.51.100.8, 198.51.100.7]}", Outcome.OK),
        ("answers: {exactly: [198.51.100.7]}", Outcome.FAILED),
        ("answers: {exactly: [198.51.100.7, 198.51.100.8, 198.51.100.9]}", Outcome.FAILED),
        ("answers: {contains: [198.51.100.7]}", Outcome.OK),
        ("answers: [198.51.100.7]", Outcome.OK),
        ("answers: {none: [198.51.100.7]}", Outcome.FAILED),
        ("answers: {none: [203.0.113.1]}", Outcome.OK),
        ("ttl: '>= 1m'", Outcome.OK),
        ("ttl: '> 1m'", Outcome.FAILED),
    ],
)
def test_fault_14_one_expected_address_among_foreign_ones_does_not_pass(expect: str, expected: Outcome) -> None:
    attempt, _ = asked(f'{{dns: {{name: shop.example, server: "127.0.0.1:PORT"}}, expect: {{{expect}}}}}')
    assert attempt.outcome is expected
    if expected is Outcome.FAILED:
        assert attempt.failure is not None
        assert attempt.failure.error_type is ErrorType.ANSWER


def test_fault_14_a_name_that_must_not_exist_can_be_wanted() -> None:
    wanted = '{dns: {name: gone.example, server: "127.0.0.1:PORT"}, expect: {rcode: NXDOMAIN}}'
    assert asked(wanted)[0].outcome is Outcome.OK
    attempt, _ = asked('{dns: {name: gone.example, server: "127.0.0.1:PORT"}}')
    assert attempt.failure is not None
    assert attempt.failure.detail == "the name server answers NXDOMAIN, not NOERROR"


def test_a_name_without_records_of_the_type_fails() -> None:
    attempt, _ = asked('{dns: {name: empty.example, server: "127.0.0.1:PORT"}}')
    assert verdict(attempt) == (Outcome.FAILED, ErrorType.ANSWER)


@pytest.mark.parametrize(("flag", "expect"), [(True, "true"), (False, "false")])
def test_an_answer_that_the_server_has_verified_is_told_from_others(flag: bool, expect: str) -> None:
    def spoil(response: bytes, _: object) -> list[bytes]:
        return [response[:3] + bytes([response[3] | 0x20 if flag else response[3] & ~0x20]) + response[4:]]

    for wanted in ("true", "false"):
        definition = f'{{dns: {{name: shop.example, server: "127.0.0.1:PORT"}}, expect: {{authenticated: {wanted}}}}}'
        attempt, _ = asked(definition, spoil)
        assert attempt.facts["authenticated"] is flag
        assert verdict(attempt)[1] is (None if wanted == expect else ErrorType.ANSWER)


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".example", r"\999.example", ""])
def test_a_name_that_dns_does_not_allow_is_a_mistake_of_the_file(name: str) -> None:
    from argus_otel.sources.checks.file.checks_file import CheckFileError

    with pytest.raises(CheckFileError, match=r"checks\.it\.dns\.name: .* is not a name of DNS"):
        asyncio.run(probed(f"{{dns: {{name: '{name}'}}}}"))


def test_a_system_without_a_name_server_says_nothing_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    import dns.resolver

    # The file is the system's; only what dnspython reads of it is replaced.
    def read(self: dns.resolver.Resolver, _: object) -> None:
        raise dns.resolver.NoResolverConfiguration("no nameservers")

    monkeypatch.setattr(dns.resolver.Resolver, "read_resolv_conf", read)

    attempt = asyncio.run(probed("{dns: shop.example}"))
    assert verdict(attempt) == (Outcome.UNKNOWN, ErrorType.DNS)
    assert attempt.failure is not None
    assert "server:" in attempt.failure.detail


def test_fault_22_answers_that_alternate_fail_every_other_time() -> None:
    zone = dict(ZONE)
    server = NameServer(zone)

    async def life() -> list[Outcome]:
        found: list[Outcome] = []
        async with name_server(server) as port:
            for turn in range(6):
                zone["shop.example", "A"] = ["198.51.100.7"] if turn % 2 else ["203.0.113.66"]
                definition = f'{{dns: {{name: shop.example, server: "127.0.0.1:{port}"}}'
                attempt = await probed(f"{definition}, expect: {{answers: {{exactly: [198.51.100.7]}}}}}}")
                found.append(attempt.outcome)
        return found

    assert asyncio.run(life()) == [Outcome.FAILED, Outcome.OK] * 3


def test_fault_21_every_run_asks_the_server() -> None:
    server = NameServer(ZONE)

    async def life() -> None:
        async with name_server(server) as port:
            for _ in range(50):
                await probed(f'{{dns: {{name: shop.example, server: "127.0.0.1:{port}"}}}}')

    asyncio.run(life())
    assert len(server.asked) == 50


def test_an_answer_that_is_truncated_is_asked_for_by_tcp() -> None:
    attempt, questions = asked('{dns: {name: shop.example, server: "127.0.0.1:PORT"}}', truncated)
    assert attempt.outcome is Outcome.OK
    assert len(questions) == 2


def test_tcp_alone_can_be_asked_for() -> None:
    attempt, questions = asked('{dns: {name: shop.example, server: "127.0.0.1:PORT", transport: tcp}}', truncated)
    assert attempt.outcome is Outcome.OK
    assert len(questions) == 1


def to_another_question(response: bytes, query: dns.message.Message) -> list[bytes]:
    other = dns.message.make_query("other.example", "A", id=query.id)
    return [dns.message.make_response(other).to_wire()]


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (of_another_id, ErrorType.PROTOCOL),
        (lambda response, query: [b"\x00"], ErrorType.PROTOCOL),
        (lambda response, query: [response[:-3]], ErrorType.PROTOCOL),
        (lambda response, query: [query.to_wire()], ErrorType.PROTOCOL),
        (lambda response, query: [], ErrorType.DNS_TIMEOUT),
        (to_another_question, ErrorType.PROTOCOL),
    ],
    ids=["another id", "a byte", "cut off", "the question", "nothing", "another question"],
)  # fmt: skip
def test_fault_22_an_answer_that_is_none_has_its_class(spoil: Spoil, expected: ErrorType) -> None:
    attempt, _ = asked('{dns: {name: shop.example, server: "127.0.0.1:PORT"}}', spoil, "300ms")
    assert verdict(attempt) == (Outcome.FAILED, expected)


def test_a_server_that_is_not_there_refuses() -> None:
    attempt = asyncio.run(probed('{dns: {name: shop.example, server: "127.0.0.1:1", transport: tcp}}'))
    assert verdict(attempt) == (Outcome.FAILED, ErrorType.REFUSED)


def test_a_server_at_an_address_that_is_not_allowed_is_asked_nothing() -> None:
    attempt, questions = asked('{dns: {name: shop.example, server: "127.0.0.1:PORT", allow: {private: false}}}')
    assert verdict(attempt) == (Outcome.FAILED, ErrorType.BLOCKED)
    assert questions == []


@settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "30")), deadline=None, suppress_health_check=list(HealthCheck)
)
@given(st.binary(max_size=300), st.integers(0, 40))
def test_whatever_a_server_sends_is_a_verdict_with_a_class(garbage: bytes, kept: int) -> None:
    def spoil(response: bytes, _: object) -> list[bytes]:
        return [response[:kept] + garbage]

    attempt, _ = asked('{dns: {name: shop.example, server: "127.0.0.1:PORT"}}', spoil, "200ms")
    outcome, error_type = verdict(attempt)
    assert outcome is Outcome.OK or error_type in {
        ErrorType.PROTOCOL, ErrorType.ANSWER, ErrorType.DNS_TIMEOUT, ErrorType.REFUSED, ErrorType.UNREACHABLE,
    }  # fmt: skip
