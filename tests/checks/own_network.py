"""A network of one's own, on Linux and as root: the kernel answers no echo request there, a test does."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET

Answer = Callable[[bytes, int], list[bytes]]
"""From an IP packet with an echo request, and how many came before, to the ICMP messages that are sent back."""


@contextmanager
def own_network() -> Iterator[None]:
    """Have this thread in a network with a loopback device, which answers nothing, and no other."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("needs Linux and root, for a network of its own")
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if libc.unshare(_NEW_NETWORK):
            pytest.skip(f"needs the right to make a network: {os.strerror(ctypes.get_errno())}")
        try:
            try:
                subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            except FileNotFoundError:
                pytest.skip("needs ip: apt-get install iproute2")
            Path("/proc/sys/net/ipv4/icmp_echo_ignore_all").write_text("1")
            Path("/proc/sys/net/ipv6/icmp/echo_ignore_all").write_text("1")
            yield
        finally:
            assert not libc.setns(before, _NEW_NETWORK), "the test must not leave its thread in another network"
    finally:
        os.close(before)


def allow_groups(first: int, last: int) -> None:
    """Say which groups may send echo requests without privileges in this network; ``1, 0`` for none."""
    Path("/proc/sys/net/ipv4/ping_group_range").write_text(f"{first} {last}")


@contextmanager
def answering(answer: Answer) -> Iterator[None]:
    """Answer the echo requests that this network sees."""
    receiver = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    receiver.settimeout(0.05)
    ended = threading.Event()

    def serve() -> None:
        count = 0
        while not ended.is_set():
            try:
                packet, source = receiver.recvfrom(1 << 16)
            except TimeoutError:
                continue
            if packet[20] == 8:
                for message in answer(packet, count):
                    receiver.sendto(message, source)
                count += 1

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        receiver.close()


def message(kind: int, code: int, rest: bytes) -> bytes:
    """Return an ICMP message: ``rest`` follows its checksum."""
    data = struct.pack("!BBH", kind, code, 0) + rest
    padded = data + b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!BBH", kind, code, ~total & 0xFFFF) + rest


def reply(packet: bytes, _: int = 0) -> list[bytes]:
    """Answer as a host does."""
    return [message(0, 0, packet[24:])]
