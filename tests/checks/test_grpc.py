"""``grpc`` checks: the health service of real servers by grpcio, and servers that answer something else."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from argus_otel.sources.checks.errors import CheckError, ErrorType
from argus_otel.sources.checks.file.checks_file import CheckFileError
from argus_otel.sources.checks.net import grpc_health
from argus_otel.sources.checks.outcomes import Attempt, Outcome

from .grpc_server import Answer, answering, frame, grpc_server
from .probing import probed
from .services import Answering, Talk, http, service

PLAIN = "{grpc: 'grpc://127.0.0.1:PORT'}"
DATA, HEADERS, SETTINGS, PING, CONTINUATION = 0, 1, 4, 6, 9
END_HEADERS = 4


def run(servicer: health_pb2_grpc.HealthServicer | None, definition: str = PLAIN, timeout: str = "5s") -> Attempt:
    """Run a check of a server by grpcio, for whose port PORT stands in the definition."""
    with grpc_server(servicer) as port:
        return asyncio.run(probed(definition.replace("PORT", str(port)), timeout))


def run_against(talk: Talk, definition: str = PLAIN, timeout: str = "5s") -> Attempt:
    """Run a check against a server that speaks as it likes."""

    async def life() -> Attempt:
        async with service(talk) as port:
            return await probed(definition.replace("PORT", str(port)), timeout)

    return asyncio.run(life())


def error_type(attempt: Attempt) -> ErrorType | None:
    return None if attempt.failure is None else attempt.failure.error_type


def detail(attempt: Attempt) -> str:
    assert attempt.failure is not None
    return attempt.failure.detail


def healthy(**services: str) -> health.HealthServicer:
    """Return grpcio's own health service, whose server as a whole is serving."""
    servicer = health.HealthServicer()
    for name, status in services.items():
        servicer.set(name, health_pb2.HealthCheckResponse.ServingStatus.Value(status))
    return servicer


class Failing(health_pb2_grpc.HealthServicer):
    """A health service that ends each call with a code."""

    def __init__(self, code: grpc.StatusCode) -> None:
        self._code = code

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802 - the name is grpcio's
        context.abort(self._code, "words of the server")


# -- what works


def test_a_server_that_serves_is_up_and_its_phases_add_up() -> None:
    attempt = run(healthy())
    assert attempt.failure is None
    assert attempt.facts["serving"] == "SERVING"
    assert attempt.facts["address"] == "127.0.0.1"
    assert set(attempt.phases) == {"dns", "connect", "send", "first_byte", "transfer"}
    assert sum(attempt.phases.values()) == pytest.approx(attempt.duration)


def test_a_service_has_a_health_of_its_own() -> None:
    servicer = healthy(orders="SERVING", payments="NOT_SERVING")
    orders = "{grpc: {url: 'grpc://127.0.0.1:PORT', service: orders}}"
    assert run(servicer, orders).failure is None
    attempt = run(servicer, orders.replace("orders", "payments"))
    assert error_type(attempt) is ErrorType.ANSWER
    assert detail(attempt) == "the health service answers NOT_SERVING, not SERVING"


def test_a_service_that_the_server_does_not_know_is_told() -> None:
    definition = "{grpc: {url: 'grpc://127.0.0.1:PORT', service: gone}}"
    assert detail(run(healthy(), definition)) == "the health service answers SERVICE_UNKNOWN, not SERVING"
    expected = definition.replace("}}", "}, expect: {serving: SERVICE_UNKNOWN}}")
    assert run(healthy(), expected).outcome is Outcome.OK


def test_the_server_sees_metadata_authority_and_deadline() -> None:
    seen: dict[str, Any] = {}

    class Watching(health_pb2_grpc.HealthServicer):
        def Check(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802 - the name is grpcio's
            seen.update(context.invocation_metadata())
            seen["service"], seen["left"] = request.service, context.time_remaining()
            return health_pb2.HealthCheckResponse(status=1)

    definition = "{grpc: {url: 'grpc://127.0.0.1:PORT', service: ordärs, metadata: {authorization: Bearer word}}}"
    assert run(Watching(), definition, "30s").failure is None
    assert seen["authorization"] == "Bearer word"
    assert seen["service"] == "ordärs"
    assert 0 < seen["left"] <= 30


def test_an_encrypted_server_tells_its_certificate(tmp_path: Path) -> None:
    authority, ca = trustme.CA(), tmp_path / "ca.pem"
    ca.write_bytes(authority.cert_pem.bytes())
    certificate = authority.issue_cert("127.0.0.1")
    key, chain = certificate.private_key_pem.bytes(), b"".join(each.bytes() for each in certificate.cert_chain_pems)
    with grpc_server(healthy(), grpc.ssl_server_credentials([(key, chain)])) as port:
        trusted = f"{{grpc: {{url: 'grpcs://127.0.0.1:{port}', ca: '{ca}'}}, expect: {{certificate: '> 1d'}}}}"
        attempt = asyncio.run(probed(trusted, "5s"))
        assert attempt.failure is None
        assert attempt.phases["tls"] > 0
        untrusted = asyncio.run(probed(f"{{grpc: 'grpcs://127.0.0.1:{port}'}}", "5s"))
        assert error_type(untrusted) is ErrorType.CERTIFICATE_UNTRUSTED
        plain = asyncio.run(probed(f"{{grpc: 'grpc://127.0.0.1:{port}'}}", "5s"))
        assert error_type(plain) in {ErrorType.RESET, ErrorType.PROTOCOL}


# -- what fails


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (grpc.StatusCode.UNIMPLEMENTED, ErrorType.ANSWER),
        (grpc.StatusCode.UNAUTHENTICATED, ErrorType.ANSWER),
        (grpc.StatusCode.INTERNAL, ErrorType.ANSWER),
        (grpc.StatusCode.DEADLINE_EXCEEDED, ErrorType.TIMEOUT),
    ],
)
def test_a_code_that_is_no_success_is_told_without_the_servers_words(
    code: grpc.StatusCode, expected: ErrorType
) -> None:
    attempt = run(Failing(code))
    assert error_type(attempt) is expected
    assert code.name in detail(attempt)
    assert "words" not in detail(attempt)


def test_a_server_without_a_health_service_is_told() -> None:
    attempt = run(None)
    assert error_type(attempt) is ErrorType.ANSWER
    assert detail(attempt) == "the server has no health service (UNIMPLEMENTED)"


def test_fault_22_a_server_without_tls_is_told() -> None:
    assert error_type(run(healthy(), "{grpc: 'grpcs://127.0.0.1:PORT'}")) is ErrorType.TLS


def test_nothing_that_listens_refuses() -> None:
    assert error_type(asyncio.run(probed("{grpc: 'grpc://127.0.0.1:1'}"))) is ErrorType.REFUSED


def test_an_address_that_is_not_allowed_is_not_connected_to() -> None:
    definition = "{grpc: {url: 'grpc://127.0.0.1:1', allow: {private: false}}}"
    assert error_type(asyncio.run(probed(definition))) is ErrorType.BLOCKED


def headers(**more: str) -> list[tuple[str, str]]:
    return [(":status", more.pop("status", "200")), ("content-type", more.pop("type", "application/grpc"))] + [
        (name.replace("_", "-"), value) for name, value in more.items()
    ]


def replying(message: bytes, *, prefix: bytes | None = None, trailers: dict[str, str] | None = None) -> Answer:
    """Answer with a message, and with the status 0 unless the trailers say something else."""
    last = {"grpc-status": "0", **(trailers or {})}
    before = b"\0" + len(message).to_bytes(4, "big") if prefix is None else prefix

    def answer(connection: H2Connection, stream: int) -> None:
        connection.send_headers(stream, headers())
        connection.send_data(stream, before + message)
        connection.send_headers(stream, list(last.items()), end_stream=True)

    return answer


def only(**more: str) -> Answer:
    return lambda connection, stream: connection.send_headers(stream, headers(**more), end_stream=True)


def only_headers(connection: H2Connection, stream: int) -> None:
    connection.send_headers(stream, headers())


def nothing(connection: H2Connection, stream: int) -> None:
    """Send nothing."""


def going_away(connection: H2Connection, stream: int) -> None:
    connection.close_connection(ErrorCodes.ENHANCE_YOUR_CALM)


def resetting(connection: H2Connection, stream: int) -> None:
    connection.reset_stream(stream, ErrorCodes.REFUSED_STREAM)


def raw(data: bytes) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(data)
        await reader.read()

    return talk


def test_the_answer_of_a_server_of_another_make_is_understood() -> None:
    assert run_against(answering(replying(b"\x08\x01"))).failure is None
    with_fields_to_come = b"\x12\x02hi\x1d\x00\x00\x00\x00\x21" + bytes(8) + b"\x28\x07\x08\x01"
    assert run_against(answering(replying(with_fields_to_come))).failure is None
    assert detail(run_against(answering(replying(b"")))) == "the health service answers UNKNOWN, not SERVING"


@pytest.mark.parametrize(
    ("talk", "expected"),
    [
        pytest.param(Answering(http(b"page", "400 Bad Request")), ErrorType.PROTOCOL, id="HTTP/1.1"),
        pytest.param(raw(b"220 mail.example ESMTP ready\r\n"), ErrorType.PROTOCOL, id="not HTTP"),
        pytest.param(raw(b""), ErrorType.TIMEOUT, id="accepted without an answer"),
        pytest.param(answering(nothing), ErrorType.TIMEOUT, id="HTTP/2 without an answer"),
        pytest.param(answering(only_headers), ErrorType.TIMEOUT, id="half an answer"),
        pytest.param(answering(only(status="503")), ErrorType.STATUS, id="a status of HTTP"),
        pytest.param(answering(only(type="text/html")), ErrorType.PROTOCOL, id="a web page by HTTP/2"),
        pytest.param(answering(only()), ErrorType.PROTOCOL, id="no status of gRPC"),
        pytest.param(answering(only(grpc_status="fine")), ErrorType.PROTOCOL, id="a status that is no number"),
        pytest.param(answering(only(grpc_status="0")), ErrorType.PROTOCOL, id="a success without a message"),
        pytest.param(answering(only(grpc_status="99")), ErrorType.ANSWER, id="a code that there is not"),
        pytest.param(answering(resetting), ErrorType.RESET, id="reset"),
        pytest.param(answering(going_away), ErrorType.RESET, id="GOAWAY"),
        pytest.param(answering(replying(b"\x08\x01", prefix=b"\1\0\0\0\2")), ErrorType.PROTOCOL, id="compressed"),
        pytest.param(answering(replying(b"\x08\x01", prefix=b"\0\xff\xff\xff\xff")), ErrorType.PROTOCOL, id="short"),
        pytest.param(answering(replying(b"\x08\x01\0", prefix=b"\0\0\0\0\2")), ErrorType.PROTOCOL, id="something left"),
        pytest.param(answering(replying(b"\x08\x07")), ErrorType.PROTOCOL, id="a health that there is not"),
        pytest.param(answering(replying(b"\x0f")), ErrorType.PROTOCOL, id="no protobuf"),
        pytest.param(answering(replying(bytes(5000))), ErrorType.SIZE, id="a large message"),
        pytest.param(answering(nothing, endless=frame(PING, bytes(8), stream=0)), ErrorType.SIZE, id="pings"),
        pytest.param(answering(nothing, endless=frame(SETTINGS, stream=0)), ErrorType.SIZE, id="settings"),
        pytest.param(answering(only_headers, endless=frame(DATA)), ErrorType.SIZE, id="empty data"),
        pytest.param(
            answering(nothing, after=frame(HEADERS), endless=frame(CONTINUATION)), ErrorType.PROTOCOL, id="continuation"
        ),
        pytest.param(answering(nothing, after=frame(0xEE, b"unknown")), ErrorType.TIMEOUT, id="an unknown frame"),
        pytest.param(
            answering(nothing, after=frame(HEADERS, b"\x80" * 20, flags=END_HEADERS)), ErrorType.PROTOCOL, id="headers"
        ),
    ],
)
def test_fault_22_what_is_no_answer_has_its_class(talk: Talk, expected: ErrorType) -> None:
    timeout = "400ms" if expected is ErrorType.TIMEOUT else "30s"
    assert error_type(run_against(talk, timeout=timeout)) is expected


def test_what_ends_a_call_is_named() -> None:
    assert "ENHANCE_YOUR_CALM" in detail(run_against(answering(going_away)))
    assert "REFUSED_STREAM" in detail(run_against(answering(resetting)))
    assert "503" in detail(run_against(answering(only(status="503"))))


def test_a_connection_that_ends_within_the_answer_is_a_reset() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(frame(SETTINGS, stream=0))

    assert error_type(run_against(talk)) is ErrorType.RESET


# -- the file


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ("{grpc: 'orders:50051'}", "is not a URL such as grpc://orders:50051"),
        ("{grpc: 'grpc://orders'}", "is not a URL such as grpc://orders:50051"),
        ("{grpc: 'grpc://orders:50051/shop.v1.Orders'}", "the service's name belongs under `service:`"),
        ("{grpc: {url: 'grpcs://orders', metadata: {Key: a}}}", "'Key' is no name of metadata"),
        ("{grpc: {url: 'grpcs://orders', metadata: {grpc-timeout: a}}}", "is no name of metadata"),
        ('{grpc: {url: "grpcs://orders", metadata: {key: "se\\ncret"}}}', "the value of 'key' has a character"),
        ("{grpc: {url: 'grpcs://orders', service: " + "x" * 1001 + "}}", "longer than 1000"),
        ("{grpc: 'grpcs://orders', expect: {serving: UP}}", "known are NOT_SERVING, SERVICE_UNKNOWN, SERVING"),
    ],
)
def test_a_mistake_in_the_file_says_what_is_right(definition: str, message: str) -> None:
    with pytest.raises(CheckFileError, match=message) as raised:
        asyncio.run(probed(definition))
    assert "cret" not in str(raised.value)


# -- messages


@given(st.text(max_size=300))
def test_a_request_is_what_protobuf_makes_of_it(name: str) -> None:
    assert grpc_health.request(name) == health_pb2.HealthCheckRequest(service=name).SerializeToString()


@pytest.mark.parametrize("status", range(4))
def test_a_response_is_read_as_protobuf_reads_it(status: int) -> None:
    message = health_pb2.HealthCheckResponse(status=status).SerializeToString()
    assert grpc_health.serving(message) == health_pb2.HealthCheckResponse.ServingStatus.Name(status)


@given(st.binary(max_size=40))
def test_whatever_a_response_has_is_a_status_or_an_error_of_the_protocol(message: bytes) -> None:
    try:
        told = grpc_health.serving(message)
    except CheckError as error:
        told = error.error_type.value
    assert told in {*grpc_health.SERVING, "protocol"}


FUZZ = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "30")), deadline=None, suppress_health_check=list(HealthCheck)
)
NAMED = {ErrorType.PROTOCOL, ErrorType.RESET, ErrorType.TIMEOUT, ErrorType.SIZE, ErrorType.STATUS}

_FRAMES = st.lists(
    st.binary(max_size=60)
    | st.builds(
        frame,
        st.integers(0, 12),
        st.binary(max_size=60),
        flags=st.integers(0, 255),
        stream=st.sampled_from((0, 1, 1, 2, 3, 0xFFFFFFFF)),
    ),
    max_size=6,
)


@FUZZ
@given(_FRAMES)
def test_whatever_a_server_sends_is_a_verdict_with_a_class(frames: list[bytes]) -> None:
    assert error_type(run_against(raw(frame(SETTINGS, stream=0) + b"".join(frames)), timeout="200ms")) in NAMED


@FUZZ
@given(st.binary(max_size=60), st.dictionaries(st.from_regex(r"\A[a-z-]{1,12}\Z"), st.text(max_size=12), max_size=4))
def test_whatever_an_answer_has_is_a_verdict_with_a_class(message: bytes, trailers: dict[str, str]) -> None:
    talk = answering(replying(message, trailers=trailers))
    attempt = run_against(talk, timeout="1s")
    assert error_type(attempt) in {*NAMED, ErrorType.ANSWER, None}
