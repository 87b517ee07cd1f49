"""Whatever a service answers, and whatever certificate it has, a check ends with a verdict that has a class.

``FUZZ_EXAMPLES=1000 pytest tests/checks/test_fuzz.py`` tries more. DNS packets, frames and greetings are beside the
tests of their types.
"""

from __future__ import annotations

import asyncio
import base64
import os
import ssl
from pathlib import Path

import pytest
import trustme
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from argus_otel.sources.checks.errors import ErrorType
from argus_otel.sources.checks.outcomes import Attempt

from .probing import probed
from .services import Answering, Talk, http, service

fuzzed = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "40")), deadline=None, suppress_health_check=list(HealthCheck)
)

Spoilt = list[tuple[int, int]]
"""Bytes that are replaced: (place, new value)."""

ANSWERS = (
    http(b"ready", "200 OK", "content-type: text/plain"),
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nready\r\n0\r\n\r\n",
    http(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "200 OK", "content-encoding: gzip"),
    http(b"", "302 Found", "location: http://127.0.0.1:1/elsewhere"),
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
)
spoilings = st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 255)), min_size=1, max_size=6)


def spoil(data: bytes, spoilt: Spoilt) -> bytes:
    changed = bytearray(data)
    for place, value in spoilt:
        changed[place % len(changed)] = value
    return bytes(changed)


def run(talk: Talk, definition: str, context: ssl.SSLContext | None = None) -> Attempt:
    async def go() -> Attempt:
        async with service(talk, context) as port:
            return await probed(definition.replace("PORT", str(port)), "500ms")

    return asyncio.run(go())


def error_of(attempt: Attempt) -> ErrorType | None:
    return None if attempt.failure is None else attempt.failure.error_type


# -- HTTP

OF_HTTP = {
    None, ErrorType.PROTOCOL, ErrorType.RESET, ErrorType.SIZE, ErrorType.STATUS, ErrorType.TIMEOUT, ErrorType.REDIRECT,
    ErrorType.BLOCKED, ErrorType.REFUSED, ErrorType.DNS, ErrorType.DNS_TIMEOUT, ErrorType.UNREACHABLE,
}  # fmt: skip


@fuzzed
@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda rest: b"HTTP/1.1 200 OK\r\n" + rest))
def test_whatever_a_service_sends_is_a_verdict_with_a_class(answer: bytes) -> None:
    assert error_of(run(Answering(answer), "{http: {url: 'http://127.0.0.1:PORT/', limit: 1KiB}}")) in OF_HTTP


@fuzzed
@given(st.sampled_from(ANSWERS), spoilings)
def test_an_answer_of_which_some_bytes_are_wrong_is_a_verdict_with_a_class(answer: bytes, spoilt: Spoilt) -> None:
    definition = "{http: {url: 'http://127.0.0.1:PORT/', redirects: 1, limit: 1KiB}}"
    assert error_of(run(Answering(spoil(answer, spoilt)), definition)) in OF_HTTP


# -- TLS

OF_TLS = {
    None, ErrorType.TLS, ErrorType.RESET, ErrorType.TIMEOUT, ErrorType.CERTIFICATE_UNTRUSTED,
    ErrorType.CERTIFICATE_EXPIRED, ErrorType.CERTIFICATE_NAME,
}  # fmt: skip


@pytest.fixture(scope="module")
def leaf() -> trustme.LeafCert:
    return trustme.CA().issue_cert("localhost")


def pem(label: str, der: bytes) -> str:
    return f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\n"


@fuzzed
@given(spoilt=spoilings, verify=st.booleans())
def test_a_certificate_of_which_some_bytes_are_wrong_is_a_verdict_with_a_class(
    leaf: trustme.LeafCert, tmp_path: Path, spoilt: Spoilt, verify: bool
) -> None:
    der = ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode())
    file = tmp_path / "leaf.pem"
    file.write_text(leaf.private_key_pem.bytes().decode() + pem("CERTIFICATE", spoil(der, spoilt)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(file)
    except ssl.SSLError:
        assume(False)  # no server can present it
    definition = f"{{http: {{url: 'https://127.0.0.1:PORT/', verify: {str(verify).lower()}}}}}"
    assert error_of(run(Answering(http(b"ready")), definition, context)) in OF_TLS


@fuzzed
@given(spoilt=spoilings)
def test_a_handshake_of_which_some_bytes_are_wrong_is_a_verdict_with_a_class(
    leaf: trustme.LeafCert, spoilt: Spoilt
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # in which certificates are not encrypted
    leaf.configure_cert(context)

    async def go() -> Attempt:
        async with service(Answering(http(b"ready")), context) as hidden:

            async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                """Pass everything on, and spoil what the server sends first."""
                from_server, to_server = await asyncio.open_connection("127.0.0.1", hidden)
                to_server.write(await reader.read(65536))
                writer.write(spoil(await from_server.read(65536), spoilt))
                to_server.write(await reader.read(65536))
                writer.write(await from_server.read(65536))
                to_server.close()

            async with service(relay) as port:
                return await probed(f"{{tls: {{address: '127.0.0.1:{port}', verify: false}}}}", "500ms")

    assert error_of(asyncio.run(go())) in OF_TLS
