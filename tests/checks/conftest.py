"""Checks as a source that is installed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from argus_otel import discovery
from argus_otel.sources.checks import SPEC, api


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install the source, as its entry point does."""
    found = discovery.installed()
    specs = {**found.specs, SPEC.name: SPEC}
    monkeypatch.setattr(discovery, "_found", discovery.Installed(specs, found.problems))
    yield
    api.bind(None)
