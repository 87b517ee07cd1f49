"""Observes the process itself: its log records, event loops and resources. This file is the source's specification."""

from __future__ import annotations

from argus_otel.sources.spec import SourceSpec

SPEC = SourceSpec(
    "process",
    api=1,
    title="the process",
    factory="argus_otel.sources.process.source:ProcessSource",
    catalogue="argus_otel.sources.process.catalogue:CATALOGUE",
    activates="with_others",
    prefixes=("asyncio", "cpython", "log", "process"),
    settings="argus_otel.sources.process.settings:ProcessSettings",
    panels="argus_otel.sources.process.panels:PANELS",
    assets="argus_otel:shipped",
)
