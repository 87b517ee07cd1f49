"""Which rows of checks the store removes by itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Los_Angeles"])
def test_fault_13_only_what_is_too_old_goes_and_all_of_it(tmp_path: Path, zone: str) -> None:
    command = [sys.executable, "-m", "tests.history.checks.retained", str(tmp_path)]
    environment = {**os.environ, "TZ": zone}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.stdout.split() == ["5", "50"], ended.stderr
