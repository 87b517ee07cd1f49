"""``websocket`` checks: handshakes and messages, against real servers and hostile ones."""

from __future__ import annotations

import asyncio
import os
import ssl
from pathlib import Path

import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection

from argus_otel.sources.checks.errors import ErrorType
from argus_otel.sources.checks.file.checks_file import CheckFileError
from argus_otel.sources.checks.outcomes import Attempt, Outcome

from .probing import probed
from .services import Answering, Talk, http, service
from .websocket_server import Handler, accepted, frame, sending, websocket_server

TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9
READ = "{websocket: {url: 'ws://127.0.0.1:PORT/', read: true}}"


def run(
    handler: Handler,
    definition: str,
    *,
    subprotocols: list[str] | None = None,
    context: ssl.SSLContext | None = None,
    refusal: int | None = None,
) -> Attempt:
    """Run a check, in whose definition PORT stands for that of a server by websockets."""

    async def life() -> Attempt:
        async with websocket_server(handler, subprotocols=subprotocols, context=context, refusal=refusal) as port:
            return await probed(definition.replace("PORT", str(port)), "5s")

    return asyncio.run(life())


def run_against(talk: Talk, definition: str = READ, timeout: str = "5s") -> Attempt:
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


async def echo(socket: ServerConnection) -> None:
    async for message in socket:
        await socket.send(message)


def saying(*messages: str | bytes) -> Handler:
    async def handler(socket: ServerConnection) -> None:
        for message in messages:
            await socket.send(message)
        await socket.wait_closed()

    return handler


def closing(code: int) -> Handler:
    async def handler(socket: ServerConnection) -> None:
        await socket.close(code)

    return handler


# -- what works


def test_a_handshake_is_enough_and_its_phases_add_up() -> None:
    attempt = run(echo, "{websocket: 'ws://127.0.0.1:PORT/live'}")
    assert attempt.failure is None
    assert attempt.facts["status"] == 101
    assert attempt.facts["address"] == "127.0.0.1"
    assert set(attempt.phases) == {"dns", "connect", "send", "first_byte", "transfer"}
    assert sum(attempt.phases.values()) == pytest.approx(attempt.duration)


def test_the_server_sees_the_request_and_a_normal_close() -> None:
    seen: dict[str, object] = {}
    ended = asyncio.Event()

    async def handler(socket: ServerConnection) -> None:
        assert socket.request is not None
        seen.update(path=socket.request.path, key=socket.request.headers["x-key"], host=socket.request.headers["host"])
        await socket.wait_closed()
        seen["code"] = socket.close_code
        ended.set()

    async def life() -> tuple[Attempt, int]:
        async with websocket_server(handler) as port:
            url = f"ws://127.0.0.1:{port}/live?room=1"
            attempt = await probed(f"{{websocket: {{url: '{url}', headers: {{X-Key: secret}}}}}}")
            await asyncio.wait_for(ended.wait(), 5)
            return attempt, port

    attempt, port = asyncio.run(life())
    assert attempt.failure is None
    assert seen == {"path": "/live?room=1", "key": "secret", "host": f"127.0.0.1:{port}", "code": 1000}


def test_a_text_is_sent_and_the_first_message_compared() -> None:
    definition = (
        "{websocket: {url: 'ws://127.0.0.1:PORT', send: ping 1, read: true}, expect: {message: '/ping [0-9]/'}}"
    )
    assert run(echo, definition).outcome is Outcome.OK
    attempt = run(saying("private words", "ping 1"), definition)
    assert error_type(attempt) is ErrorType.ANSWER
    assert "private" not in detail(attempt), "what the server says is not shown"


@pytest.mark.parametrize("parts", [("re", "ady"), (b"re", b"ady")], ids=["text", "binary"])
def test_a_message_in_fragments_is_one(parts: tuple[str | bytes, ...]) -> None:
    async def handler(socket: ServerConnection) -> None:
        await socket.send(iter(parts))
        await socket.wait_closed()

    assert run(handler, READ.replace("}}", "}, expect: {message: ready}}")).failure is None


def test_a_ping_is_answered_before_the_message_comes() -> None:
    async def handler(socket: ServerConnection) -> None:
        await (await socket.ping())
        await socket.send("after the pong")
        await socket.wait_closed()

    assert run(handler, READ).failure is None


def test_the_subprotocol_that_the_server_chooses_is_a_fact() -> None:
    definition = (
        "{websocket: {url: 'ws://127.0.0.1:PORT', subprotocols: [graphql-ws, mqtt]}, expect: {subprotocol: mqtt}}"
    )
    assert run(echo, definition, subprotocols=["mqtt"]).facts["subprotocol"] == "mqtt"
    assert error_type(run(echo, definition, subprotocols=["graphql-ws"])) is ErrorType.ANSWER


def test_an_encrypted_one_tells_its_certificate(tmp_path: Path) -> None:
    authority, ca = trustme.CA(), tmp_path / "ca.pem"
    ca.write_bytes(authority.cert_pem.bytes())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    definition = f"{{websocket: {{url: 'wss://127.0.0.1:PORT', ca: '{ca}'}}, expect: {{certificate: '> 1d'}}}}"
    attempt = run(echo, definition, context=context)
    assert attempt.failure is None
    assert attempt.phases["tls"] > 0
    attempt = run(echo, "{websocket: 'wss://127.0.0.1:PORT'}", context=context)
    assert error_type(attempt) is ErrorType.CERTIFICATE_UNTRUSTED


# -- the server closes


def test_a_close_instead_of_a_message_is_a_failure_with_its_code() -> None:
    attempt = run(closing(4004), READ)
    assert error_type(attempt) is ErrorType.ANSWER
    assert "code 4004" in detail(attempt)


def test_a_close_may_be_what_is_expected() -> None:
    expecting = READ.replace("}}", "}, expect: {close: 4004}}")
    assert run(closing(4004), expecting).failure is None
    assert detail(run(closing(1011), expecting)) == "the close code is 1011, not 4004"
    assert detail(run(saying("hello"), expecting)) == "the server did not close the WebSocket"


def test_a_close_that_comes_with_the_handshake_is_no_fault_of_the_executor() -> None:
    definition = "{websocket: {url: 'ws://127.0.0.1:PORT', send: hello, read: true}}"
    attempt = run_against(sending(frame(PING), frame(CLOSE, b"\x03\xe9")), definition)
    assert detail(attempt) == "the server closed the WebSocket with code 1001"


# -- what fails in the handshake


@pytest.mark.parametrize(
    ("status", "expected"), [(403, ErrorType.STATUS), (503, ErrorType.STATUS), (302, ErrorType.REDIRECT)]
)
def test_a_refused_handshake_tells_the_status(status: int, expected: ErrorType) -> None:
    attempt = run(echo, READ, refusal=status)
    assert error_type(attempt) is expected
    assert str(status) in detail(attempt)


def without_answer(close: bool) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if not close:
            await reader.read()

    return talk


async def wrong_token(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(accepted(b"sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"))
    await reader.read()


def raw(data: bytes) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        await reader.read()

    return talk


@pytest.mark.parametrize(
    ("talk", "expected"),
    [
        pytest.param(Answering(http(b"page")), ErrorType.STATUS, id="a web page"),
        pytest.param(raw(b"220 mail.example\r\n"), ErrorType.PROTOCOL, id="not HTTP"),
        pytest.param(raw(b"HTTP/1.1 101 Fine\r\n\r\n"), ErrorType.PROTOCOL, id="no upgrade"),
        pytest.param(wrong_token, ErrorType.PROTOCOL, id="a token of another handshake"),
        pytest.param(
            sending(headers=["Sec-WebSocket-Protocol: mqtt"]),
            ErrorType.PROTOCOL,
            id="a subprotocol that was not offered",
        ),
        pytest.param(sending(headers=["Sec-WebSocket-Protocol: \xfc"]), ErrorType.PROTOCOL, id="not ASCII"),
        pytest.param(sending(headers=["Sec-WebSocket-Extensions: zip"]), ErrorType.PROTOCOL, id="an extension"),
        pytest.param(raw(b"HTTP/1.1 101 X\r\na: " + b"x" * 200_000), ErrorType.PROTOCOL, id="a header without end"),
        pytest.param(without_answer(close=True), ErrorType.RESET, id="closed"),
        pytest.param(without_answer(close=False), ErrorType.TIMEOUT, id="accepted without an answer"),
    ],
)
def test_fault_22_what_is_no_websocket_has_its_class(talk: Talk, expected: ErrorType) -> None:
    timeout = "300ms" if expected is ErrorType.TIMEOUT else "5s"
    assert error_type(run_against(talk, "{websocket: 'ws://127.0.0.1:PORT'}", timeout)) is expected


def test_nothing_that_listens_refuses() -> None:
    assert error_type(asyncio.run(probed("{websocket: 'ws://127.0.0.1:1'}"))) is ErrorType.REFUSED


def test_an_address_that_is_not_allowed_is_not_connected_to() -> None:
    definition = "{websocket: {url: 'ws://127.0.0.1:1', allow: {private: false}}}"
    assert error_type(asyncio.run(probed(definition))) is ErrorType.BLOCKED


@pytest.mark.parametrize("options", ['headers: {x-key: "se\\ncret"}', "headers: {'x key': secret}"])
def test_a_header_that_cannot_be_sent_is_told_without_its_value(options: str) -> None:
    attempt = run(echo, f"{{websocket: {{url: 'ws://127.0.0.1:PORT', {options}}}}}")
    assert error_type(attempt) is ErrorType.PROTOCOL
    assert "cret" not in detail(attempt)


def test_a_path_that_is_not_ascii_is_told() -> None:
    assert error_type(run(echo, "{websocket: 'ws://127.0.0.1:PORT/ü'}")) is ErrorType.PROTOCOL


# -- what fails after it


@pytest.mark.parametrize(
    ("talk", "expected"),
    [
        pytest.param(sending(b"\x81\xfe\xff\xff", endless=b"x" * 4096), ErrorType.PROTOCOL, id="masked"),
        pytest.param(sending(frame(TEXT, b"\xff\xfe")), ErrorType.PROTOCOL, id="no text"),
        pytest.param(sending(frame(3, b"reserved")), ErrorType.PROTOCOL, id="an unknown kind of frame"),
        pytest.param(sending(frame(0, b"of what?")), ErrorType.PROTOCOL, id="a fragment of nothing"),
        pytest.param(sending(frame(CLOSE, b"\x00\x07")), ErrorType.PROTOCOL, id="a close code that there is not"),
        pytest.param(sending(b"\x82\x7f" + b"\x7f" * 8, endless=b"x" * 65536), ErrorType.SIZE, id="too large"),
        pytest.param(sending(endless=frame(PING, b"again")), ErrorType.SIZE, id="pings without end"),
        pytest.param(
            sending(frame(TEXT, final=False), endless=frame(0, final=False)), ErrorType.SIZE, id="fragments without end"
        ),
        pytest.param(sending(frame(TEXT, b"half", final=False)), ErrorType.TIMEOUT, id="half a message"),
    ],
)
def test_fault_22_what_breaks_the_protocol_has_its_class(talk: Talk, expected: ErrorType) -> None:
    definition = READ.replace("read: true", "read: true, limit: 64KiB")
    timeout = "500ms" if expected is ErrorType.TIMEOUT else "30s"
    assert error_type(run_against(talk, definition, timeout)) is expected


def test_a_connection_that_ends_without_a_close_is_a_reset() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(accepted(await reader.readuntil(b"\r\n\r\n")) + frame(TEXT, b"half", final=False))

    attempt = run_against(talk)
    assert error_type(attempt) is ErrorType.RESET
    assert "without closing the WebSocket" in detail(attempt)


def test_a_good_message_counts_though_nonsense_follows_it() -> None:
    assert run_against(sending(frame(TEXT, b"ready"), frame(3, b"nonsense"))).failure is None


# -- the file


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ("{websocket: 'https://shop.example'}", "is not a URL such as wss://shop.example/live"),
        ("{websocket: 'wss://'}", "is not a URL such as wss://shop.example/live"),
        ("{websocket: 'ws://user:word@shop.example'}", "a URL with a password in it"),
        ("{websocket: 'ws://x', expect: {close: 99}}", "is not a whole number from 1000 to 4999"),
        ("{websocket: {url: 'ws://x', subprotocol: mqtt}}", "subprotocols"),
    ],
)
def test_a_mistake_in_the_file_says_what_is_right(definition: str, message: str) -> None:
    with pytest.raises(CheckFileError, match=message):
        asyncio.run(probed(definition))


FUZZ = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "30")), deadline=None, suppress_health_check=list(HealthCheck)
)
NAMED = {ErrorType.PROTOCOL, ErrorType.RESET, ErrorType.TIMEOUT, ErrorType.SIZE}


@FUZZ
@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda rest: b"HTTP/1.1 101 OK\r\n" + rest))
def test_whatever_answers_a_handshake_is_a_verdict_with_a_class(said: bytes) -> None:
    assert error_type(run_against(raw(said), timeout="200ms")) in {*NAMED, ErrorType.STATUS, ErrorType.REDIRECT}


_FRAMES = st.lists(
    st.binary(max_size=60) | st.builds(frame, st.integers(0, 127), st.binary(max_size=60), final=st.booleans()),
    max_size=6,
)


@FUZZ
@given(_FRAMES)
def test_whatever_follows_a_handshake_is_a_verdict_with_a_class(frames: list[bytes]) -> None:
    attempt = run_against(sending(*frames), timeout="200ms")
    assert error_type(attempt) in {*NAMED, ErrorType.ANSWER} or "message" in attempt.facts
