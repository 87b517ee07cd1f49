"""auth.yaml and tls.yaml: only senders with the token, and only encrypted."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2_grpc as logs_grpc

from lab.collector import Collector

from .certificates import Certificates

TOKEN = "a-shared-secret"
EMPTY = logs.ExportLogsServiceRequest()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates.made_in(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Collector]:
    configs = ("single.yaml", "auth.yaml", "tls.yaml")
    variables = {"COLLECTOR_TOKEN": TOKEN, **certificates.of_collector}
    with Collector.running_in(tmp_path_factory.mktemp("guarded"), configs, **variables) as collector:
        yield collector


def by_grpc(collector: Collector, authority: Path | None, token: str) -> str:
    """The status of an empty export."""
    address = f"127.0.0.1:{collector.grpc}"
    credentials = authority and grpc.ssl_channel_credentials(authority.read_bytes())
    with grpc.secure_channel(address, credentials) if credentials else grpc.insecure_channel(address) as channel:
        metadata = [("authorization", f"Bearer {token}")] if token else []
        try:
            logs_grpc.LogsServiceStub(channel).Export(EMPTY, metadata=metadata, timeout=5)
        except grpc.RpcError as error:
            return error.code().name
        return "OK"


def by_http(collector: Collector, authority: Path, token: str) -> int:
    headers = {"Content-Type": "application/x-protobuf", **({"Authorization": f"Bearer {token}"} if token else {})}
    url = f"https://127.0.0.1:{collector.http}/v1/logs"
    request = urllib.request.Request(url, EMPTY.SerializeToString(), headers)
    try:
        with urllib.request.urlopen(request, timeout=5, context=ssl.create_default_context(cafile=authority)) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize(("token", "status"), [(TOKEN, "OK"), ("another", "UNAUTHENTICATED"), ("", "UNAUTHENTICATED")])
def test_grpc_is_for_those_who_know_the_secret(guarded: Collector, certificates: Certificates, token: str, status: str):
    assert by_grpc(guarded, certificates.authority, token) == status


@pytest.mark.parametrize(("token", "status"), [(TOKEN, 200), ("another", 401), ("", 401)])
def test_http_is_for_those_who_know_the_secret(guarded: Collector, certificates: Certificates, token: str, status: int):
    assert by_http(guarded, certificates.authority, token) == status


def test_nothing_is_taken_in_the_clear(guarded: Collector):
    assert by_grpc(guarded, None, TOKEN) == "UNAVAILABLE"
    url = f"http://127.0.0.1:{guarded.http}/v1/logs"
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(urllib.request.Request(url, b"", {"Authorization": f"Bearer {TOKEN}"}), timeout=5)
