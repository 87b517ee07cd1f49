"""Stable names of other instrumentations: those of databases, by the real one that most of them are built on."""

from __future__ import annotations

import pytest

from tests.system_source.test_system_metrics import reported

from .conftest import Run

_ASK = """
import sqlite3
from argus_otel.entrypoints import ArgusDistro
ArgusDistro().configure()
from opentelemetry.instrumentation import dbapi
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
connection = dbapi.instrument_connection("here", sqlite3.connect(":memory:"), "sqlite", tracer_provider=provider)
connection.cursor().execute("select 1")
(span,) = exporter.get_finished_spans()
report(attributes=sorted(span.attributes))
"""


@pytest.mark.parametrize(
    ("chosen", "attributes"),
    [
        ({}, ["db.query.text", "db.system.name"]),
        ({"OTEL_SEMCONV_STABILITY_OPT_IN": "http"}, ["db.statement", "db.system"]),
        (
            {"OTEL_SEMCONV_STABILITY_OPT_IN": "database/dup"},
            ["db.query.text", "db.statement", "db.system", "db.system.name"],
        ),
    ],
)
def test_database_spans_have_stable_names_unless_others_are_chosen(
    program: Run, chosen: dict[str, str], attributes: list[str]
) -> None:
    assert reported(program(_ASK, **chosen))["attributes"] == attributes
