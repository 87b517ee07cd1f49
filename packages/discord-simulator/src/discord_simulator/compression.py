"""Gateway transport compression: one stream for each connection, flushed at each message."""

from __future__ import annotations

import zlib
from typing import Protocol


class UnsupportedCompressionError(Exception):
    """A connection asked for a compression that is not available."""


class Compressor(Protocol):
    """Turns one message into the bytes of one binary frame."""

    def compress(self, message: bytes) -> bytes:
        """Return the next frame."""
        ...


class _ZlibStream:
    __slots__ = ("_stream",)

    def __init__(self) -> None:
        self._stream = zlib.compressobj()

    def compress(self, message: bytes) -> bytes:
        return self._stream.compress(message) + self._stream.flush(zlib.Z_SYNC_FLUSH)


class _ZstdStream:
    __slots__ = ("_flush", "_stream")

    def __init__(self) -> None:
        # Only the bots that can decompress it ask for it, so the simulator itself does not depend on it.
        try:
            import zstandard
        except ImportError as error:
            raise UnsupportedCompressionError("zstd-stream was asked for: pip install zstandard") from error
        self._stream = zstandard.ZstdCompressor(level=3).compressobj()
        self._flush = zstandard.COMPRESSOBJ_FLUSH_BLOCK

    def compress(self, message: bytes) -> bytes:
        return self._stream.compress(message) + self._stream.flush(self._flush)


def compressor_for(name: str | None) -> Compressor | None:
    """Return the compressor for the ``compress`` parameter of a gateway URL; ``None`` means plain text frames.

    Raises
    ------
    UnsupportedCompressionError
        The name is not Discord's, or zstandard is not installed.
    """
    if name is None:
        return None
    if name == "zlib-stream":
        return _ZlibStream()
    if name == "zstd-stream":
        return _ZstdStream()
    raise UnsupportedCompressionError(f"unknown compression {name!r}: Discord has zlib-stream and zstd-stream")
