from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from argus_otel.cli import export, main

from .conftest import Run

ROOT = Path(__file__).parents[2]
KINDS = ("dashboards", "rules", "collector")


def shipped(kind: str) -> dict[str, bytes]:
    """What a kind is to be written as, out of the repository, by the path below the directory."""
    grafana, collector = ROOT / "grafana", ROOT / "collector-config"
    rules = [*(ROOT / "prometheus" / "rules").glob("*.yaml"), ROOT / "docs" / "runbooks.md"]
    paths = {
        "dashboards": {
            path.relative_to(grafana).as_posix(): path
            for path in (*grafana.glob("dashboards/*.json"), *grafana.glob("provisioning/*/*.yaml"))
        },
        "rules": {path.name: path for path in rules},
        "collector": {path.name: path for path in collector.iterdir()},
    }
    return {name: path.read_bytes() for name, path in paths[kind].items()}


def written(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("kind", KINDS)
def test_it_writes_the_files_of_the_repository_and_says_what_to_do(argus: Run, tmp_path: Path, kind: str):
    told = argus("export", kind, "new/directory")
    assert (told.returncode, told.stderr) == (0, "")
    target = tmp_path / "new" / "directory"
    assert written(target) == shipped(kind)
    listed, _, then = told.stdout.partition("\n\n")
    assert set(listed.splitlines()) == {str(Path("new", "directory", name)) for name in shipped(kind)}
    assert str(target) in then  # by a path that a config can have


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_time_changes_nothing(tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]):
    assert main(["export", kind, str(tmp_path)]) == 0
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    capsys.readouterr()
    assert main(["export", kind, str(tmp_path)]) == 0
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    assert capsys.readouterr().out.count("(as it was)") == len(shipped(kind))


def test_what_was_changed_is_not_written_over_without_force(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    main(["export", "rules", str(tmp_path)])
    (tmp_path / "collector.yaml").write_text("groups: []")
    (tmp_path / "argus-otel.yaml").unlink()
    assert main(["export", "rules", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert "1 of these files is there and different, and nothing was written" in error
    assert str(tmp_path / "collector.yaml") in error
    assert "--force" in error
    assert not (tmp_path / "argus-otel.yaml").exists()
    assert main(["export", "rules", str(tmp_path), "--force"]) == 0
    assert written(tmp_path) == shipped("rules")


@pytest.mark.parametrize("kind", ["rules", "dashboards"])
def test_alerts_link_to_where_the_runbooks_are(tmp_path: Path, kind: str):
    assert main(["export", kind, str(tmp_path), "--runbooks", "https://wiki.example.com/runbooks"]) == 0
    links: list[str] = []
    for path in tmp_path.rglob("*.yaml"):
        for group in yaml.safe_load(path.read_text(encoding="utf-8")).get("groups", ()):
            annotations = [rule["annotations"] for rule in group["rules"] if "annotations" in rule]
            assert not [each for each in annotations if "runbook" in each]
            links += [each["runbook_url"] for each in annotations]
    assert len(links) > 20
    headings = re.findall(r"^### (.*)$", (ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(links) <= {f"https://wiki.example.com/runbooks#{heading.lower()}" for heading in headings}
    # Nothing else is different.
    for name, text in shipped(kind).items():
        relative = text.replace(b"runbook: docs/runbooks.md#", b"runbook_url: https://wiki.example.com/runbooks#")
        assert (tmp_path / name).read_bytes() == relative


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("export",), "required"),
        (("export", "rules"), "DIR"),
        (("export", "dashboard", "x"), "invalid choice: 'dashboard'"),
        (("export", "rules", "x", "--runbooks", "wiki"), "is not a URL like"),
        (("export", "collector", "x", "--runbooks", "https://wiki.example.com"), "collector has none"),
    ],
)
def test_wrong_usage_is_told(argus: Run, tmp_path: Path, words: tuple[str, ...], says: str):
    told = argus(*words)
    assert told.returncode == 2
    assert says in told.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_a_file_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "here").write_text("")
    assert main(["export", "rules", str(tmp_path / "here")]) == 1
    assert capsys.readouterr().err == f"argus-otel export: {tmp_path / 'here'} is a file: name a directory\n"
    assert main(["export", "rules", str(tmp_path / "here" / "below")]) == 1
    assert "name a directory that can be written to" in capsys.readouterr().err


def test_an_installation_without_the_files_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(export, "_PACKAGED", tmp_path / "nowhere")
    monkeypatch.setattr(export, "_REPOSITORY", tmp_path)
    assert main(["export", "rules", str(tmp_path / "new")]) == 1
    assert "this installation has no rules" in capsys.readouterr().err


def test_help_teaches(argus: Run):
    told = argus("export", "--help").stdout
    assert "examples:\n  argus-otel export dashboards grafana\n" in told
    for word in ("dashboards|rules|collector", "--force", "--runbooks URL"):
        assert word in told
