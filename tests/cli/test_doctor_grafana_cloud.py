"""What the doctor knows of Grafana Cloud's addresses, without a connection to them."""

from __future__ import annotations

import pytest

from argus_otel.cli.doctor import otlp
from argus_otel.settings import Settings
from argus_otel.terminal.findings import Finding, Status

HOST = "otlp-gateway-prod-eu-west-2.grafana.net"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The URLs that would have been connected to."""
    urls: list[str] = []

    def look(destination: otlp.Destination) -> Finding:
        urls.append(destination.url)
        return Finding("OTLP", destination.protocol, Status.OK, "")

    monkeypatch.setattr(otlp, "_look_at", look)
    monkeypatch.setattr(otlp, "_collector", lambda host: iter(()))
    return urls


def found(**variables: str) -> list[Finding]:
    environ = {"OTEL_METRICS_EXPORTER": "otlp", "OTEL_TRACES_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
    environ |= {f"OTEL_EXPORTER_OTLP_{name}": value for name, value in variables.items()}
    return list(otlp.look_at_otlp(Settings.resolve(environ), environ))


def test_its_endpoint_as_its_page_shows_it_is_connected_to(asked: list[str]) -> None:
    (finding,) = found(ENDPOINT=f"https://{HOST}/otlp")
    assert finding.status is Status.OK
    assert asked == [f"https://{HOST}:443/otlp/v1/metrics"]


@pytest.mark.parametrize(
    ("variables", "remedy"),
    [
        ({"ENDPOINT": f"https://{HOST}"}, "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"),
        ({"ENDPOINT": f"https://{HOST}/otlp", "PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"),
        (
            {"ENDPOINT": f"https://{HOST}", "PROTOCOL": "http/protobuf"},
            f"OTEL_EXPORTER_OTLP_ENDPOINT=https://{HOST}/otlp",
        ),
    ],
)
def test_what_cannot_work_there_is_told_with_what_to_set(
    asked: list[str], variables: dict[str, str], remedy: str
) -> None:
    (finding,) = found(**variables)
    assert finding.status is Status.FAIL
    assert "Grafana Cloud" in finding.detail
    assert remedy in finding.remedy
    assert asked == []
