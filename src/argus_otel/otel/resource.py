"""Builds the OpenTelemetry resource."""

from __future__ import annotations

import platform
import sys
import uuid
from collections.abc import Mapping

from opentelemetry.sdk.resources import OTELResourceDetector, Resource

from argus_otel.settings import Settings
from argus_otel.telemetry.encoding import as_utf8
from argus_otel.version import __version__


def build(
    settings: Settings, additions: Mapping[str, str] | None = None, auto_instrumentation_version: str | None = None
) -> Resource:
    """Return the resource: what the user has set, and defaults for the rest.

    Parameters
    ----------
    additions:
        Attributes that sources add.
    auto_instrumentation_version:
        The version of ``opentelemetry-instrument``, if the process was started by that.
    """
    attributes: dict[str, str] = {
        **(additions or {}),
        "service.name": settings.service_name,
        "telemetry.distro.name": "argus-otel",
        "telemetry.distro.version": __version__,
        "process.runtime.name": sys.implementation.name,
        "process.runtime.version": platform.python_version(),
    }
    if auto_instrumentation_version:
        attributes["telemetry.auto.version"] = auto_instrumentation_version
    set_by_the_user = OTELResourceDetector().detect().attributes
    if "service.instance.id" not in set_by_the_user:
        # OTel semconv asks for a random UUID if nothing better is known; two processes must never share one.
        attributes["service.instance.id"] = str(uuid.uuid4())
    if "host.name" not in set_by_the_user and (host := platform.node()):
        attributes["host.name"] = host
    return _exportable(Resource.create(dict(attributes)))


def extend(resource: Resource, additions: Mapping[str, str]) -> Resource:
    """Return a resource with further attributes. One that it has already, such as one that the user has set, stays."""
    return _exportable(Resource(dict(additions)).merge(resource))


def _exportable(resource: Resource) -> Resource:
    """Return the resource with ``?`` for bytes that are not UTF-8: with them, no export of it would succeed.

    They come from the environment and from file names, which Python decodes with ``surrogateescape``.
    """
    attributes = {
        name: as_utf8(value) if isinstance(value, str) else value for name, value in resource.attributes.items()
    }
    return Resource({as_utf8(name): value for name, value in attributes.items()}, resource.schema_url)
