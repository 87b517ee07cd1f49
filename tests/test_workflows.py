"""The workflows: everything they run is pinned, and a release is built and published in separate jobs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tools import matrix_env
from tools.training_envs import ENVIRONMENTS, PEERS

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
EACH = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
DOWNLOADS = "actions/download-artifact"
MAY_PUBLISH = {DOWNLOADS, "actions/attest", "pypa/gh-action-pypi-publish"}


def loaded(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def release() -> dict[str, Any]:
    return loaded(ROOT / ".github" / "workflows" / "release.yml")["jobs"]


def commands(job: dict[str, Any]) -> str:
    return "\n".join(step.get("run", "") for step in job["steps"])


def actions(job: dict[str, Any]) -> list[str]:
    return [step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step]


@EACH
def test_each_action_is_named_by_its_commit_with_the_version_beside_it(path: Path) -> None:
    used = re.findall(r"^ *-? *uses: (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert used
    for action in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+(, .*)?", action), action


def test_one_action_is_of_one_commit_everywhere() -> None:
    texts = "\n".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)
    commits: dict[str, set[tuple[str, str]]] = {}
    for name, commit, version in re.findall(r"uses: (\S+)@(\w+) # (v[\d.]+)", texts):
        commits.setdefault(name, set()).add((commit, version))
    assert {name: found for name, found in commits.items() if len(found) > 1} == {}


@EACH
def test_no_text_of_somebody_elses_is_put_into_a_command(path: Path) -> None:
    for name, job in loaded(path)["jobs"].items():
        for expression in re.findall(r"\$\{\{(.*?)\}\}", commands(job)):
            assert re.fullmatch(r" *matrix\.\w+ *", expression), f"{name}: {expression}"


@EACH
def test_no_workflow_runs_with_rights_for_what_a_stranger_wrote(path: Path) -> None:
    # "on" is true in YAML 1.1
    assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(loaded(path)[True])


@EACH
def test_no_credentials_are_left_in_a_checkout(path: Path) -> None:
    for job in loaded(path)["jobs"].values():
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_main_branches_of_others_are_tried_by_schedule_and_by_hand_and_block_nothing() -> None:
    job = loaded(ROOT / ".github" / "workflows" / "test.yml")["jobs"]["main-branches"]
    assert job["continue-on-error"] is True
    assert set(re.findall(r"== '(\w+)'", job["if"])) == {"schedule", "workflow_dispatch"}
    assert job["strategy"]["matrix"]["main"] == list(matrix_env.MAINS)
    assert "MAIN=${{ matrix.main }}" in commands(job)


def test_each_package_of_opentelemetrys_that_is_locked_has_its_place_on_a_main_branch() -> None:
    locked = set(re.findall(r'^name = "(opentelemetry-[\w-]+)"$', (ROOT / "uv.lock").read_text(), re.MULTILINE))
    peers = {
        "opentelemetry-distro",
        "opentelemetry-instrumentation-discordpy",
        "opentelemetry-instrumentation-genai-langchain",
        "opentelemetry-util-genai",
    }
    assert set(matrix_env.MAINS["opentelemetry"]) == locked - peers
    assert matrix_env.overrides("discord.py") == ["discord.py[speed] @ git+https://github.com/Rapptz/discord.py@master"]
    assert "#subdirectory=exporter/opentelemetry-exporter-prometheus" in "".join(matrix_env.overrides("opentelemetry"))


def test_each_environment_with_frameworks_that_train_is_tried_each_night_and_by_hand() -> None:
    workflow = loaded(ROOT / ".github" / "workflows" / "training.yml")
    assert set(workflow[True]) == {"schedule", "workflow_dispatch"}
    assert re.fullmatch(r"\d+ \d+ \* \* \*", workflow[True]["schedule"][0]["cron"])
    (job,) = workflow["jobs"].values()
    assert job["strategy"]["matrix"]["environment"] == [name for name in ENVIRONMENTS if name != PEERS]
    assert "make test-training TRAINING=${{ matrix.environment }}" in commands(job)
    (cache,) = (step["with"] for step in job["steps"] if step.get("uses", "").startswith("actions/cache@"))
    (place,) = (step for step in job["steps"] if "id" in step)
    assert cache["path"] == f"${{{{ steps.{place['id']}.outputs.path }}}}"
    assert cache["path"] in cache["key"]
    assert "tools/training_envs.py --path ${{ matrix.environment }}" in place["run"]


def test_what_is_published_is_built_by_a_job_that_runs_nothing_else() -> None:
    build = release()["build"]
    assert set(actions(build)) == {"actions/checkout", "actions/upload-artifact"}
    assert build["permissions"] == {"contents": "read"}
    assert "needs" not in build
    ran = commands(build)
    assert 'uv build --package "$PACKAGE" --build-constraint constraints/build.txt --require-hashes' in ran
    assert "--require-hashes --only-binary :all: --requirement constraints/uv.txt" in ran
    for other in ("sync", "pytest", "uvx", "tool run", "uv run", "twine"):
        assert other not in ran
    uploading = [name for name, job in release().items() if "actions/upload-artifact" in actions(job)]
    assert uploading == ["build"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("tag", "package", "version"),
    [("v0.1.0", "argus-otel", "0.1.0"), ("discord-simulator-v1.2.3", "discord-simulator", "1.2.3")],
)
def test_a_tag_names_the_package_that_is_released(tmp_path: Path, tag: str, package: str, version: str) -> None:
    (script,) = (step["run"] for step in release()["build"]["steps"] if "case" in step.get("run", ""))
    (check,) = (step["run"] for step in release()["check"]["steps"] if "--version" in step.get("run", ""))
    directory = tmp_path / ("" if package == "argus-otel" else f"packages/{package}")
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "CHANGELOG.md").write_text(f"## [{version}] - 2026-01-01\n\nWords.\n\n## [0.0.1]\n", encoding="utf-8")
    told = f'uv() {{ if [ "$1" = version ]; then echo {version}; fi; echo "$*" >> asked; }}\n'
    environment = {"PATH": os.environ["PATH"], "GITHUB_REF_NAME": tag, "GITHUB_ENV": "environment"}
    subprocess.run(["bash", "-euc", told + script + check], cwd=tmp_path, env=environment, check=True)
    asked = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    assert asked[0] == f"version --short --package {package}"
    assert asked[1].endswith(f" {package} --version")
    assert (tmp_path / "notes.md").read_text(encoding="utf-8").strip() == "Words."
    assert f"PACKAGE={package}\n" in (tmp_path / "environment").read_text(encoding="utf-8")


def test_what_is_published_is_tested_and_checked_before() -> None:
    jobs = release()
    needed, waiting = set(), ["publish"]
    while waiting:
        needs = jobs[waiting.pop()].get("needs", [])
        waiting += [needs] if isinstance(needs, str) else needs
        needed |= set(waiting)
    assert needed == {"test", "check", "build"}
    assert "pytest" in commands(jobs["test"])
    assert "twine check --strict" in commands(jobs["check"])
    assert "--require-hashes --only-binary :all: --requirements constraints/check.txt" in commands(jobs["check"])


def test_the_one_job_that_may_sign_and_publish_runs_no_command_and_takes_what_was_built() -> None:
    jobs = release()
    signing = [name for name, job in jobs.items() if job["permissions"].get("id-token") == "write"]
    assert signing == ["publish"]
    publish = jobs["publish"]
    assert publish["permissions"] == {"id-token": "write", "attestations": "write"}
    assert publish["environment"] == "pypi"
    assert commands(publish).strip() == ""
    assert set(actions(publish)) == MAY_PUBLISH
    assert publish["steps"][0]["uses"].startswith(DOWNLOADS)
    (upload,) = (step for step in publish["steps"] if "pypi-publish" in step["uses"])
    assert "with" not in upload  # no password, no other index: PyPI knows the workflow


def test_no_secret_is_kept_for_a_release() -> None:
    for path in WORKFLOWS:
        assert "secrets." not in path.read_text(encoding="utf-8")
    assert release()["github"]["permissions"] == {"contents": "write"}
    for job in release().values():
        assert job["permissions"].keys() <= {"contents", "id-token", "attestations"}


def test_dependabot_proposes_newer_ones_of_all_that_is_pinned() -> None:
    updates = loaded(ROOT / ".github" / "dependabot.yml")["updates"]
    kinds = {
        (one["package-ecosystem"], place) for one in updates for place in one.get("directories", [one.get("directory")])
    }
    assert kinds == {
        ("uv", "/"),
        ("pip", "/constraints"),
        ("github-actions", "/"),
        ("docker", "/"),
        ("docker", "/examples/kubernetes"),
        ("docker-compose", "/"),
    }


def test_each_file_of_hashes_says_how_it_is_made_and_pins_what_is_asked_for() -> None:
    for asked in (ROOT / "constraints").glob("*.in"):
        pinned = asked.with_suffix(".txt").read_text(encoding="utf-8")
        names = re.findall(r"^([a-z-]+)", asked.read_text(encoding="utf-8"), re.MULTILINE)
        assert f"constraints/{asked.name} --output-file constraints/{asked.stem}.txt" in pinned
        for name in names:
            assert re.search(rf"^{name}==\S+ \\$", pinned, re.MULTILINE)
    assert 'requires = ["hatchling>=1.27"]' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert "hatchling>=1.27" in (ROOT / "constraints" / "build.in").read_text(encoding="utf-8")
