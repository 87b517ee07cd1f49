"""Where uv is: on ``PATH``, or where ``make`` has put it on a machine that has none."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def find(path: str | None = None, root: Path = ROOT) -> list[str] | None:
    """Return the words that run uv, or ``None`` where there is none.

    Parameters
    ----------
    path:
        Where to look first, in the form of ``PATH``; by default that.
    root:
        The project's directory, whose ``build/tools`` has the one of make's.
    """
    candidates = (
        [shutil.which("uv", path=path) or ""],
        [shutil.which("uv", path=f"{root / 'build/tools/bin'}") or ""],
        [sys.executable, "-m", "uv"],
    )
    return next((words for words in candidates if words[0] and _runs(words)), None)


def _runs(words: list[str]) -> bool:
    """Whether it runs: pyenv's shim of a uv that another Python has is on ``PATH`` too."""
    try:
        return subprocess.run([*words, "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False
