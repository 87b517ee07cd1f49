"""Compressed lines: gzip, flushed after each batch of rows.

A file is a sequence of gzip members. The one that is being written has no end yet, but all that was flushed to it can
be read. Members are short, so that damage to one does not reach far, and long enough to compress nearly as well as a
whole day.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

MEMBER_SIZE = 1 << 18
"""About the most compressed bytes of a member."""

# The first bytes of a member as zlib writes it: gzip, deflate, no flags, no time.
_MAGIC = b"\x1f\x8b\x08\x00\x00\x00\x00\x00"
_GZIP = 31
_LEVEL = 6
_SLICE = 1 << 14
_FINE = 16
_WAIT = 0.1


class _Deflating(Protocol):
    """A compression object of zlib, whose class has no public name."""

    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self, mode: int = ..., /) -> bytes: ...
    def copy(self) -> _Deflating: ...


class _Inflating(Protocol):
    """A decompression object of zlib."""

    @property
    def unused_data(self) -> bytes: ...
    @property
    def eof(self) -> bool: ...
    def copy(self) -> _Inflating: ...
    def decompress(self, data: bytes, /) -> bytes: ...


class Compressor:
    """Compresses lines for one file. It has no state beyond the file's: a write that fails may be repeated."""

    def __init__(self) -> None:
        self._member: _Deflating | None = None
        self._size = 0
        self._next: _Deflating | None = None
        self._next_size = 0

    def compressed(self, lines: bytes) -> bytes:
        """Return the bytes to append for some lines. Call :meth:`written` when the file has them."""
        current = self._member
        member = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP) if current is None else current.copy()
        data = member.compress(lines)
        if self._size + len(data) < MEMBER_SIZE:
            data += member.flush(zlib.Z_SYNC_FLUSH)
            self._next, self._next_size = member, self._size + len(data)
        else:
            data += member.flush(zlib.Z_FINISH)
            self._next, self._next_size = None, 0
        return data

    def written(self) -> None:
        """Go on from the last result of :meth:`compressed`."""
        self._member, self._size = self._next, self._next_size

    def end(self) -> bytes:
        """Return the end of the member that is being written; nothing if there is none."""
        return b"" if self._member is None else self._member.copy().flush(zlib.Z_FINISH)


class Lines:
    """The lines of one file, each with its line break.

    A file that is being written, or whose process was killed, is read as far as it goes. Where bytes are damaged,
    reading continues at the next member.

    Parameters
    ----------
    start:
        The first byte to read: 0, or an earlier reader's ``resume``.

    Attributes
    ----------
    position:
        How many bytes of the file have been read.
    resume:
        Where the last complete member ended. A later reader may start there, and gets what follows.
    damaged:
        How many places could not be read: each stretch of damaged bytes is one, and so is a line without an end.
    """

    def __init__(self, path: Path, start: int = 0) -> None:
        self.position = self.resume = start
        self.damaged = 0
        self._path = path
        self._begun = start
        self._rest = b""
        self._member: _Inflating | None = None
        self._member_start = 0

    def __iter__(self) -> Iterator[bytes]:
        """Yield the lines.

        Raises
        ------
        OSError
            The file cannot be read.
        """
        with self._path.open("rb") as file:
            file.seek(self._begun)
            data = file.read()  # of one file, which has a few MiB
            yield from self._decompressed(data)
            if self._rest:  # perhaps it is being written at this moment
                time.sleep(_WAIT)
            more = file.read()
            if more:
                yield from self._decompressed(data + more)
        self.damaged += bool(self._rest)

    def _decompressed(self, data: bytes) -> Iterator[bytes]:
        """Yield the lines of the file's bytes that have not been read yet."""
        offset = self.position - self._begun
        while offset < len(data):
            if self._member is None:
                self._member, self._member_start = zlib.decompressobj(_GZIP), offset
            piece = data[offset : offset + _SLICE]
            before = self._member.copy()
            try:
                text = self._member.decompress(piece)
            except zlib.error:
                yield from self._split(_salvaged(before, piece))
                self._rest, self._member = b"", None
                self.damaged += 1
                # The error may be noticed long after the damage, in the middle of a later member.
                found = data.find(_MAGIC, self._member_start + 1)
                offset = len(data) if found < 0 else found
            else:
                offset += len(piece) - len(self._member.unused_data)
                if self._member.eof:
                    self._member = None
                    self.resume = self._begun + offset
                yield from self._split(text)
            self.position = self._begun + offset

    def _split(self, text: bytes) -> Iterator[bytes]:
        *lines, self._rest = (self._rest + text).split(b"\n")
        for line in lines:
            yield line + b"\n"


def _salvaged(member: _Inflating, piece: bytes) -> bytes:
    """Return what can be read before damaged bytes."""
    text = b""
    try:
        for start in range(0, len(piece), _FINE):
            text += member.decompress(piece[start : start + _FINE])
    except zlib.error:
        pass
    return text
