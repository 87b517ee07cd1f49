from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.otel.receivers import Received, grpc_receiver


@pytest.fixture
def otlp() -> Iterator[Received]:
    yield from grpc_receiver()
