"""`make collector`, except for the build itself, on which all other tests here depend."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools import collector


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(collector.ROOT / "tools" / "collector.py"), *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_place_is_that_of_the_manifest_in_the_users_cache(tmp_path: Path):
    told = run("--path", XDG_CACHE_HOME=str(tmp_path))
    place = Path(told.stdout.strip())
    assert told.returncode == 0
    assert place.relative_to(tmp_path).parts[:2] == ("argus-otel", "collector")
    assert place.stem == "argus-otelcol"
    assert not place.exists()


def test_another_comment_is_no_other_collector_and_another_component_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shipped = collector.binary()
    text = collector.MANIFEST.read_text(encoding="utf-8")
    changed = tmp_path / "builder.yaml"
    monkeypatch.setattr(collector, "MANIFEST", changed)
    changed.write_text("# One more.\n\n" + text, encoding="utf-8")
    assert collector.binary() == shipped
    changed.write_text(text.replace("processor/batchprocessor", "processor/otherprocessor"), encoding="utf-8")
    assert collector.binary() != shipped


def test_what_is_built_already_is_not_built_again(tmp_path: Path):
    place = Path(run("--path", XDG_CACHE_HOME=str(tmp_path)).stdout.strip())
    place.parent.mkdir(parents=True)
    place.touch()
    told = run(XDG_CACHE_HOME=str(tmp_path), PATH="")  # no Go there, and none needed
    assert (told.returncode, told.stdout.strip(), told.stderr) == (0, str(place), "")


def test_without_go_it_says_what_to_install(tmp_path: Path):
    told = run(XDG_CACHE_HOME=str(tmp_path), PATH=str(tmp_path))
    assert told.returncode == 1
    assert told.stderr == (
        "collector: Go 1.26 or newer is needed, and no `go` is on PATH: https://go.dev/doc/install\n"
    )
