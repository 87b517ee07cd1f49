"""``tcp`` and ``tls`` checks: greetings, STARTTLS in six protocols, and certificates, against real servers."""

from __future__ import annotations

import asyncio
import datetime
import os
import ssl
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from argus_otel.sources.checks.errors import ErrorType
from argus_otel.sources.checks.file.checks_file import CheckFileError
from argus_otel.sources.checks.net.starttls import PROTOCOLS
from argus_otel.sources.checks.outcomes import Attempt, Outcome

from .probing import probed
from .services import Talk, service

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    path.write_bytes(authority.cert_pem.bytes())
    return str(path)


def secured(authority: trustme.CA, *names: str, not_after: datetime.datetime | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names, not_after=not_after).configure_cert(context)
    return context


def run(talk: Talk, definition: str, context: ssl.SSLContext | None = None, timeout: str = "2s") -> Attempt:
    """Run a check, in whose definition PORT stands for that of the service."""

    async def life() -> Attempt:
        async with service(talk, context) as port:
            return await probed(definition.replace("PORT", str(port)), timeout)

    return asyncio.run(life())


def error_type(attempt: Attempt) -> ErrorType | None:
    return None if attempt.failure is None else attempt.failure.error_type


def saying(*lines: bytes) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for line in lines:
            writer.write(line)
        await reader.read(100)

    return talk


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


# -- what each protocol's server says until TLS begins

Dialogue = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def smtp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220-mail.example\r\n220 ready\r\n")
    assert (await reader.readline()).startswith(b"EHLO")
    writer.write(b"250-mail.example\r\n250-SIZE 1000\r\n250 STARTTLS\r\n")
    assert await reader.readline() == b"STARTTLS\r\n"
    writer.write(b"220 go ahead\r\n")


async def imap(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"* OK IMAP4rev1 ready\r\n")
    assert (await reader.readline()).endswith(b"STARTTLS\r\n")
    writer.write(b"* CAPABILITY IMAP4rev1\r\na OK begin\r\n")


async def pop3(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"+OK POP3 ready\r\n")
    assert await reader.readline() == b"STLS\r\n"
    writer.write(b"+OK begin\r\n")


async def ftp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 FTP ready\r\n")
    assert await reader.readline() == b"AUTH TLS\r\n"
    writer.write(b"234 proceed\r\n")


async def ldap(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    request = await reader.readexactly(31)
    assert request[:2] == b"\x30\x1d"
    assert b"1.3.6.1.4.1.1466.20037" in request
    writer.write(b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00")


async def postgres(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    assert await reader.readexactly(8) == b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
    writer.write(b"S")


DIALOGUES: dict[str, Dialogue] = {
    "ftp": ftp, "imap": imap, "ldap": ldap, "pop3": pop3, "postgres": postgres, "smtp": smtp,
}  # fmt: skip


def starting_tls(dialogue: Dialogue, context: ssl.SSLContext) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await dialogue(reader, writer)
        await writer.drain()
        loop = asyncio.get_running_loop()
        transport = writer.transport
        await loop.start_tls(transport, transport.get_protocol(), context, server_side=True)
        await asyncio.sleep(0.5)

    return talk


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_tls_begins_in_each_protocol_and_its_certificate_is_told(protocol: str, authority: trustme.CA, ca: str) -> None:
    talk = starting_tls(DIALOGUES[protocol], secured(authority, "127.0.0.1"))
    attempt = run(talk, f"{{tcp: {{address: '127.0.0.1:PORT', starttls: {protocol}, ca: '{ca}'}}}}")
    assert attempt.failure is None
    assert attempt.facts["certificate_expiry"] == pytest.approx(time.time() + attempt.facts["certificate"], abs=5)  # type: ignore[operator]
    assert attempt.phases["tls"] > 0
    assert sum(attempt.phases.values()) == pytest.approx(attempt.duration)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_server_that_refuses_tls_is_told_from_one_that_is_down(protocol: str, ca: str) -> None:
    refusal = {"ldap": b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00", "postgres": b"N"}
    greeting = {"imap": b"* OK ready\r\na BAD no\r\n", "pop3": b"+OK ready\r\n-ERR no\r\n"}
    said = refusal.get(protocol) or greeting.get(protocol) or b"220 ready\r\n502 no\r\n"
    attempt = run(saying(said), f"{{tcp: {{address: '127.0.0.1:PORT', starttls: {protocol}, ca: '{ca}'}}}}")
    assert error_type(attempt) is ErrorType.PROTOCOL
    assert attempt.failure is not None
    assert "refuses" in attempt.failure.detail


def test_plain_text_after_the_agreement_on_tls_is_not_taken(authority: trustme.CA, ca: str) -> None:
    attempt = run(
        saying(b"220 ready\r\n250 STARTTLS\r\n220 go\r\n250 injected\r\n"),
        f"{{tcp: {{address: '127.0.0.1:PORT', starttls: smtp, ca: '{ca}'}}}}",
    )
    assert error_type(attempt) is ErrorType.PROTOCOL
    assert attempt.failure is not None
    assert "plain text" in attempt.failure.detail


def test_a_greeting_is_compared() -> None:
    definition = "{tcp: {address: '127.0.0.1:PORT', read: true}, expect: {banner: /^SSH-2/}}"
    assert run(saying(b"SSH-2.0-OpenSSH_9.6\r\n"), definition).outcome is Outcome.OK
    attempt = run(saying(b"HTTP/1.1 400 Bad Request\r\n"), definition)
    assert error_type(attempt) is ErrorType.ANSWER
    assert attempt.failure is not None
    assert "400" not in attempt.failure.detail, "what the server says is not shown"


@pytest.mark.parametrize(
    ("talk", "expected"),
    [
        (silent, ErrorType.TIMEOUT),
        (saying(b"x" * 200_000), ErrorType.PROTOCOL),
    ],
    ids=["accepted without an answer", "a line without end"],
)
def test_fault_22_a_server_without_a_greeting_has_its_class(talk: Talk, expected: ErrorType) -> None:
    attempt = run(talk, "{tcp: {address: '127.0.0.1:PORT', read: true}}", timeout="300ms")
    assert error_type(attempt) is expected


def test_what_is_sent_is_what_the_file_says() -> None:
    received: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.readline())
        writer.write(b"+PONG\r\n")

    attempt = run(talk, '{tcp: {address: "127.0.0.1:PORT", send: "PING\\r\\n", read: true}, expect: {banner: PONG}}')
    assert attempt.failure is None
    assert received == [b"PING\r\n"]


def test_nothing_that_listens_refuses() -> None:
    assert error_type(asyncio.run(probed("{tcp: '127.0.0.1:1'}"))) is ErrorType.REFUSED


# -- tls


def test_a_handshake_tells_version_and_expiry(authority: trustme.CA, ca: str) -> None:
    context = secured(authority, "127.0.0.1")
    attempt = run(silent, f"{{tls: {{address: '127.0.0.1:PORT', ca: '{ca}'}}, expect: {{version: 1.3}}}}", context)
    assert attempt.failure is None
    assert attempt.facts["version"] == "TLSv1.3"
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    attempt = run(silent, f"{{tls: {{address: '127.0.0.1:PORT', ca: '{ca}'}}, expect: {{version: 1.3}}}}", context)
    assert error_type(attempt) is ErrorType.TLS


def test_a_certificate_that_expires_soon_is_a_warning(authority: trustme.CA, ca: str) -> None:
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=10)
    context = secured(authority, "127.0.0.1", not_after=soon)
    attempt = run(
        silent, f"{{tls: {{address: '127.0.0.1:PORT', ca: '{ca}'}}, warn: {{certificate: '> 14d'}}}}", context
    )
    assert attempt.outcome is Outcome.WARN
    assert error_type(attempt) is ErrorType.CERTIFICATE_EXPIRED


def test_each_wrong_certificate_has_its_class(authority: trustme.CA, ca: str) -> None:
    past = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    definition = f"{{tls: {{address: '127.0.0.1:PORT', ca: '{ca}'}}}}"
    cases = {
        ErrorType.CERTIFICATE_NAME: secured(authority, "other.example"),
        ErrorType.CERTIFICATE_UNTRUSTED: secured(trustme.CA(), "127.0.0.1"),
        ErrorType.CERTIFICATE_EXPIRED: secured(authority, "127.0.0.1", not_after=past),
    }
    for expected, context in cases.items():
        assert error_type(run(silent, definition, context)) is expected


def test_an_unverified_certificate_is_told_all_the_same() -> None:
    context = secured(trustme.CA(), "other.example")
    attempt = run(silent, "{tls: {address: '127.0.0.1:PORT', verify: false}}", context)
    assert attempt.failure is None
    assert "certificate_expiry" in attempt.facts


def test_fault_22_tls_on_a_plain_port_is_told(ca: str) -> None:
    attempt = run(saying(b"220 plain text\r\n"), f"{{tls: {{address: '127.0.0.1:PORT', ca: '{ca}'}}}}")
    assert error_type(attempt) is ErrorType.TLS


def test_fault_22_a_handshake_without_an_answer_ends_in_time(ca: str) -> None:
    began = time.monotonic()
    attempt = run(silent, f"{{tls: {{address: '127.0.0.1:PORT', ca: '{ca}'}}}}", timeout="300ms")
    assert error_type(attempt) is ErrorType.TIMEOUT
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("address", ["", "mail.example", "mail.example:0", "mail.example:99999", ":25", "a b:25"])
def test_an_address_that_is_none_is_a_mistake_with_an_example(address: str) -> None:
    with pytest.raises(CheckFileError, match=r"such as mail\.example:143"):
        asyncio.run(probed(f"{{tcp: '{address}'}}"))


@settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "30")), deadline=None, suppress_health_check=list(HealthCheck)
)
@given(st.sampled_from(PROTOCOLS), st.lists(st.binary(max_size=80), max_size=4))
def test_whatever_a_server_says_is_a_verdict_with_a_class(protocol: str, said: list[bytes]) -> None:
    attempt = run(saying(*said), f"{{tcp: {{address: '127.0.0.1:PORT', starttls: {protocol}}}}}", timeout="200ms")
    assert error_type(attempt) in {ErrorType.PROTOCOL, ErrorType.RESET, ErrorType.TIMEOUT, ErrorType.TLS}
