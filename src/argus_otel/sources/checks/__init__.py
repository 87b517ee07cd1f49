"""Probes services by a schedule, and judges what they answer. This file is the source's specification."""

from __future__ import annotations

from argus_otel.sources.spec import SourceSpec

SPEC = SourceSpec(
    "checks",
    api=1,
    title="service checks",
    factory="argus_otel.sources.checks.source:ChecksSource",
    catalogue="argus_otel.sources.checks.catalogue:CATALOGUE",
    imports=("argus_otel.sources.checks.api",),
    asked_for="argus_otel.sources.checks.settings:is_asked_for",
    prefixes=("argus.check",),
    settings="argus_otel.sources.checks.settings:ChecksSettings",
    resource="argus_otel.sources.checks.resource:attributes",
    history="argus_otel.sources.checks.history:MODEL",
    commands="argus_otel.sources.checks.cli:COMMANDS",
    panels="argus_otel.sources.checks.panels:PANELS",
    doctor="argus_otel.sources.checks.cli.doctor:CHECKS",
    assets="argus_otel:shipped",
)
