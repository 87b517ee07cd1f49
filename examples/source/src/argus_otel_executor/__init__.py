"""Observes the thread pools of concurrent.futures. This file is the source's specification; it imports nothing else."""

from argus_otel.sources.spec import SourceSpec

SPEC = SourceSpec(
    "executor",
    api=1,
    title="concurrent.futures",
    factory="argus_otel_executor.source:ExecutorSource",
    catalogue="argus_otel_executor.catalogue:CATALOGUE",
    imports=("concurrent.futures.thread",),
    activates="first_use",
    prefixes=("executor",),
    history="argus_otel_executor.history:MODEL",
    commands="argus_otel_executor.commands:COMMANDS",
    panels="argus_otel_executor.panels:PANELS",
    doctor="argus_otel_executor.doctor:CHECKS",
    assets="argus_otel_executor:assets",
)
