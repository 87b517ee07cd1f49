from __future__ import annotations

import functools
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from argus_otel.cli import assets, main
from argus_otel.discovery import installed

from .conftest import Run

ROOT = Path(__file__).parents[2]
KINDS = ("dashboards", "rules", "collector")


def shipped(kind: str, *sources: str) -> dict[str, bytes]:
    """Return the files that a kind is to be written as, from the repository, by the path below the directory.

    With ``sources``, only those of their names besides the ones that every export has.
    """
    grafana, rules, runbooks = ROOT / "grafana", ROOT / "prometheus" / "rules", ROOT / "docs" / "runbooks"
    paths = {
        "dashboards": {
            path.relative_to(grafana).as_posix(): (path, of)
            for path, of in (
                *((path, path.parent.name) for path in grafana.glob("dashboards/*/*.json")),
                *((path, path.stem) for path in grafana.glob("provisioning/alerting/*.yaml")),
                *((path, "") for path in grafana.glob("provisioning/d*/*.yaml")),
            )
        },
        "rules": {path.name: (path, path.stem.partition("-")[0]) for path in rules.glob("*.yaml")}
        | {f"runbooks/{path.name}": (path, path.stem.replace("README", "")) for path in runbooks.glob("*.md")}
        | {
            f"{part}/{path.name}": (path, "")
            for part in ("alertmanager", "victoriametrics")
            for path in (ROOT / part).glob("*.yaml")
        },
        "collector": {path.name: (path, "") for path in (ROOT / "collector-config").iterdir()},
    }
    wanted = {"", "argus", *sources}
    return {name: path.read_bytes() for name, (path, of) in paths[kind].items() if not sources or of in wanted}


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
    (tmp_path / "argus-collector.yaml").write_text("groups: []")
    (tmp_path / "argus.yaml").unlink()
    assert main(["export", "rules", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert "1 of these files is there and different, and nothing was written" in error
    assert str(tmp_path / "argus-collector.yaml") in error
    assert "--force" in error
    assert not (tmp_path / "argus.yaml").exists()
    assert main(["export", "rules", str(tmp_path), "--force"]) == 0
    assert written(tmp_path) == shipped("rules")


@pytest.mark.parametrize("kind", ["rules", "dashboards"])
@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://wiki.example.com/runbooks", "https://wiki.example.com/runbooks/{}.md"),
        ("https://wiki.example.com/runbooks-{source}", "https://wiki.example.com/runbooks-{}"),
    ],
)
def test_alerts_link_to_the_users_copy_of_the_runbooks(tmp_path: Path, kind: str, url: str, page: str):
    assert main(["export", kind, str(tmp_path), "--runbooks", url]) == 0
    links: list[str] = []
    for path in tmp_path.rglob("*.yaml"):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for group in document.get("groups", ()) if isinstance(document, dict) else ():
            annotations = [rule["annotations"] for rule in group["rules"] if "annotations" in rule]
            assert not [each for each in annotations if "runbook" in each]
            links += [each["runbook_url"] for each in annotations]
    assert len(links) > 20
    sections = {
        f"{page.format(path.stem)}#{heading.lower()}"
        for path in (ROOT / "docs" / "runbooks").glob("*.md")
        for heading in re.findall(r"^### (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert set(links) <= sections
    # Nothing else is different.
    for name, text in shipped(kind).items():
        linked = re.sub(r"\brunbook: docs/runbooks/(\w+)\.md#", lambda found: f"runbook_url: {page.format(found[1])}#",
                        text.decode()) if name.endswith(".yaml") else text.decode()  # fmt: skip
        assert (tmp_path / name).read_text(encoding="utf-8") == linked


# -- by source


SOURCES = [name for name in installed().specs if any((ROOT / "grafana" / "dashboards").glob(f"{name}/*.json"))]


@pytest.mark.parametrize("kind", ["dashboards", "rules"])
@pytest.mark.parametrize("source", SOURCES)
def test_a_source_is_exported_by_itself_besides_the_files_on_argus_otel(tmp_path: Path, kind: str, source: str):
    assert main(["export", kind, str(tmp_path), "--source", source]) == 0
    assert written(tmp_path) == shipped(kind, source)
    assert written(tmp_path) != shipped(kind)


def test_several_sources_may_be_named(tmp_path: Path):
    words = [word for source in SOURCES for word in ("--source", source)]
    assert main(["export", "dashboards", str(tmp_path), *words]) == 0
    assert written(tmp_path) == shipped("dashboards", *SOURCES)


def test_an_unknown_source_is_refused_and_the_installed_ones_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["export", "rules", str(tmp_path / "new"), "--source", "nonsense"]) == 1
    error = capsys.readouterr().err
    assert f"there is no source 'nonsense'; installed are {', '.join(installed().specs)}" in error
    assert not (tmp_path / "new").exists()


@pytest.fixture
def queue(argus: Run, tmp_path: Path, distribution: Callable[..., str]) -> Callable[..., Run]:
    """Return a function that installs another distribution's source, ``queue``, and returns a command that sees it."""

    def install(assets: str | None, *, api: int = 1) -> Run:
        spec = (
            "from argus_otel.sources.spec import SourceSpec\n"
            f"SPEC = SourceSpec('queue', api={api}, title='queues', factory='queue_source:make',"
            f" catalogue='queue_source:CATALOGUE', assets={assets!r})\n"
        )
        entry_points = "[argus_otel_source]\nqueue = queue_source:SPEC\n"
        path = distribution("queue-source", "1", entry_points, queue_source=spec)
        (tmp_path / "site" / "queue_package").mkdir()
        return functools.partial(argus, PYTHONPATH=path)

    return install


FILES = {
    "grafana/dashboards/queue/queues.json": "dashboards/queue/queues.json",
    "grafana/provisioning/alerting/queue.yaml": "provisioning/alerting/queue.yaml",
    "prometheus/rules/queue.yaml": "queue.yaml",
    "prometheus/rules/queue-slo.yaml": "queue-slo.yaml",
    "docs/runbooks/queue.md": "runbooks/queue.md",
}
NOT_ITS_OWN = ("grafana/dashboards/other/x.json", "prometheus/rules/queues.yaml", "prometheus/rules/argus.yaml")


@pytest.mark.parametrize(("kind", "number"), [("dashboards", 2), ("rules", 3)])
@pytest.mark.parametrize("named", [True, False])
def test_another_distributions_source_brings_its_files(
    queue: Callable[..., Run], tmp_path: Path, kind: str, number: int, named: bool
):
    argus = queue("queue_package:files")
    for name in (*FILES, *NOT_ITS_OWN):
        path = tmp_path / "site" / "queue_package" / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"queue: {name}")
    told = argus("export", kind, "out", *(("--source", "queue") if named else ()))
    assert (told.returncode, told.stderr) == (0, "")
    ours = shipped(kind, "argus") if named else shipped(kind)
    more = {name: text for name, text in written(tmp_path / "out").items() if name not in ours}
    assert {name: text for name, text in written(tmp_path / "out").items() if name in ours} == ours
    expected = {to: f"queue: {name}".encode() for name, to in FILES.items()}
    assert more.items() <= expected.items()
    assert len(more) == number


def test_a_source_without_assets_is_no_error(tmp_path: Path, queue: Callable[..., Run]):
    argus = queue(None)
    told = argus("export", "rules", "out", "--source", "queue")
    assert (told.returncode, told.stderr) == (0, "")
    assert written(tmp_path / "out") == shipped("rules", "argus")


@pytest.mark.parametrize(
    ("assets", "says"),
    [
        ("queue_package:nowhere", "should be in queue_package:nowhere, and there is no such directory"),
        ("no_such_package:files", "should be in no_such_package:files: No module named 'no_such_package'"),
    ],
)
def test_assets_that_are_missing_are_reported_and_keep_no_other_source_from_its_export(
    tmp_path: Path, queue: Callable[..., Run], assets: str, says: str
):
    argus = queue(assets)
    told = argus("export", "rules", "out")
    assert told.returncode == 0
    assert says in told.stderr
    assert written(tmp_path / "out") == shipped("rules")
    told = argus("export", "rules", "other", "--source", "queue")
    assert told.returncode == 1
    assert says in told.stderr
    assert not (tmp_path / "other").exists()


def test_a_source_that_cannot_be_used_is_refused_with_the_reason(queue: Callable[..., Run]):
    argus = queue(None, api=99)
    told = argus("export", "rules", "out", "--source", "queue")
    assert told.returncode == 1
    assert "the source 'queue' is installed and cannot be used: it is written for version 99" in told.stderr


def test_a_checkout_of_another_distribution_has_its_files_at_its_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    package = tmp_path / "repository" / "src" / "checked_out_source"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(package.parent)
    assert assets.directory("checked_out_source:files") is None
    (tmp_path / "repository" / "pyproject.toml").write_text("")
    assert assets.directory("checked_out_source:files") == tmp_path / "repository"
    (package / "files").mkdir()
    assert assets.directory("checked_out_source:files") == package / "files"


# -- what is refused


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("export",), "required"),
        (("export", "rules"), "DIR"),
        (("export", "dashboard", "x"), "invalid choice: 'dashboard'"),
        (("export", "rules", "x", "--runbooks", "wiki"), "is not a URL like"),
        (("export", "collector", "x", "--runbooks", "https://wiki.example.com"), "configurations have none"),
        (("export", "collector", "x", "--source", "process"), "--source is for dashboards and rules"),
    ],
)
def test_wrong_usage_is_explained(argus: Run, tmp_path: Path, words: tuple[str, ...], says: str):
    told = argus(*words)
    assert told.returncode == 2
    assert says in told.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_a_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "here").write_text("")
    assert main(["export", "rules", str(tmp_path / "here")]) == 1
    assert capsys.readouterr().err == f"argus-otel export: {tmp_path / 'here'} is a file: name a directory\n"
    assert main(["export", "rules", str(tmp_path / "here" / "below")]) == 1
    assert "name a directory that can be written to" in capsys.readouterr().err


def test_an_installation_without_the_files_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(assets, "directory", lambda _: tmp_path / "empty")
    assert main(["export", "rules", str(tmp_path / "new")]) == 1
    assert "this installation has no rules" in capsys.readouterr().err


def test_help_teaches(argus: Run):
    told = argus("export", "--help").stdout
    assert "examples:\n  argus-otel export dashboards grafana\n" in told
    for word in ("dashboards|rules|collector", "--source NAME", "--force", "--runbooks URL"):
        assert word in told
