"""Something that takes OTLP over gRPC, and counts the requests: where a bot sends to, it is to find somebody."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc


class OtlpSink(grpc.GenericRpcHandler):
    """Answers everything with an empty message, which every response of OTLP may be.

    Attributes
    ----------
    url:
        Where it is.
    requests:
        How many there were.
    """

    url = ""
    requests = 0

    def service(self, handler_call_details: Any) -> Any:
        """Return what answers."""
        return grpc.unary_unary_rpc_method_handler(self._take)

    def _take(self, _request: bytes, _context: Any) -> bytes:
        self.requests += 1
        return b""


@contextmanager
def otlp_sink() -> Iterator[OtlpSink]:
    """Take OTLP on a free port of this machine."""
    taking = OtlpSink()
    server = grpc.server(ThreadPoolExecutor(2), handlers=[taking])
    sink.url = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield taking
    finally:
        server.stop(None)
