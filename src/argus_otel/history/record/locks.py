"""Locks on files. They end with the process that holds them, however it ends."""

from __future__ import annotations

import os
import sys

if sys.platform == "win32":
    import msvcrt

    # Locks a byte beyond every file: on Windows, other processes cannot read a locked one.
    _BEYOND = 1 << 30

    def lock(descriptor: int, *, shared: bool = False) -> bool:  # noqa: ARG001
        """Lock an open file unless another process holds it; return whether it is locked. Closing it unlocks it.

        Parameters
        ----------
        shared:
            Whether other processes may hold it too, as long as all of them share it. Windows shares none.
        """
        position = os.lseek(descriptor, 0, os.SEEK_CUR)
        try:
            os.lseek(descriptor, _BEYOND, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(descriptor, position, os.SEEK_SET)
        return True

else:
    import fcntl

    def lock(descriptor: int, *, shared: bool = False) -> bool:
        """Lock an open file unless another process holds it; return whether it is locked. Closing it unlocks it.

        Parameters
        ----------
        shared:
            Whether other processes may hold it too, as long as all of them share it. Windows shares none.
        """
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
