from __future__ import annotations

from collections.abc import Iterator

import pytest

from argus_otel.testing import Observation, observe


@pytest.fixture
def observed() -> Iterator[Observation]:
    """The source, installed and started. Every trace is sampled."""
    with observe("training") as observation:
        yield observation
    assert not observation.points().get("argus.hook.errors"), observation.telemetry.guard.faults
