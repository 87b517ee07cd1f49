"""Observes agent graphs of LangGraph. This file is the source's specification."""

from __future__ import annotations

from argus_otel.sources.spec import SourceSpec

SPEC = SourceSpec(
    "graphs",
    api=1,
    title="LangGraph",
    factory="argus_otel.sources.graphs.source:LangGraphSource",
    catalogue="argus_otel.sources.graphs.catalogue:CATALOGUE",
    libraries=("langgraph>=0.2.76,<2",),
    imports=("langgraph.pregel",),
    activates="first_use",
    prefixes=("graph", "graphs", "gen_ai"),
    supersedes=("langchain",),
    instrumentor="langgraph",
    settings="argus_otel.sources.graphs.settings:GraphSettings",
    history="argus_otel.sources.graphs.history:MODEL",
    commands="argus_otel.sources.graphs.cli:COMMANDS",
    panels="argus_otel.sources.graphs.panels:PANELS",
    doctor="argus_otel.sources.graphs.cli.doctor:CHECKS",
    assets="argus_otel:shipped",
)
