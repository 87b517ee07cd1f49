"""What Windows tells of this process, by functions of its kernel32. Imported at a collection."""

from __future__ import annotations

import ctypes
import os
import sys
from ctypes import wintypes

if sys.platform != "win32":
    raise ImportError("this is not Windows")

_TH32CS_SNAPPROCESS = 0x2
_INVALID_HANDLE = ctypes.c_void_p(-1).value


class _MemoryCounters(ctypes.Structure):
    """``PROCESS_MEMORY_COUNTERS`` of <psapi.h>."""

    _fields_ = (
        ("cb", wintypes.DWORD),
        ("PageFaultCount", wintypes.DWORD),
        ("PeakWorkingSetSize", ctypes.c_size_t),
        ("WorkingSetSize", ctypes.c_size_t),
        ("QuotaPeakPagedPoolUsage", ctypes.c_size_t),
        ("QuotaPagedPoolUsage", ctypes.c_size_t),
        ("QuotaPeakNonPagedPoolUsage", ctypes.c_size_t),
        ("QuotaNonPagedPoolUsage", ctypes.c_size_t),
        ("PagefileUsage", ctypes.c_size_t),
        ("PeakPagefileUsage", ctypes.c_size_t),
    )


class _ProcessEntry(ctypes.Structure):
    """``PROCESSENTRY32W`` of <tlhelp32.h>."""

    _fields_ = (
        ("dwSize", wintypes.DWORD),
        ("cntUsage", wintypes.DWORD),
        ("th32ProcessID", wintypes.DWORD),
        ("th32DefaultHeapID", ctypes.c_size_t),
        ("th32ModuleID", wintypes.DWORD),
        ("cntThreads", wintypes.DWORD),
        ("th32ParentProcessID", wintypes.DWORD),
        ("pcPriClassBase", wintypes.LONG),
        ("dwFlags", wintypes.DWORD),
        ("szExeFile", wintypes.WCHAR * wintypes.MAX_PATH),
    )


_kernel = ctypes.WinDLL("kernel32", use_last_error=True)
_kernel.GetCurrentProcess.restype = wintypes.HANDLE
_kernel.K32GetProcessMemoryInfo.argtypes = (wintypes.HANDLE, ctypes.c_void_p, wintypes.DWORD)
_kernel.GetProcessHandleCount.argtypes = (wintypes.HANDLE, ctypes.c_void_p)
_kernel.CreateToolhelp32Snapshot.argtypes = (wintypes.DWORD, wintypes.DWORD)
_kernel.CreateToolhelp32Snapshot.restype = wintypes.HANDLE
_kernel.Process32FirstW.argtypes = _kernel.Process32NextW.argtypes = (wintypes.HANDLE, ctypes.c_void_p)
_kernel.CloseHandle.argtypes = (wintypes.HANDLE,)


def memory() -> int:
    """Return the working set, in bytes."""
    counters = _MemoryCounters(cb=ctypes.sizeof(_MemoryCounters))
    process = _kernel.GetCurrentProcess()
    _check(_kernel.K32GetProcessMemoryInfo(process, ctypes.byref(counters), counters.cb))
    return counters.WorkingSetSize


def handles() -> int:
    """Return the number of open handles."""
    count = wintypes.DWORD()
    _check(_kernel.GetProcessHandleCount(_kernel.GetCurrentProcess(), ctypes.byref(count)))
    return count.value


def threads() -> int:
    """Return the number of threads, including those that Python does not know."""
    snapshot = _kernel.CreateToolhelp32Snapshot(_TH32CS_SNAPPROCESS, 0)
    _check(snapshot != _INVALID_HANDLE)
    try:
        entry = _ProcessEntry(dwSize=ctypes.sizeof(_ProcessEntry))
        more = _kernel.Process32FirstW(snapshot, ctypes.byref(entry))
        while more and entry.th32ProcessID != os.getpid():
            more = _kernel.Process32NextW(snapshot, ctypes.byref(entry))
        _check(more)
        return entry.cntThreads
    finally:
        _kernel.CloseHandle(snapshot)


def _check(succeeded: int) -> None:
    if not succeeded:
        raise ctypes.WinError(ctypes.get_last_error())
