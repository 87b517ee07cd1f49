"""Locks on files that last as long as their process, however that ends.

On POSIX systems a record lock: it belongs to a process, so that a forked child neither has it nor releases it. On
Windows a file that is open cannot be removed, which is enough.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import BinaryIO


def hold(path: Path) -> BinaryIO:
    """Create a file and lock it; return the open file, which has to be kept.

    No other process finds the file before it is locked, since it gets its name afterwards.

    Raises
    ------
    OSError
        It cannot be created or locked.
    """
    if sys.platform == "win32":
        return path.open("xb")
    import fcntl

    aside = path.with_suffix(".locking")
    file = aside.open("xb")
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        aside.rename(path)
    except OSError:
        file.close()
        aside.unlink(missing_ok=True)
        raise
    return file


def is_held(path: Path) -> bool:
    """Return whether another process that runs holds the lock. This process must hold none on it, and would lose it.

    On Windows, the file is removed if no process does.
    """
    try:
        if sys.platform == "win32":
            path.unlink()
            return False
        import fcntl

        with path.open("r+b") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:  # it is held, or is another user's
        return True
    return False
