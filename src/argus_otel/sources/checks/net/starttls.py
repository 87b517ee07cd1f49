"""Asks a server for TLS within its own protocol, before the handshake."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from argus_otel.sources.checks.errors import CheckError, ErrorType

from .connection import Connection

_LONGEST = 1 << 16


class Reader:
    """Reads lines and numbers of bytes from a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._received = b""

    async def line(self) -> str:
        """Return the next line without its end.

        Raises
        ------
        CheckError
            The connection ends before the line does, or the line is too long.
        """
        while b"\n" not in self._received:
            if len(self._received) > _LONGEST:
                raise CheckError(ErrorType.PROTOCOL, "the server's line does not end")
            await self._more()
        line, _, self._received = self._received.partition(b"\n")
        return line.rstrip(b"\r").decode("utf-8", "replace")

    async def exactly(self, number: int) -> bytes:
        """Return the next bytes."""
        while len(self._received) < number:
            await self._more()
        data, self._received = self._received[:number], self._received[number:]
        return data

    async def _more(self) -> None:
        data = await self._connection.receive()
        if not data:
            raise CheckError(ErrorType.RESET, "the server closed the connection in the midst of its answer")
        self._received += data

    def require_nothing_left(self) -> None:
        """Make sure that the server has sent nothing in plain text after it agreed to TLS.

        Raises
        ------
        CheckError
            It has: https://nostarttls.secvuln.info/ says why that must not be taken.
        """
        if self._received:
            raise CheckError(ErrorType.PROTOCOL, "the server sent plain text after it had agreed to TLS")


async def _replies(reader: Reader, code: str, what: str) -> str:
    """Return the last line of a reply as SMTP and FTP have them, several lines with a code each."""
    while True:
        line = await reader.line()
        if line[3:4] != "-":
            break
    if not line.startswith(code):
        raise _refused(what)
    return line


def _refused(what: str) -> CheckError:
    return CheckError(ErrorType.PROTOCOL, f"the server does not speak the protocol, or refuses {what}")


async def _smtp(connection: Connection, reader: Reader) -> str:
    banner = await _replies(reader, "220", "to greet")
    connection.send(b"EHLO argus-otel\r\n")
    await _replies(reader, "250", "EHLO")
    connection.send(b"STARTTLS\r\n")
    await _replies(reader, "220", "STARTTLS")
    return banner


async def _ftp(connection: Connection, reader: Reader) -> str:
    banner = await _replies(reader, "220", "to greet")
    connection.send(b"AUTH TLS\r\n")
    await _replies(reader, "234", "AUTH TLS")
    return banner


async def _imap(connection: Connection, reader: Reader) -> str:
    banner = await reader.line()
    if not banner.startswith("* "):
        raise _refused("to greet")
    connection.send(b"a STARTTLS\r\n")
    while (line := await reader.line()).startswith("*"):
        pass
    if not line.upper().startswith("A OK"):
        raise _refused("STARTTLS")
    return banner


async def _pop3(connection: Connection, reader: Reader) -> str:
    banner = await reader.line()
    if not banner.startswith("+OK"):
        raise _refused("to greet")
    connection.send(b"STLS\r\n")
    if not (await reader.line()).startswith("+OK"):
        raise _refused("STLS")
    return banner


_LDAP_STARTTLS = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"
"""An extended request of LDAP in BER: https://www.rfc-editor.org/rfc/rfc4511#section-4.14."""


async def _ldap(connection: Connection, reader: Reader) -> str:
    connection.send(_LDAP_STARTTLS)
    tag, length = await reader.exactly(2)
    if tag != 0x30:
        raise _refused("STARTTLS")
    if length & 0x80:
        length = int.from_bytes(await reader.exactly(length & 0x7F), "big")
    if length > _LONGEST:
        raise _refused("STARTTLS")
    message = await reader.exactly(length)
    # Message id 1, then an extended response (application 24), in which the code comes first: 0 for success.
    position = 4 + (message[4] & 0x7F if len(message) > 4 and message[4] & 0x80 else 0) + 1
    if message[:4] != b"\x02\x01\x01\x78" or message[position : position + 3] != b"\x0a\x01\x00":
        raise _refused("STARTTLS")
    return ""


_POSTGRES_SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
"""https://www.postgresql.org/docs/current/protocol-message-formats.html, SSLRequest."""


async def _postgres(connection: Connection, reader: Reader) -> str:
    connection.send(_POSTGRES_SSL_REQUEST)
    if await reader.exactly(1) != b"S":
        raise _refused("TLS")
    return ""


_DIALOGUES: dict[str, Callable[[Connection, Reader], Awaitable[str]]] = {
    "ftp": _ftp,
    "imap": _imap,
    "ldap": _ldap,
    "pop3": _pop3,
    "postgres": _postgres,
    "smtp": _smtp,
}

PROTOCOLS = tuple(_DIALOGUES)


async def ask(connection: Connection, protocol: str) -> str:
    """Ask for TLS; return the server's greeting, which is empty where the protocol has none.

    Parameters
    ----------
    protocol:
        One of :data:`PROTOCOLS`.

    Raises
    ------
    CheckError
        The server refuses, or speaks something else.
    """
    reader = Reader(connection)
    banner = await _DIALOGUES[protocol](connection, reader)
    reader.require_nothing_left()
    return banner
