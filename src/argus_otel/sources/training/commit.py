"""The commit that a program is run from, read from the files of ``.git``: no process is started for it."""

from __future__ import annotations

import re
from pathlib import Path

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_MOST = 1 << 20
"""The most bytes that are read of a file."""


def commit_of(directory: Path) -> str:
    """Return the commit that is checked out in a directory or one above it; empty if there is none.

    https://git-scm.com/docs/gitrepository-layout says what the files hold.
    """
    for each in (directory, *directory.parents):
        git = each / ".git"
        try:
            if git.is_file():  # of a worktree or a submodule: it names the directory
                git = each / _text(git).removeprefix("gitdir:").strip()
            if git.is_dir():
                return _head_of(git)
        except (OSError, ValueError):
            return ""
    return ""


def _head_of(git: Path) -> str:
    head = _text(git / "HEAD")
    if not head.startswith("ref:"):
        return head if _COMMIT.fullmatch(head) else ""
    name = head.removeprefix("ref:").strip()
    common = git / "commondir"
    shared = git / _text(common) if common.is_file() else git
    for base in (git, shared):
        loose = base / name
        if loose.is_file():
            found = _text(loose)
            return found if _COMMIT.fullmatch(found) else ""
    packed = shared / "packed-refs"
    if packed.is_file():
        for line in _text(packed).splitlines():
            commit, _, ref = line.partition(" ")
            if ref == name and _COMMIT.fullmatch(commit):
                return commit
    return ""


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_MOST).decode("utf-8").strip()
