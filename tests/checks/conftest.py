"""What tests of checks share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from argus_otel.sources.checks import api


@pytest.fixture(autouse=True)
def unbound() -> Iterator[None]:
    """Let no test act on the source of another one."""
    yield
    api.bind(None)
