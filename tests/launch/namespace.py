"""Runs a command in a network and with a host table of its own, so that Discord's names lead to this machine.

    python -m tests.launch.namespace NAME[,NAME…] COMMAND…

Linux only. It takes root, or a kernel that lets anybody make namespaces of users.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

# include/uapi/linux/sched.h, mount.h, sockios.h and if.h
_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
_MS_BIND, _MS_REC, _MS_PRIVATE = 4096, 16384, 1 << 18
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1

ROOT = Path(__file__).parents[2]

NEEDED = (
    "needs root (in a container, CAP_SYS_ADMIN), or that anybody may make namespaces: "
    "sysctl kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu, kernel.unprivileged_userns_clone=1 on old Debian"
)


def command(names: Iterable[str], *words: str) -> list[str]:
    """Return the command line that runs ``words`` where ``names`` mean 127.0.0.1, to be run in :data:`ROOT`."""
    return [sys.executable, "-m", "tests.launch.namespace", ",".join(names), *words]


def refused() -> str | None:
    """Return why this machine does not allow it, and what would help; ``None`` where it does."""
    if sys.platform != "linux":
        return "namespaces are Linux's"
    tried = subprocess.run(command(["discord.com"], "true"), cwd=ROOT, capture_output=True, text=True)
    return None if tried.returncode == 0 else f"{tried.stderr.strip().splitlines()[-1]}; {NEEDED}"


def enter(names: Iterable[str]) -> None:
    """Move this process, which must have no threads, to where ``names`` mean 127.0.0.1 and nothing else answers.

    Raises
    ------
    OSError
        That is not allowed here.
    """
    _unshare()
    _loopback_up()
    _libc("mount", b"none", b"/", None, _MS_REC | _MS_PRIVATE, None)
    with tempfile.NamedTemporaryFile("w") as hosts:  # the mount keeps it when its name is gone
        hosts.write(f"127.0.0.1 localhost {' '.join(names)}\n")
        hosts.flush()
        Path(hosts.name).chmod(0o644)
        _libc("mount", hosts.name.encode(), b"/etc/hosts", None, _MS_BIND, None)


def _unshare() -> None:
    if os.geteuid() == 0:
        _libc("unshare", _CLONE_NEWNET | _CLONE_NEWNS)
        return
    user, group = os.geteuid(), os.getegid()
    _libc("unshare", _CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWNS)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")


def _loopback_up() -> None:
    import fcntl

    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))


def _libc(function: str, *arguments: object) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")


if __name__ == "__main__":
    enter(sys.argv[1].split(","))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - what we were asked to run
