"""uv is found wherever the Makefile finds it or puts it, so that no test is skipped for want of it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tools import find_uv

pytestmark = pytest.mark.skipif(os.name == "nt", reason="make, which puts it there, is not used on Windows")


def program(directory: Path, body: str) -> Path:
    directory.mkdir(parents=True)
    path = directory / "uv"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def test_the_one_that_make_has_put_there_is_found_where_path_has_none(tmp_path: Path) -> None:
    mine = program(tmp_path / "build" / "tools" / "bin", "echo uv 1.0")
    assert find_uv.find(path="/nowhere", root=tmp_path) == [str(mine)]


def test_a_shim_on_path_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    program(tmp_path / "shims", "exit 127")
    mine = program(tmp_path / "build" / "tools" / "bin", "echo uv 1.0")
    assert find_uv.find(path=str(tmp_path / "shims"), root=tmp_path) == [str(mine)]


def test_the_one_on_path_comes_first(tmp_path: Path) -> None:
    first = program(tmp_path / "bin", "echo uv 1.0")
    program(tmp_path / "build" / "tools" / "bin", "echo uv 1.0")
    assert find_uv.find(path=str(tmp_path / "bin"), root=tmp_path) == [str(first)]


def test_make_puts_it_where_it_is_looked_for() -> None:
    read = subprocess.run(["make", "-pn", "help"], cwd=find_uv.ROOT, capture_output=True, text=True, check=False).stdout
    assert "TOOLS := build/tools" in read
