from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_system_source_passes_the_contract() -> None:
    """In a process of its own: OpenTelemetry's instrumentation of the process cannot be taken back."""
    tests = Path(__file__).with_name("system_contract.py")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
