"""What macOS tells of this process, by ``proc_pidinfo`` of its libproc. Imported at a collection."""

from __future__ import annotations

import ctypes
import os
import sys

_PROC_PIDTASKINFO = 4


class _TaskInfo(ctypes.Structure):
    """``struct proc_taskinfo`` of <sys/proc_info.h>."""

    _fields_ = (
        ("pti_virtual_size", ctypes.c_uint64),
        ("pti_resident_size", ctypes.c_uint64),
        ("pti_total_user", ctypes.c_uint64),
        ("pti_total_system", ctypes.c_uint64),
        ("pti_threads_user", ctypes.c_uint64),
        ("pti_threads_system", ctypes.c_uint64),
        ("pti_policy", ctypes.c_int32),
        ("pti_faults", ctypes.c_int32),
        ("pti_pageins", ctypes.c_int32),
        ("pti_cow_faults", ctypes.c_int32),
        ("pti_messages_sent", ctypes.c_int32),
        ("pti_messages_received", ctypes.c_int32),
        ("pti_syscalls_mach", ctypes.c_int32),
        ("pti_syscalls_unix", ctypes.c_int32),
        ("pti_csw", ctypes.c_int32),
        ("pti_threadnum", ctypes.c_int32),
        ("pti_numrunning", ctypes.c_int32),
        ("pti_priority", ctypes.c_int32),
    )


if sys.platform != "darwin":
    raise ImportError("this is not macOS")

_library = ctypes.CDLL(None, use_errno=True)
_library.proc_pidinfo.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_uint64, ctypes.c_void_p, ctypes.c_int)
_library.proc_pidinfo.restype = ctypes.c_int


def memory() -> int:
    """Return the resident memory, in bytes."""
    return _task_info().pti_resident_size


def threads() -> int:
    """Return the number of threads, including those that Python does not know."""
    return _task_info().pti_threadnum


def file_descriptors() -> int:
    """Return the number of open file descriptors."""
    return len(os.listdir("/dev/fd")) - 1  # noqa: PTH208 - numbers; one is of the directory that is read


def _task_info() -> _TaskInfo:
    info = _TaskInfo()
    size = ctypes.sizeof(info)
    if _library.proc_pidinfo(os.getpid(), _PROC_PIDTASKINFO, 0, ctypes.byref(info), size) != size:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return info
