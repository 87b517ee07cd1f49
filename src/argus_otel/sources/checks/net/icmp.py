"""Echo requests to one address, and what comes back: replies, and messages that the host cannot be reached."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import socket
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import icmplib  # pyright: ignore[reportMissingTypeStubs]

from argus_otel.sources.checks.errors import CheckError, ErrorType, NotJudgedError

from .addresses import Address

TOKEN = 8
"""The bytes at the beginning of a packet by which a reply is recognized; the least size of its data."""

_LARGEST = 1 << 16

_AT_ONCE = 64  # then the event loop has its turn, however many packets come

_RECEIVE_ERRORS = {4: (socket.IPPROTO_IP, 11), 6: (socket.IPPROTO_IPV6, 25)}
"""IP_RECVERR and IPV6_RECVERR of Linux, which the socket module does not name: https://man7.org/linux/man-pages/man7/ip.7.html."""

_REPLY = {4: 0, 6: 129}
_REQUEST = {4: 8, 6: 128}
_UNREACHED = {4: (3, 11), 6: (1, 2, 3)}
"""Unreachable and time exceeded, and of IPv6 too big: https://www.rfc-editor.org/rfc/rfc792, …/rfc4443."""

_MAY_NOT = (
    "this agent may not send ICMP: let its group do so, as by sysctl -w net.ipv4.ping_group_range='0 2147483647', "
    "or give it CAP_NET_RAW"
)


@dataclass(slots=True)
class Echoes:
    """What came of some echo requests.

    Attributes
    ----------
    sent:
        How many were sent.
    round_trips:
        From a request to its reply, in seconds, by number.
    unreached:
        The requests of which a router, or this host, said that they could not be delivered.
    """

    sent: int = 0
    round_trips: dict[int, float] = field(default_factory=dict[int, float])
    unreached: set[int] = field(default_factory=set[int])

    @property
    def loss(self) -> float:
        """The share of requests without a reply, from 0 to 1."""
        return 1 - len(self.round_trips) / self.sent if self.sent else 1.0

    @property
    def settled(self) -> bool:
        """Whether nothing more is expected of those that were sent."""
        return len(self.round_trips.keys() | self.unreached) >= self.sent


class Pinger:
    """Sends echo requests to one address. Use it by ``with``.

    Without privileges if the system lets this process' group do so, else by a raw socket, which needs some.

    Parameters
    ----------
    size:
        The bytes of data of each packet; at least :data:`TOKEN`.

    Attributes
    ----------
    echoes:
        What came of the requests so far.

    Raises
    ------
    NotJudgedError
        This process may not send ICMP.
    CheckError
        The system has no such socket.
    """

    def __init__(self, address: Address, size: int) -> None:
        self.echoes = Echoes()
        self._address = address
        self._data = os.urandom(TOKEN) + bytes(size - TOKEN)
        self._id = int.from_bytes(os.urandom(2), "big")
        self._sent_at: dict[int, float] = {}
        self._came = asyncio.Event()
        self._icmp: Any = _opened(address)
        self._socket: socket.socket = self._icmp.sock
        self._has_header = address.version == 4 and (self._icmp.is_privileged or sys.platform != "linux")
        if not self._icmp.is_privileged and sys.platform == "linux":
            self._socket.setsockopt(*_RECEIVE_ERRORS[address.version], 1)
        self._socket.setblocking(False)

    def __enter__(self) -> Pinger:
        asyncio.get_running_loop().add_reader(self._socket, self._receive)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._icmp.close()

    def send(self) -> None:
        """Send one more request.

        Raises
        ------
        CheckError
            The system refuses to send it.
        """
        number = self.echoes.sent
        self._sent_at[number] = perf_counter()
        try:
            self._icmp.send(icmplib.ICMPRequest(str(self._address), self._id, number, self._data))
        except icmplib.ICMPLibError as error:
            raise _unsent(error.__context__) from error
        self.echoes.sent += 1

    async def wait(self, seconds: float) -> bool:
        """Wait until something has come of another request; return whether it has within so many seconds."""
        self._came.clear()
        try:
            await asyncio.wait_for(self._came.wait(), seconds)
        except asyncio.TimeoutError:
            return False
        return True

    # -- called by the event loop

    def _receive(self) -> None:
        """Take the packets that have come. A raw socket gets those of other processes too."""
        for _ in range(_AT_ONCE):
            try:
                packet, source = self._socket.recvfrom(_LARGEST)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                self._take_queued_reports()
                return
            self._take(packet[(packet[0] & 15) * 4 :] if self._has_header and packet else packet, source[0])

    def _take_queued_reports(self) -> None:
        """Empty the socket's queue of errors: as long as it has one, the event loop would not rest."""
        with suppress(OSError):
            while True:
                original, _, _, destination = self._socket.recvmsg(_LARGEST, 512, socket.MSG_ERRQUEUE)
                if len(original) >= 8 and destination and _is(destination[0], self._address):
                    self._note_unreached(struct.unpack_from("!H", original, 6)[0])

    def _take(self, message: bytes, source: str) -> None:
        if len(message) < 8:
            return
        kind, _, _, _, number = struct.unpack_from("!BBHHH", message)
        if kind == _REPLY[self._address.version]:
            # By its token: others may use the same id, and the system replaces it on a socket without privileges.
            ours = message[8 : 8 + TOKEN] == self._data[:TOKEN] and _is(source, self._address)
            if ours and number in self._sent_at and number not in self.echoes.round_trips:
                self.echoes.round_trips[number] = perf_counter() - self._sent_at[number]
                self.echoes.unreached.discard(number)
                self._came.set()
        elif kind in _UNREACHED[self._address.version]:
            self._take_report(message[8:])

    def _take_report(self, original: bytes) -> None:
        """Take the beginning of a packet that could not be delivered, if it was ours."""
        if self._address.version == 4:
            start, destination = (original[0] & 15) * 4 if original else 0, original[16:20]
        else:
            start, destination = 40, original[24:40]
        if destination != self._address.packed or len(original) < start + 8:
            return
        kind, _, _, id_, number = struct.unpack_from("!BBHHH", original, start)
        if kind == _REQUEST[self._address.version] and id_ == self._id:
            self._note_unreached(number)

    def _note_unreached(self, number: int) -> None:
        if number in self._sent_at and number not in self.echoes.round_trips:
            self.echoes.unreached.add(number)
            self._came.set()


def _is(written: str, address: Address) -> bool:
    """Whether an address as the system has it, of IPv6 with its zone, is this one."""
    return written.partition("%")[0] == str(address)


def may_ping() -> bool:
    """Whether this process may send echo requests, by IPv4."""
    try:
        _opened(ipaddress.IPv4Address("127.0.0.1")).close()
    except CheckError:
        return False
    return True


def _opened(address: Address) -> Any:
    kind = icmplib.ICMPv4Socket if address.version == 4 else icmplib.ICMPv6Socket
    try:
        try:
            return kind(privileged=False)
        except icmplib.SocketPermissionError:
            return kind(privileged=True)
    except icmplib.SocketPermissionError as error:
        raise NotJudgedError(ErrorType.BLOCKED, _MAY_NOT) from error
    except icmplib.ICMPLibError as error:
        raise CheckError(ErrorType.UNREACHABLE, f"this host has no socket for ICMP of IPv{address.version}") from error


def _unsent(error: BaseException | None) -> CheckError:
    if not isinstance(error, OSError):
        return CheckError(ErrorType.OTHER, "the echo request could not be sent")
    if error.errno == errno.EMSGSIZE:
        return CheckError(ErrorType.UNREACHABLE, "the packet is too big for the way to the host")
    if isinstance(error, PermissionError):
        return CheckError(ErrorType.UNREACHABLE, "the system does not let the packet out: a firewall, or a broadcast")
    return CheckError(ErrorType.UNREACHABLE, f"no way to the host: {error.strerror}")
