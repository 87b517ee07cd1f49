"""Reads an endpoint's responses to exports: OpenTelemetry's exporters say only that an export failed.

They drop the body of HTTP responses, and take OTLP's partial success for a success. Both are read by listening to the
client inside an exporter, through private attributes; an exporter without these is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol, cast

from .private import on_http_response, responses_missing, wrap_grpc_client

_MAX_LENGTH = 300
"""The most characters of a reason that are reported."""

# gRPC quotes the address that it cannot resolve, with the user and the password in it.
_USERINFO = re.compile(r"\S*@")


class _Response(Protocol):
    """As requests has it."""

    status_code: int
    headers: Any
    content: bytes


class ResponseListener:
    """The last response.

    Attributes
    ----------
    reason:
        Why the endpoint refuses, in its own words; empty if it refuses nothing or gives no reason.
    rejected:
        How many spans, log records or points of an accepted request the endpoint has rejected.
    """

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self.reason = ""
        self.rejected = 0

    def reset(self) -> None:
        """Forget the last response, before the next export."""
        self.reason, self.rejected = "", 0

    def attach_to(self, exporter: object) -> None:
        """Listen to the responses that this exporter gets from now on."""
        if wrap_grpc_client(exporter, lambda client: _Client(client, self)):
            return
        if not on_http_response(exporter, self._over_http):
            responses_missing(exporter)

    def refused(self, code: str, text: str) -> None:
        """Note that a request was refused."""
        self._note(f"{code}: {text}" if text else code, 0)

    def accepted(self, response: object) -> None:
        """Note the partial success in the response to a request that was accepted."""
        partial = getattr(response, "partial_success", None)
        if partial is None:
            return
        rejected = next((value for field, value in partial.ListFields() if field.name.startswith("rejected_")), 0)
        if rejected > 0:
            self._note(partial.error_message, rejected)

    def _note(self, text: str, rejected: int) -> None:
        # Ten times as much is redacted, so that no secret is cut in two before it is found.
        reason = " ".join(_USERINFO.sub("[redacted]@", self._redact(text[: 10 * _MAX_LENGTH])).split())
        reason = "".join(character for character in reason if character.isprintable())
        self.reason = reason if len(reason) <= _MAX_LENGTH else reason[: _MAX_LENGTH - 1] + "…"
        self.rejected = rejected

    def _over_http(self, response: _Response, *_: object, **__: object) -> None:
        from google.protobuf.message import DecodeError
        from google.rpc.status_pb2 import Status
        from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

        body, protobuf = response.content, "protobuf" in response.headers.get("Content-Type", "")
        self.reset()
        try:
            if response.status_code >= 300:
                text = Status.FromString(body).message if protobuf else body.decode("utf-8", "replace")
                self.refused(f"HTTP {response.status_code}", text)
            elif protobuf:
                self.accepted(ExportMetricsServiceResponse.FromString(body))  # the responses of all signals look alike
        except DecodeError:
            if response.status_code >= 300:
                self.refused(f"HTTP {response.status_code}", "")


class _Client:
    """The client of a gRPC service, with a listener on ``Export``."""

    def __init__(self, client: Any, listener: ResponseListener) -> None:
        self._export = client.Export
        self._listener = listener

    def Export(self, *args: Any, **kwargs: Any) -> Any:  # noqa: N802 - as the service calls it
        from grpc import RpcError

        self._listener.reset()
        try:
            response = self._export(*args, **kwargs)
        except RpcError as error:
            failed = cast("Any", error)
            self._listener.refused(failed.code().name, failed.details() or "")
            raise
        self._listener.accepted(response)
        return response
