"""Finds the backends that ``tools/backends.py`` builds."""

from __future__ import annotations

import pytest

from tools.backends import PROGRAMS


def built(name: str) -> str:
    """Return the path of a program's binary; skip the test if it is not built."""
    path = PROGRAMS[name].path
    if not path.exists():
        pytest.skip(f"needs {PROGRAMS[name].binary}: make backends (or python3 tools/backends.py {name})")
    return str(path)
