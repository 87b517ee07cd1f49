"""Each fault and each trap that the document names has tests, which exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "training-faults.md").read_text()

_NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")


def test_each_test_that_is_named_exists() -> None:
    named = _NAMED.findall(TEXT)
    assert len(named) > 40
    for file, test in named:
        folder = "training_frameworks" if file.startswith("/") else "training_source"
        path = ROOT / "tests" / folder / file.lstrip("/")
        assert path.is_file(), file
        assert re.search(rf"^def {test}\(", path.read_text(), re.MULTILINE), f"{file}::{test}"


def test_each_fault_and_each_trap_has_a_test() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and "::" in line]
    faults = [int(number) for number in re.findall(r"^\| (\d+) \|.*`[\w/]+\.py::\w+`", TEXT, re.MULTILINE)]
    assert sorted(set(faults)) == list(range(1, 19))
    assert len(rows) == len(faults) + 20
