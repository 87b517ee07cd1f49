"""Each fault and each trap that the document names has tests, which exist."""

from __future__ import annotations

import re
from pathlib import Path

from .losses.cases import CASES

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


def test_each_fault_has_a_test() -> None:
    faults = [int(number) for number in re.findall(r"^\| (\d+) \|.*`[\w/]+\.py::\w+`", TEXT, re.MULTILINE)]
    assert sorted(set(faults)) == list(range(1, 19))


def test_each_trap_has_a_test() -> None:
    traps = TEXT.partition("## Traps")[2].partition("## What is lost")[0]
    rows = [
        row for row in re.findall(r"^\| .*", traps, re.MULTILINE) if not row.startswith(("| Trap |", "| Program |"))
    ]
    assert len(rows) >= 40
    assert [row for row in rows if not _NAMED.search(row)] == []


def test_each_row_of_the_table_of_losses_is_in_the_document() -> None:
    rows = re.findall(r"^\| ([^|]+) \|[ \d|]+$", TEXT.partition("## What is lost")[2], re.MULTILINE)
    assert rows == [case.name for case in CASES]
