"""The voice server's UDP port: it answers IP discovery and counts audio packets."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Container

    from .ledger import VoiceLedger

# https://discord.com/developers/docs/topics/voice-connections#ip-discovery
_DISCOVERY = struct.Struct(">HHI64sH")
_ASK, _ANSWER, _LENGTH = 1, 2, 70

# RTP, RFC 3550: version 2, no padding, no contributing sources; then Discord's payload type for Opus.
_HEADER = struct.Struct(">BBHII")
_VERSION, _OPUS = 0x80, 0x78

# RTCP, RFC 3550: an empty receiver report.
_REPORT = struct.Struct(">BBHI")
_RECEIVER_REPORT, _REPORT_LENGTH = 0xC9, 1

NETWORK_DELAY = 0.05
"""Seconds that an answer takes. discord.py sends its request first and only then starts the thread that reads: it would
miss an answer within microseconds, which no remote server gives."""

# 50 packets a second from each player need no more than the default; a test that sends at full speed does.
_BUFFER = 1 << 22


class VoicePort(asyncio.DatagramProtocol):
    """One UDP port for all of a simulator's voice connections.

    Parameters
    ----------
    ledger:
        The ledger that counts the packets.
    sources:
        The SSRCs that the server has assigned.
    """

    def __init__(self, ledger: VoiceLedger, sources: Container[int]) -> None:
        self._ledger = ledger
        self._sources = sources
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def number(self) -> int:
        """The port, while it is open; 0 otherwise."""
        return 0 if self._transport is None else self._transport.get_extra_info("sockname")[1]

    async def open(self, host: str) -> None:
        """Listen on a free port."""
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, local_addr=(host, 0))

    def close(self) -> None:
        """Stop listening."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, and enlarge its buffer."""
        self._transport = cast("asyncio.DatagramTransport", transport)
        raw: socket.socket = transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """Answer IP discovery, and count audio."""
        if len(data) == _DISCOVERY.size and data[:2] == struct.pack(">H", _ASK):
            _, _, ssrc, _, _ = _DISCOVERY.unpack(data)
            answer = _DISCOVERY.pack(_ANSWER, _LENGTH, ssrc, str(addr[0]).encode(), addr[1])
            # discord.py's reader asks whether it may rest when something has come, and no channel is without a sound.
            # Without the report it might wait, for up to 30 s, at a socket that discord.py has replaced since.
            report = _REPORT.pack(_VERSION, _RECEIVER_REPORT, _REPORT_LENGTH, ssrc)
            loop = asyncio.get_running_loop()
            loop.call_later(NETWORK_DELAY, self._send, answer, addr)
            loop.call_later(2 * NETWORK_DELAY, self._send, report, addr)
            return
        if len(data) > _HEADER.size:
            version, kind, _, _, ssrc = _HEADER.unpack_from(data)
            if (version, kind) == (_VERSION, _OPUS) and ssrc in self._sources:
                self._ledger.record_packet(ssrc)
                return
        self._ledger.record_stray()

    def _send(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        if self._transport is not None:
            self._transport.sendto(data, addr)
