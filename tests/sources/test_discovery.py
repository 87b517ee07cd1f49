"""Installed sources are found by their entry points, and one that cannot be used costs the others nothing."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path
from types import ModuleType

import pytest

from argus_otel.discovery import installed, judge, load
from argus_otel.sources.spec import API, GROUP, SourceSpec


def spec(name: str, api: int = API) -> SourceSpec:
    return SourceSpec(name, api=api, title=name, factory=f"{name}:Source", catalogue=f"{name}:CATALOGUE")


class Brought(Distribution):
    """A distribution that is named, and no more."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    def read_text(self, filename: str) -> str | None:
        return None

    def locate_file(self, path: object) -> Path:
        return Path(str(path))


def point(name: str, thing: object, distribution: str | None, monkeypatch: pytest.MonkeyPatch) -> EntryPoint:
    module = f"brought_{distribution or 'nobody'}_{name}".replace("-", "_")
    if distribution == "argus-otel":
        module = f"argus_otel.{module}"
    found = ModuleType(module)
    found.SPEC = thing  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module, found)
    entry = EntryPoint(name, f"{module}:SPEC", GROUP)
    return entry._for(Brought(distribution)) if distribution else entry


def test_ours_are_installed_in_the_order_of_the_documents() -> None:
    found = installed()
    assert list(found.specs)[:5] == ["checks", "discord", "graphs", "process", "system"]
    assert [problem for problem in found.problems if problem.name in found.specs] == []


def test_they_are_looked_for_once() -> None:
    assert installed() is installed()


def test_ours_come_first_and_then_others_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        point("zoo", spec("zoo"), "other", monkeypatch),
        point("discord", spec("discord"), "argus-otel", monkeypatch),
        point("ant", spec("ant"), "another", monkeypatch),
        point("process", spec("process"), "argus-otel", monkeypatch),
    ]
    assert list(judge(points).specs) == ["discord", "process", "ant", "zoo"]


def test_a_newer_contract_is_refused_with_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [point("new", spec("new", API + 1), "other", monkeypatch), point("old", spec("old"), "other", monkeypatch)]
    found = judge(points)
    assert list(found.specs) == ["old"]
    (problem,) = found.problems
    assert problem.name == "new"
    assert f"version {API + 1} of the source contract" in problem.detail
    assert f"this argus-otel has {API}" in problem.detail


def test_one_that_cannot_be_loaded_is_named_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_source.py").write_text("raise RuntimeError('out of order')\n")
    monkeypatch.syspath_prepend(tmp_path)
    points = [
        EntryPoint("broken", "broken_source:SPEC", GROUP),
        EntryPoint("absent", "no_such_module:SPEC", GROUP),
        EntryPoint("nameless", "argus_otel.sources.discord:NO_SUCH_NAME", GROUP),
        point("fine", spec("fine"), None, monkeypatch),
    ]
    found = judge(points)
    assert list(found.specs) == ["fine"]
    details = {problem.name: problem.detail for problem in found.problems}
    assert "out of order" in details["broken"]
    assert "no_such_module" in details["absent"]
    assert "NO_SUCH_NAME" in details["nameless"]


def test_what_is_no_specification_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = judge([point("odd", {"name": "odd"}, None, monkeypatch)])
    assert found.specs == {}
    assert "has to name a SourceSpec" in found.problems[0].detail


def test_both_names_have_to_be_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    found = judge([point("queue", spec("queues"), None, monkeypatch)])
    assert found.specs == {}
    assert "'queues'" in found.problems[0].detail


def test_of_two_with_one_name_the_first_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = spec("discord"), spec("discord")
    points = [point("discord", second, "impostor", monkeypatch), point("discord", first, "argus-otel", monkeypatch)]
    found = judge(points)
    assert found.specs["discord"] is first
    (problem,) = found.problems
    assert problem.name == "discord"
    assert problem.detail.startswith("impostor brings a second source of this name")


def test_no_metadata_is_parsed_to_find_them() -> None:
    """A start reads the list of entry points and no more: the metadata have the whole README in them."""
    code = (
        "from importlib.metadata import Distribution\n"
        "Distribution.metadata = property(lambda self: print('parsed', self._path))\n"
        "from argus_otel.discovery import installed\n"
        "print(*installed().specs)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.startswith("checks discord graphs process system"), run.stdout


@pytest.mark.parametrize("name", list(installed().specs))
def test_everything_that_a_specification_names_is_there(name: str) -> None:
    found = installed().specs[name]
    fields = ("factory", "catalogue", "settings", "resource", "references", "history", "commands", "panels", "doctor")
    for reference in (getattr(found, field) for field in fields):
        assert reference is None or load(reference) is not None
