"""Finds uv: on ``PATH``, or where ``make`` installed it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def find(path: str | None = None, root: Path = ROOT) -> list[str] | None:
    """Return the command that runs uv, or ``None`` if there is none.

    Parameters
    ----------
    path:
        The directories to search first, in the form of ``PATH``, which is the default.
    root:
        The project's directory, whose ``build/tools`` may have the uv that make installed.
    """
    candidates = (
        [shutil.which("uv", path=path) or ""],
        [shutil.which("uv", path=f"{root / 'build/tools/bin'}") or ""],
        [sys.executable, "-m", "uv"],
    )
    return next((words for words in candidates if words[0] and _runs(words)), None)


def _runs(words: list[str]) -> bool:
    """Whether it runs: ``PATH`` may have pyenv's shim of a uv that belongs to another Python."""
    try:
        return subprocess.run([*words, "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False
