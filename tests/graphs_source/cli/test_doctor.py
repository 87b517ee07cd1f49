"""What ``argus-otel doctor`` says of agent graphs."""

from __future__ import annotations

import os
import re
from importlib.metadata import version
from pathlib import Path

import pytest

from argus_otel.settings import Settings
from argus_otel.sources.graphs.cli import doctor
from argus_otel.terminal.findings import Look

Told = list[tuple[str, str, str, str]]


def told(**variables: str) -> Told:
    settings = Settings.resolve(variables)
    look = Look({**os.environ, **variables}, settings, network=False, status={})
    found = [finding for check in doctor.CHECKS for finding in check(look)]
    assert all(finding.group == "LangGraph" for finding in found)
    return [(finding.name, finding.status.value, finding.detail, finding.remedy) for finding in found]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of packages, into which another instrumentation is installed."""
    made = tmp_path / "openinference_instrumentation_langchain-0.1.80.dist-info"
    made.mkdir()
    made.joinpath("METADATA").write_text(
        "Metadata-Version: 2.1\nName: openinference-instrumentation-langchain\nVersion: 0.1.80\n"
    )
    made.joinpath("entry_points.txt").write_text(
        "[opentelemetry_instrumentor]\nlangchain = openinference.instrumentation.langchain:LangChainInstrumentor\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_the_hooks_are_there() -> None:
    imported, hooks = told()
    assert imported == ("import", "ok", f"langgraph {version('langgraph')}", "")
    assert hooks[:2] == ("hooks", "ok")
    assert re.fullmatch(r"(\d\d) of \1 patch targets exist", hooks[2])


def test_a_hook_whose_target_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    program = doctor._PROBE.replace(
        "telemetry = ", "from langchain_core.tools.base import BaseTool\ndel BaseTool.arun\ntelemetry = "
    )
    monkeypatch.setattr(doctor, "_PROBE", program)
    found = {name: (status, detail, remedy) for name, status, detail, remedy in told()}
    assert found["hooks"][0] == "warn"
    [missing] = [name for name in found if name.startswith("hook ")]
    assert missing == "hook tools langchain_core.tools.base.BaseTool.arun"
    assert "is missing in the installed version" in found[missing][1]


def test_where_callbacks_observe_nodes_it_says_what_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    program = doctor._PROBE.replace(
        "telemetry = ",
        "from argus_otel.sources.graphs import nodes\nnodes._PACKAGE = 'langgraph.elsewhere'\ntelemetry = ",
    )
    monkeypatch.setattr(doctor, "_PROBE", program)
    (_, hooks, *absent, degraded) = told()
    assert hooks[1:3] == ("warn", "11 of 13 patch targets exist")
    assert [name for name, *_ in absent] == [
        f"hook nodes langgraph.elsewhere._runner.{name}" for name in ("run_with_retry", "arun_with_retry")
    ]
    name, status, detail, remedy = degraded
    assert (name, status) == ("degraded", "warn")
    assert "Gates stop nothing, and validators and judges do not run." in detail
    assert remedy == "pip install -U argus-otel; if it is the newest already, please report it"


def test_a_library_that_cannot_be_imported(tmp_path: Path) -> None:
    broken = tmp_path / "langgraph"
    broken.mkdir()
    broken.joinpath("__init__.py").write_text("raise RuntimeError('broken')")
    [found] = told(PYTHONPATH=str(tmp_path))
    assert found[:3] == ("import", "fail", "RuntimeError: broken")
    assert found[3] == "python -c 'import langgraph.pregel' shows the whole traceback"


def test_one_that_is_superseded_is_no_problem(installed: Path) -> None:
    (*_, found) = told()
    assert found[:2] == ("double spans", "ok")
    assert found[2] == (
        "openinference-instrumentation-langchain 0.1.80 is switched off once LangGraph is imported, since each span "
        "would be made twice; OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=langgraph keeps it instead"
    )


def test_one_that_cannot_be_switched_off_is_named(installed: Path) -> None:
    metadata = next(installed.rglob("METADATA"))
    metadata.write_text(
        metadata.read_text().replace("openinference-instrumentation-", "opentelemetry-instrumentation-")
    )
    (*_, found) = told()
    name, status, detail, remedy = found
    assert (name, status) == ("double spans", "warn")
    assert detail.startswith(
        "opentelemetry-instrumentation-langchain 0.1.80 observes LangChain too: graphs, models and"
    )
    assert remedy == (
        "pip uninstall opentelemetry-instrumentation-langchain, or OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=langchain"
    )


def test_one_that_is_switched_off_is_no_problem(installed: Path) -> None:
    (*_, found) = told(OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="langchain")
    assert found[:3] == (
        "double spans",
        "ok",
        "openinference-instrumentation-langchain 0.1.80 is switched off: langchain",
    )


def test_without_langgraph_nothing_is_said(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "installed_version", lambda _: None)
    assert told() == []
