"""Names that a program's own metrics, events and attributes cannot have."""

from __future__ import annotations

RESERVED = (
    # argus-otel's own, and those of sources that are still to come: a program that uses one today would break then.
    "argus",
    "gen_ai",
    "graph",
    "hw",
    "training",
    # OpenTelemetry's: exporters, instrumentations of processes, semantic conventions that sources follow.
    "cpython",
    "http",
    "otel",
    "process",
    "system",
    "target",
)
"""First words of names that are never the program's. Each installed source reserves its own ``prefixes`` too."""

RESERVED_ATTRIBUTES = ("argus", "event", "service")
"""First words of names of attributes that a program's own event cannot have, beside those of references."""
