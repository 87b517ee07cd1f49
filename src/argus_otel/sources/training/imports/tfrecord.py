"""Reads TensorBoard's event files: records with checksums, each of which is a message of protocol buffers.

The format: https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details. The messages are ``Event``
(event.proto), ``Summary`` (summary.proto) and ``TensorProto`` (tensor.proto); the numbers below are their fields'.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_LARGEST = 1 << 31
_CHECKED = 1 << 16
"""Of larger records without scalars, such as pictures, the checksum would take long."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FORMATS = {1: "<f", 2: "<d", 3: "<i", 9: "<q", 19: "<e"}
"""Of the types of tensors: float, double, int32, int64, half."""

_FIELDS = {1: 5, 2: 6, 3: 7, 9: 10}
"""Where a tensor of such a type has its number, if not as bytes."""


class Scalar(NamedTuple):
    """A number that was logged.

    Attributes
    ----------
    time:
        In seconds since 1970.
    """

    time: float
    step: int
    tag: str
    value: float


class EventFile:
    """The scalars of one event file, to be iterated over once.

    Attributes
    ----------
    read:
        How many bytes have been read.
    damaged:
        Why reading ended before the end of the file; empty if it did not. The last record of a killed program is cut.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.read = 0
        self.damaged = ""

    def __iter__(self) -> Iterator[Scalar]:
        """Yield the scalars in their order.

        Raises
        ------
        OSError
            The file cannot be read.
        """
        with self.path.open("rb") as file:
            while head := file.read(12):
                if len(head) < 12:
                    self.damaged = "its last record is cut"
                    return
                size, checksum = struct.unpack("<QI", head)
                if _masked(head[:8]) != checksum or size > _LARGEST:
                    self.damaged = f"a damaged record at byte {self.read}"
                    return
                body = file.read(size + 4)
                if len(body) < size + 4:
                    self.damaged = "its last record is cut"
                    return
                try:
                    scalars = list(_scalars(body[:size]))
                except (ValueError, IndexError, struct.error):
                    scalars = []
                if (scalars or size <= _CHECKED) and _masked(body[:size]) != struct.unpack("<I", body[size:])[0]:
                    self.damaged = f"a damaged record at byte {self.read}"
                    return
                self.read += 16 + size
                yield from scalars


def _scalars(event: bytes) -> Iterator[Scalar]:
    time, step = 0.0, 0
    summaries: list[bytes] = []
    for number, value in _fields(event):
        if number == 1 and isinstance(value, bytes):
            [time] = struct.unpack("<d", value)
        elif number == 2 and isinstance(value, int):
            step = value - (1 << 64) if value >> 63 else value
        elif number == 5 and isinstance(value, bytes):
            summaries.append(value)
    for summary in summaries:
        for number, value in _fields(summary):
            if number == 1 and isinstance(value, bytes):
                tag, found = _value(value)
                if tag and found is not None:
                    yield Scalar(time, step, tag, found)


def _value(message: bytes) -> tuple[str, float | None]:
    tag, found, plugin = "", None, ""
    tensor: bytes | None = None
    for number, value in _fields(message):
        if not isinstance(value, bytes):
            continue
        if number == 1:
            tag = value.decode("utf-8", "replace")
        elif number == 2:
            [found] = struct.unpack("<f", value)
        elif number == 8:
            tensor = value
        elif number == 9:
            plugin = _plugin(value)
    if tensor is not None and plugin in ("", "scalars"):
        found = _tensor(tensor)
    return tag, found


def _plugin(metadata: bytes) -> str:
    for number, value in _fields(metadata):
        if number == 1 and isinstance(value, bytes):
            for inner, name in _fields(value):
                if inner == 1 and isinstance(name, bytes):
                    return name.decode("utf-8", "replace")
    return ""


def _tensor(message: bytes) -> float | None:
    """Return the number of a tensor without dimensions; ``None`` for any other."""
    kind, found = 0, dict[int, int | bytes]()
    for number, value in _fields(message):
        if number == 1 and isinstance(value, int):
            kind = value
        elif number == 2 and isinstance(value, bytes) and any(inner == 2 for inner, _ in _fields(value)):
            return None
        else:
            found[number] = value
    form = _FORMATS.get(kind)
    content = found.get(4)
    if form is None:
        return None
    if isinstance(content, bytes) and content:
        return float(struct.unpack(form, content)[0]) if len(content) == struct.calcsize(form) else None
    number = found.get(_FIELDS.get(kind, 13))
    if kind in (1, 2) and isinstance(number, bytes):
        return float(struct.unpack(form, number)[0]) if len(number) == struct.calcsize(form) else None
    if isinstance(number, bytes) and number:
        number, _ = _varint(number, 0)
    if not isinstance(number, int):
        return None
    if kind == 19:
        return float(struct.unpack("<e", struct.pack("<H", number))[0])
    return float(number - (1 << 64) if number >> 63 else number)


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the fields of a message: numbers of one to ten bytes as they are, any other as bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        if kind == _BYTES:
            size, at = _varint(message, at)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(kind)
        if at + size > len(message):
            raise ValueError(size)
        yield key >> 3, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError(shift)


def _table() -> tuple[int, ...]:
    entries: list[int] = []
    for number in range(256):
        for _ in range(8):
            number = (number >> 1) ^ (0x82F63B78 if number & 1 else 0)
        entries.append(number)
    return tuple(entries)


_CRC32C = _table()


def _masked(data: bytes) -> int:
    """Return the checksum of a record: CRC-32C, rotated, with a constant added."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _CRC32C[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
