"""A program ends whatever its checks are doing, and nothing is reported of that."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from argus_otel.version import __version__

PROGRAM = """
import time
from argus_otel import checks
checks.start()
while not checks.statuses():
    time.sleep(0.01)
time.sleep({seconds})
print("done")
"""


@pytest.mark.parametrize("seconds", [0.0, 0.3, 0.9])
def test_a_program_that_ends_says_nothing_of_its_checks(seconds: float, tmp_path: Path) -> None:
    path = tmp_path / "checks.yaml"
    checks = "".join(f"  c{number}: {{http: 'http://localhost:9/', interval: 1s}}\n" for number in range(40))
    path.write_text(f"checks:\n{checks}")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(seconds=seconds))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARGUS_", "OTEL_"))}
    done = subprocess.run(
        [sys.executable, "-m", "argus_otel", "run", str(program)],
        env={**kept, "ARGUS_CHECKS_FILE": str(path), "ARGUS_ENDPOINT": "false"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "done\n")
    assert done.stderr == f"argus-otel {__version__}: checks of {path}; nothing is exported\n"
