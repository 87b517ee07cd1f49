"""A bot on a host with 512 MB: what argus-otel adds, and that everything it can do there fits."""

from __future__ import annotations

import sys

import pytest

from benchmarks.memory import LIMIT, VARIANTS, Memory, measure

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, whose /proc tells the memory of a process"),
]

# The budget of a host is for the bot: argus-otel may take a tenth of it.
MOST_ADDED = LIMIT / 10


def measured(name: str) -> Memory:
    (variant,) = (each for each in VARIANTS if each.name.startswith(name))
    return measure(variant, seconds=8.0, rate=20.0)


def test_everything_that_needs_no_extra_fits_into_a_small_host() -> None:
    bare, everything = measured("bare"), measured("endpoint, OTLP over HTTP, history")
    assert everything.resident - bare.resident < MOST_ADDED
    assert everything.peak - bare.peak < MOST_ADDED
    assert everything.peak < LIMIT / 2
    if everything.group is not None:  # it ran under the limit, and was not killed
        assert everything.group < LIMIT / 2


def test_http_takes_less_memory_than_grpc() -> None:
    assert measured("OTLP over HTTP").resident < measured("OTLP over gRPC").resident
