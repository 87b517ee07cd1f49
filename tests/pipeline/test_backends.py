"""`make backends`, except for the builds themselves, on which other tests here depend."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools import backends
from tools.backends import PROGRAMS, ROOT, Module

EACH = pytest.mark.parametrize("name", PROGRAMS)


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools" / "backends.py"), *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@EACH
def test_each_has_its_place_in_the_users_cache(name: str, tmp_path: Path):
    told = run("--path", name, XDG_CACHE_HOME=str(tmp_path))
    place = Path(told.stdout.strip())
    assert told.returncode == 0
    assert place.relative_to(tmp_path).parts[:2] == ("argus-otel", name)
    assert place.name == PROGRAMS[name].binary
    assert not place.exists()


def test_all_of_them_are_meant_where_none_is_named(tmp_path: Path):
    told = run("--path", XDG_CACHE_HOME=str(tmp_path))
    assert len(told.stdout.split()) == len(set(told.stdout.split())) == len(PROGRAMS)


def test_another_comment_is_no_other_collector_and_another_component_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shipped = PROGRAMS["collector"].path
    text = backends.MANIFEST.read_text(encoding="utf-8")
    changed = tmp_path / "builder.yaml"
    monkeypatch.setattr(backends, "MANIFEST", changed)
    changed.write_text("# One more.\n\n" + text, encoding="utf-8")
    assert PROGRAMS["collector"].path == shipped
    changed.write_text(text.replace("processor/batchprocessor", "processor/otherprocessor"), encoding="utf-8")
    assert PROGRAMS["collector"].path != shipped


@pytest.mark.parametrize("program", [one for one in PROGRAMS.values() if isinstance(one, Module)], ids=lambda p: p.name)
def test_a_module_is_required_at_one_exact_version(program: Module):
    assert re.fullmatch(r"v\d+\.\d+\.\d+", program.release)
    assert f"require {program.module} {program.release}\n" in program.source()
    assert program.package.startswith(program.module)


def test_what_is_built_already_is_not_built_again(tmp_path: Path):
    place = Path(run("--path", "collector", XDG_CACHE_HOME=str(tmp_path)).stdout.strip())
    place.parent.mkdir(parents=True)
    place.touch()
    told = run("collector", XDG_CACHE_HOME=str(tmp_path), PATH="")  # no Go there, and none needed
    assert (told.returncode, told.stdout.strip(), told.stderr) == (0, str(place), "")


def test_without_go_each_says_what_to_install(tmp_path: Path):
    told = run("collector", "jaeger", XDG_CACHE_HOME=str(tmp_path), PATH=str(tmp_path))
    assert told.returncode == 1
    assert told.stderr.splitlines() == [
        f"{name}: Go 1.26 or newer is needed, and no `go` is on PATH: https://go.dev/doc/install"
        for name in ("collector", "jaeger")
    ]


def test_an_unknown_name_is_answered_with_those_that_there_are():
    told = run("grafana")
    assert told.returncode == 2
    assert "there is no 'grafana'; there are collector, prometheus" in told.stderr
