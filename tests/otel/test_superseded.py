"""An instrumentation that observes the same as a source is switched off once what both observe is imported."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("langgraph.pregel", reason="install langgraph: uv sync")

ENTRY = """
[opentelemetry_instrumentor]
langchain = stranger:StrangerInstrumentor
"""
STRANGER = """
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

class StrangerInstrumentor(BaseInstrumentor):
    def instrumentation_dependencies(self):
        return ()

    def _instrument(self, **kwargs):
        print("on")

    def _uninstrument(self, **kwargs):
        print("off")
"""


@pytest.mark.parametrize("launcher", [["argus_otel", "run"], ["opentelemetry.instrumentation.auto_instrumentation"]])
@pytest.mark.parametrize(
    ("program", "disabled", "expected"),
    [
        ("import langgraph.pregel; print('imported')", "", ["on", "off", "imported"]),
        ("print('imported')", "", ["on", "imported"]),
        ("import langgraph.pregel; print('imported')", "langgraph", ["on", "imported"]),
        ("import langgraph.pregel; print('imported')", "langchain", ["imported"]),
    ],
)
def test_it_is_switched_off_where_both_would_observe(
    environment: dict[str, str],
    distribution: Callable[..., str],
    tmp_path: Path,
    launcher: list[str],
    program: str,
    disabled: str,
    expected: list[str],
) -> None:
    script = tmp_path / "app.py"
    script.write_text(program)
    command = [sys.executable, "-m", *launcher, str(script)]
    if "auto_instrumentation" in launcher[0]:
        instrument = Path(sys.executable).with_name("opentelemetry-instrument")
        command = [str(instrument), sys.executable, str(script)]
    done = subprocess.run(
        command,
        env={
            **environment,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": distribution(ENTRY, STRANGER),
            "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": disabled,
            "LANGSMITH_TRACING": "false",
        },
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.stdout.split() == expected, done.stderr
