from __future__ import annotations

import pytest
from opentelemetry import _logs, metrics, trace
from opentelemetry._logs._internal import ProxyLoggerProvider
from opentelemetry.metrics._internal import _ProxyMeterProvider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider

from argus_otel.otel.private import is_proxy, same


@pytest.mark.parametrize("made", [ProxyLoggerProvider, _ProxyMeterProvider, trace.ProxyTracerProvider])
def test_opentelemetrys_own_proxies_are_known(made: type) -> None:
    assert is_proxy(made())


@pytest.mark.parametrize(
    "made",
    [
        LoggerProvider,
        MeterProvider,
        TracerProvider,
        metrics.NoOpMeterProvider,
        trace.NoOpTracerProvider,
        _logs.NoOpLoggerProvider,
        type("ProxyTracerProvider", (trace.TracerProvider,), {"get_tracer": lambda *_: trace.NoOpTracer()}),
    ],
)
def test_a_provider_that_somebody_set_is_none(made: type) -> None:
    assert not is_proxy(made())


def test_a_proxy_reaches_the_global_provider_and_no_other() -> None:
    proxy, current, other = _ProxyMeterProvider(), MeterProvider(), MeterProvider()
    assert same(proxy, current, current)
    assert not same(proxy, other, current)
    assert not same(other, current, current)
    assert same(other, other, current)
