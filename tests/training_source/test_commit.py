"""The commit of a working tree, read as git writes it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from argus_otel.sources.training.commit import commit_of

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="install git")


def git(directory: Path, *words: str) -> str:
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false")
    ran = subprocess.run(["git", *identity, *words], cwd=directory, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    directory = tmp_path / "tree"
    directory.mkdir()
    git(directory, "init", "-q", "-b", "main")
    git(directory, "commit", "-q", "--allow-empty", "-m", "first")
    return directory


def test_a_branch_a_folder_in_it_and_a_detached_head(tree: Path) -> None:
    expected = git(tree, "rev-parse", "HEAD")
    inner = tree / "a" / "b"
    inner.mkdir(parents=True)
    assert commit_of(tree) == commit_of(inner) == expected
    git(tree, "checkout", "-q", "--detach")
    assert commit_of(tree) == expected


def test_packed_references_and_a_worktree(tree: Path) -> None:
    expected = git(tree, "rev-parse", "HEAD")
    git(tree, "pack-refs", "--all")
    assert commit_of(tree) == expected
    git(tree, "worktree", "add", "-q", "-b", "other", str(tree.parent / "other"))
    git(tree.parent / "other", "commit", "-q", "--allow-empty", "-m", "second")
    assert commit_of(tree.parent / "other") == git(tree.parent / "other", "rev-parse", "HEAD") != expected


def test_a_submodule(tree: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    git(whole, "init", "-q")
    git(whole, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(tree), "part")
    assert commit_of(whole / "part") == git(tree, "rev-parse", "HEAD")


def test_no_repository_an_empty_one_and_a_broken_one(tmp_path: Path) -> None:
    assert commit_of(tmp_path) in ("", git_of_the_surroundings(tmp_path))
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "-q")
    assert commit_of(empty) == ""
    broken = tmp_path / "broken"
    (broken / ".git").mkdir(parents=True)
    (broken / ".git" / "HEAD").write_bytes(b"\xff\xfe")
    assert commit_of(broken) == ""


def git_of_the_surroundings(directory: Path) -> str:
    ran = subprocess.run(["git", "rev-parse", "HEAD"], cwd=directory, capture_output=True, text=True, check=False)
    return ran.stdout.strip()
