"""The two messages of ``grpc.health.v1.Health/Check``: https://github.com/grpc/grpc/blob/master/doc/health-checking.md.

They have one field each, so that protobuf is not needed.
"""

from __future__ import annotations

from argus_otel.sources.checks.errors import CheckError, ErrorType

PATH = "/grpc.health.v1.Health/Check"

SERVING = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")
"""The values of the response's field ``status``, in their order."""

_VARINT, _I64, _LENGTH, _I32 = 0, 1, 2, 5
"""Types of fields: https://protobuf.dev/programming-guides/encoding/#structure."""

_FIXED = {_I64: 8, _I32: 4}
_STATUS = 1


def request(service: str) -> bytes:
    """Return the request.

    Parameters
    ----------
    service:
        Empty for the server as a whole.
    """
    name = service.encode()
    return b"\x0a" + _varint(len(name)) + name if name else b""


def serving(response: bytes) -> str:
    """Return what a response says, one of :data:`SERVING`.

    Raises
    ------
    CheckError
        It is no such message.
    """
    status, position = 0, 0
    while position < len(response):
        tag, position = _read_varint(response, position)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, position = _read_varint(response, position)
            status = value if number == _STATUS else status
        elif kind == _LENGTH:
            length, position = _read_varint(response, position)
            position += length
        elif kind in _FIXED:
            position += _FIXED[kind]
        else:
            raise _malformed()
        if number == 0 or (number == _STATUS and kind != _VARINT):
            raise _malformed()
    if position != len(response):
        raise _malformed()
    if status >= len(SERVING):
        raise CheckError(ErrorType.PROTOCOL, f"the health service answers {status}, which its protocol does not have")
    return SERVING[status]


def _varint(value: int) -> bytes:
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    """Return a number and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            break
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise _malformed()


def _malformed() -> CheckError:
    return CheckError(ErrorType.PROTOCOL, "the answer of the health service is malformed")
