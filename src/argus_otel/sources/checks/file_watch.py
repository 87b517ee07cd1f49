"""Tells whether a file was changed: edited in place, replaced by another one, or reached by another link."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class _Look:
    device: int
    inode: int
    modified: int
    size: int


class FileWatch:
    """Watches one file by looking at it. No file is a state of it as any other.

    A file that replaces another one by a rename is complete. One that is written in place, or is missing, may be half
    of what it will be: it counts once two looks in a row have found it the same.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._used = self._last = self._look()

    def changed(self) -> bool:
        """Whether it is another one than when this was true last, or at the beginning."""
        now = self._look()
        settled = now == self._last or _is_another_file(now, self._last)
        self._last = now
        if now == self._used or not settled:
            return False
        self._used = now
        return True

    def _look(self) -> _Look | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return _Look(found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)


def _is_another_file(now: _Look | None, before: _Look | None) -> bool:
    return now is not None and before is not None and (now.device, now.inode) != (before.device, before.inode)
