"""Names that a program's own metrics, events and attributes cannot have."""

from __future__ import annotations

RESERVED = (
    # Prefixes of argus-otel, and of sources to come: a program that used one today would break then.
    "argus",
    "gen_ai",
    "graph",
    "hw",
    "training",
    # Prefixes of OpenTelemetry: exporters, instrumentations of processes, semantic conventions that sources follow.
    "cpython",
    "http",
    "otel",
    "process",
    "system",
    "target",
)
"""First words of names that no program can use. Each installed source reserves its own ``prefixes`` as well."""

RESERVED_ATTRIBUTES = ("argus", "event", "service")
"""First words of names that no attribute of a program's own event can have, besides those of references."""
