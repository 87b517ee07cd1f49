"""The resource attribute of checks: where they run from."""

from __future__ import annotations

from argus_otel.settings import Settings

from .settings import ChecksSettings


def attributes(settings: Settings) -> dict[str, str]:
    """Return ``argus.check.location`` if it is set; what only the file says is added once checks are started."""
    location = settings[ChecksSettings].location
    return {"argus.check.location": location} if location else {}
