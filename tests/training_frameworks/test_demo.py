"""`argus-otel demo training` with a framework: what it fits is counted as exactly as what loops of its own train."""

from __future__ import annotations

import re
import subprocess

import pytest

from lab.processes import free_port

from .programs import environment


@pytest.mark.parametrize(
    ("name", "title", "kind"),
    [("keras", "Keras", "keras/Sequential"), ("torch", "Lightning", "lightning/Line")],
)
def test_everything_agrees(name: str, title: str, kind: str) -> None:
    done = subprocess.run(
        [environment(name), "-m", "argus_otel", "demo", "training", "--duration", "20", "--port", str(free_port())],
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"fits of {title}" in done.stdout
    assert re.search(r"All \d+ numbers agree", done.stdout)
    for counted in (f"{kind}: ok", kind):
        assert re.search(rf"│ {counted} +│ +[1-9]", done.stdout), counted
