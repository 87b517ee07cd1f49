"""Tells whether a file was changed: edited in place, replaced by another one, or reached by another link."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

_Look: TypeAlias = "tuple[int, int, int, int] | None"


class FileWatch:
    """Watches one file by looking at it. No file is a state of it as any other."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = self._look()

    def changed(self) -> bool:
        """Whether it is another one than at the last look."""
        now = self._look()
        changed, self._seen = now != self._seen, now
        return changed

    def _look(self) -> _Look:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size
