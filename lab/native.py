"""ClickHouse's Native format, as far as needed to add the framing of newer protocol revisions.

An HTTP client that sends ``client_protocol_version`` gets each block with its block info in front, and each column with
a byte that says whether its serialisation is a special one. chdb writes neither. See
https://clickhouse.com/docs/native-protocol/columns and ``NativeWriter`` in ClickHouse's sources.
"""

from __future__ import annotations

import re
import struct

import lz4.block
from clickhouse_cityhash.cityhash import CityHash128

BLOCK_INFO = bytes((1, 0, 2, 0xFF, 0xFF, 0xFF, 0xFF, 0))
WITH_SERIALIZATION_KIND = 54454
_LZ4, _AS_IT_IS = 0x82, 0x02

_WIDTHS = {
    "Bool": 1, "Int8": 1, "UInt8": 1, "Enum8": 1,
    "Int16": 2, "UInt16": 2, "Enum16": 2, "Date": 2,
    "Int32": 4, "UInt32": 4, "Float32": 4, "Date32": 4, "DateTime": 4, "IPv4": 4, "Decimal32": 4,
    "Int64": 8, "UInt64": 8, "Float64": 8, "DateTime64": 8, "Decimal64": 8,
    "Int128": 16, "UInt128": 16, "UUID": 16, "IPv6": 16, "Decimal128": 16,
    "Int256": 32, "UInt256": 32,
}  # fmt: skip


def framed(data: bytes, revision: int) -> bytes:
    """Native blocks as a client of that protocol revision expects them."""
    if revision < WITH_SERIALIZATION_KIND:
        return data  # such clients look first whether what comes is framed
    return b"".join(_Blocks(data).framed())


def unpacked(data: bytes) -> bytes:
    """Decompress a request with ``decompress=1``, in ClickHouse's own format: blocks of LZ4, each with a checksum.

    https://clickhouse.com/docs/native-protocol/server#compression
    """
    whole: list[bytes] = []
    while data:
        method, size, unpacked_size = struct.unpack_from("<BII", data, 16)
        body = data[25 : 16 + size]
        assert _checksum(data[16 : 16 + size]) == data[:16]
        assert method in (_LZ4, _AS_IT_IS), f"the front does not know the compression {method:#x}"
        whole.append(body if method == _AS_IT_IS else lz4.block.decompress(body, uncompressed_size=unpacked_size))
        data = data[16 + size :]
    return b"".join(whole)


def packed(data: bytes) -> bytes:
    """Compress a response for ``compress=1``."""
    body = lz4.block.compress(data, store_size=False)
    block = struct.pack("<BII", _LZ4, 9 + len(body), len(data)) + body
    return _checksum(block) + block


def _checksum(block: bytes) -> bytes:
    number = CityHash128(block)
    return struct.pack("<QQ", number >> 64, number & 0xFFFFFFFFFFFFFFFF)


def _split(inside: str) -> list[str]:
    """Return the arguments of a type, split at its outer commas."""
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(inside):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append(inside[start:at].strip())
            start = at + 1
    return [*parts, inside[start:].strip()]


def _parsed(kind: str) -> tuple[str, list[str]]:
    matched = re.fullmatch(r"(\w+)(?:\((.*)\))?", kind, re.DOTALL)
    assert matched, f"not a type: {kind}"
    name, inside = matched.groups()
    if inside is None:
        return name, []
    if name == "Map":
        return "Array", [f"Tuple({inside})"]
    if name == "SimpleAggregateFunction":
        return _parsed(_split(inside)[1])
    return name, _split(inside)


class _Blocks:
    """Walks over blocks."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def framed(self) -> list[bytes]:
        pieces: list[bytes] = []
        while self._at < len(self._data):
            start = self._at
            columns, rows = self._number(), self._number()
            pieces += [BLOCK_INFO, self._data[start : self._at]]
            for _ in range(columns):
                start = self._at
                self._text()
                kind = self._text().decode()
                pieces += [self._data[start : self._at], b"\0"]
                start = self._at
                if rows:
                    self._prefix(kind)
                    self._values(kind, rows)
                pieces.append(self._data[start : self._at])
        return pieces

    def _number(self) -> int:
        """A variable-length integer."""
        number = shift = 0
        while True:
            byte = self._data[self._at]
            self._at += 1
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7

    def _text(self) -> bytes:
        length = self._number()
        self._at += length
        return self._data[self._at - length : self._at]

    def _long(self) -> int:
        self._at += 8
        return struct.unpack_from("<Q", self._data, self._at - 8)[0]

    def _prefix(self, kind: str) -> None:
        """Skip the prefix before the values of a column."""
        name, arguments = _parsed(kind)
        if name == "LowCardinality":
            assert self._long() == 1
        elif name in {"Array", "Nullable"}:
            self._prefix(arguments[0])
        elif name == "Tuple":
            for argument in arguments:
                self._prefix(_element(argument))

    def _values(self, kind: str, rows: int) -> None:
        name, arguments = _parsed(kind)
        if not rows:
            return
        if name == "String":
            for _ in range(rows):
                self._text()
        elif name == "FixedString":
            self._at += rows * int(arguments[0])
        elif name == "Decimal":
            digits = int(arguments[0])
            self._at += rows * next(width for most, width in ((9, 4), (18, 8), (38, 16), (76, 32)) if digits <= most)
        elif name == "Nullable":
            self._at += rows
            self._values(arguments[0], rows)
        elif name == "Array":
            ends = struct.unpack_from(f"<{rows}Q", self._data, self._at)
            self._at += 8 * rows
            self._values(arguments[0], ends[-1])
        elif name == "Tuple":
            for argument in arguments:
                self._values(_element(argument), rows)
        elif name == "LowCardinality":
            width = 1 << (self._long() & 0xFF)
            inner, of = _parsed(arguments[0])
            self._values(of[0] if inner == "Nullable" else arguments[0], self._long())
            indices = self._long()
            self._at += width * indices
        else:
            assert name in _WIDTHS, f"the front does not know {kind}"
            self._at += rows * _WIDTHS[name]


def _element(argument: str) -> str:
    """The type of a tuple's element, which may have a name."""
    matched = re.fullmatch(r"(?:\w+|`[^`]+`)\s+(\w+(?:\(.*\))?)", argument, re.DOTALL)
    return matched.group(1) if matched else argument
