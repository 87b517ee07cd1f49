"""Observes the resources that the process uses, by OpenTelemetry's own instrumentation. This is the specification."""

from __future__ import annotations

from argus_otel.sources.spec import SourceSpec

SPEC = SourceSpec(
    "system",
    api=1,
    title="processor time, memory and garbage collection",
    factory="argus_otel.sources.system.source:SystemSource",
    catalogue="argus_otel.sources.system.catalogue:CATALOGUE",
    activates="with_others",
    prefixes=("cpython", "process", "system"),
    replaces=("system_metrics",),
    panels="argus_otel.sources.system.panels:PANELS",
    assets="argus_otel:shipped",
)
