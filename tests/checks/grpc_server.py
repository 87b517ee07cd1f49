"""Real gRPC servers on loopback: one by grpcio, and one whose frames of HTTP/2 are its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
from grpc_health.v1 import health_pb2_grpc
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import StreamEnded

from .services import Talk


@contextmanager
def grpc_server(
    servicer: health_pb2_grpc.HealthServicer | None, credentials: grpc.ServerCredentials | None = None
) -> Iterator[int]:
    """Run a server with this health service, or with none; yield its port."""
    server = grpc.server(ThreadPoolExecutor(2))
    if servicer is not None:
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    address = "127.0.0.1:0"
    port = server.add_insecure_port(address) if credentials is None else server.add_secure_port(address, credentials)
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


Answer = Callable[[H2Connection, int], None]
"""Sends something on a stream of a connection."""


def answering(answer: Answer, *, after: bytes = b"", endless: bytes = b"") -> Talk:
    """Answer a request; then send some bytes, and others without end, or nothing until the client leaves."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = H2Connection(H2Configuration(client_side=False, validate_outbound_headers=False))
        connection.initiate_connection()
        writer.write(connection.data_to_send())
        await request_on(connection, reader)
        answer(connection, 1)
        writer.write(connection.data_to_send() + after)
        while endless:
            writer.write(endless)
            await writer.drain()
            await asyncio.sleep(0)  # client and server share a loop
        await reader.read()

    return talk


async def request_on(connection: H2Connection, reader: asyncio.StreamReader) -> None:
    """Wait until a request is complete."""
    while data := await reader.read(4096):
        if any(isinstance(event, StreamEnded) for event in connection.receive_data(data)):
            return


def frame(kind: int, payload: bytes = b"", *, flags: int = 0, stream: int = 1) -> bytes:
    """Return a frame of HTTP/2: https://www.rfc-editor.org/rfc/rfc9113#section-4.1."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload
