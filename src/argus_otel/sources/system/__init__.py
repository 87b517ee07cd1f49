"""Observes what the process source does not measure of the process, by OpenTelemetry's own instrumentation.

This file is the source's specification.
"""

from __future__ import annotations

from argus_otel.sources.spec import SourceSpec

SPEC = SourceSpec(
    "system",
    api=1,
    title="context switches, virtual memory and disk transfers",
    factory="argus_otel.sources.system.source:SystemSource",
    catalogue="argus_otel.sources.system.catalogue:CATALOGUE",
    activates="with_others",
    prefixes=("process", "system"),
    replaces=("system_metrics",),
)
