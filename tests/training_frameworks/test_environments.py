"""Clones share the packages of an environment, and each observes with argus-otel as the clone has it."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from tools import training_envs
from tools.training_envs import ENVIRONMENTS, ROOT

from .programs import environment

ASK = """
import argus_otel, json, wrapt
from importlib.metadata import entry_points
print(json.dumps({
    "argus_otel": argus_otel.__file__,
    "packages": wrapt.__file__,
    "sources": sorted(each.value for each in entry_points(group="argus_otel_source")),
    "callbacks": [each.value for each in entry_points(group="lightning.pytorch.callbacks_factory")],
}))
"""


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that the tool takes for another clone."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    monkeypatch.setattr(training_envs, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_another_clone_has_the_same_packages_and_an_interpreter_of_its_own(
    name: str, request: pytest.FixtureRequest
) -> None:
    mine = ENVIRONMENTS[name].packages, ENVIRONMENTS[name].python
    clone: Path = request.getfixturevalue("clone")
    assert ENVIRONMENTS[name].packages == mine[0]
    assert ENVIRONMENTS[name].python != mine[1]
    assert ENVIRONMENTS[name].python.is_relative_to(clone)
    assert not ENVIRONMENTS[name].ready


def test_a_clone_that_requires_something_else_has_packages_of_its_own(request: pytest.FixtureRequest) -> None:
    mine = ENVIRONMENTS["keras"].packages
    file = request.getfixturevalue("clone") / "pyproject.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('"wrapt>=1.16,<3"', '"wrapt>=1.17,<3"', 1))
    assert ENVIRONMENTS["keras"].packages != mine
    assert ENVIRONMENTS["keras"].packages.parent == mine.parent


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_argus_otel_and_its_entry_points_are_this_clones(name: str) -> None:
    done = subprocess.run([environment(name), "-c", ASK], capture_output=True, text=True, timeout=60, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    assert Path(told["argus_otel"]).is_relative_to(ROOT)
    assert Path(told["packages"]).is_relative_to(ENVIRONMENTS[name].packages)
    assert told["sources"] == sorted(each.value for each in entry_points(group="argus_otel_source"))
    assert told["callbacks"] == ["argus_otel.sources.training.factories:lightning"]
