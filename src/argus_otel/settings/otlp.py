"""The exporters of each signal, and OTLP's protocol, from the variables that OpenTelemetry's exporters read too."""

from __future__ import annotations

from argus_otel.unquoted import are_headers

from .resolution import Resolution
from .setting import Origin

PROTOCOLS = {"grpc": "otlp_proto_grpc", "http/protobuf": "otlp_proto_http"}
"""The entry points of OTLP's exporters, by the protocol."""

_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


class Exporters:
    """Completes the exporters of one signal.

    Parameters
    ----------
    always:
        The exporters that need no endpoint.
    """

    def __init__(self, signal: str, always: tuple[str, ...]) -> None:
        self._signal = signal
        self._always = always

    def __call__(self, resolution: Resolution, chosen: tuple[str, ...]) -> tuple[str, ...]:
        """Return the entry points of the chosen exporters, or of the default ones."""
        name, signal = f"{self._signal}_exporters", self._signal.upper()
        if resolution.origins[name].source == "default":
            variables = (f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT", _ENDPOINT)
            endpoint = next((variable for variable in variables if resolution.variable(variable)), None)
            chosen = self._always + (("otlp",) if endpoint else ())
            origin = f"default, as {endpoint} is set" if endpoint else "default"
            resolution.origins[name] = Origin(origin, ",".join(chosen))
        if [exporter.lower() for exporter in chosen] == ["none"]:
            return ()
        # Once each: two of the same would send everything twice.
        return tuple(dict.fromkeys(self._entry_point(resolution, exporter) for exporter in chosen))

    def _entry_point(self, resolution: Resolution, exporter: str) -> str:
        if exporter != "otlp":
            return exporter
        for variable in (f"OTEL_EXPORTER_OTLP_{self._signal.upper()}_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
            protocol = resolution.variable(variable)
            if protocol in PROTOCOLS:
                return PROTOCOLS[protocol]
            if protocol:
                problem = f"{variable} is {protocol!r}, but it has to be grpc or http/protobuf; using grpc instead"
                if problem not in resolution.problems:
                    resolution.problems.append(problem)
                return PROTOCOLS["grpc"]
        return PROTOCOLS[self._protocol_of_endpoint(resolution)]

    def _protocol_of_endpoint(self, resolution: Resolution) -> str:
        """Return the protocol that the endpoint can have, by its port and its path; gRPC has no paths."""
        for variable in (f"OTEL_EXPORTER_OTLP_{self._signal.upper()}_ENDPOINT", _ENDPOINT):
            endpoint = resolution.variable(variable)
            if endpoint:
                authority, _, path = endpoint.partition("://")[2].partition("/")
                port = authority.rpartition(":")[2]
                return "http/protobuf" if port == "4318" or (path.strip("/") and port != "4317") else "grpc"
        return "grpc"


def check_headers(resolution: Resolution) -> None:
    """Report each variable with an entry that is no header."""
    for variable in (f"OTEL_EXPORTER_OTLP_{signal}HEADERS" for signal in ("", "METRICS_", "TRACES_", "LOGS_")):
        if not are_headers(resolution.environ.get(variable, "")):
            resolution.problems.append(
                f"{variable} has an entry that is no header, and is not sent: it has to be name=value, by commas, "
                "such as authorization=Bearer%20TOKEN, with other than plain characters URL-encoded"
            )
