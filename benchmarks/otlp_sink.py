"""A receiver of OTLP over gRPC that counts and discards requests, so that a measured bot has a destination."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc


class OtlpSink(grpc.GenericRpcHandler):
    """Answers every request with an empty message, which is a valid response of every OTLP service.

    Attributes
    ----------
    url:
        The address of the sink.
    requests:
        The number of requests received.
    """

    url = ""
    requests = 0

    def service(self, handler_call_details: Any) -> Any:
        """Return the handler of every method."""
        return grpc.unary_unary_rpc_method_handler(self._accept)

    def _accept(self, _request: bytes, _context: Any) -> bytes:
        self.requests += 1
        return b""


@contextmanager
def otlp_sink() -> Iterator[OtlpSink]:
    """Run a sink on a free port of this machine."""
    sink = OtlpSink()
    server = grpc.server(ThreadPoolExecutor(2), handlers=[sink])
    sink.url = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield sink
    finally:
        server.stop(None)
