"""Gateway frames, compressed as discord.py requests them, and a message as content."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from discord import utils


def framing() -> Callable[[str, int, Mapping[str, Any]], bytes]:
    """Return a function that makes the frames of a new stream from an event's name, number, and data."""
    compress = _compressor()
    return lambda event, number, data: compress(json.dumps({"t": event, "s": number, "op": 0, "d": data}).encode())


def _compressor() -> Callable[[bytes], bytes]:
    if utils._ActiveDecompressionContext.COMPRESSION_TYPE == "zstd-stream":
        import zstandard

        stream = zstandard.ZstdCompressor().compressobj()
        return lambda data: stream.compress(data) + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    deflate = zlib.compressobj()
    return lambda data: deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH)


def message(identity: str, channel: str, author: Mapping[str, Any], content: str) -> dict[str, Any]:
    """Return a message object, as Discord sends it."""
    return {
        "id": identity,
        "channel_id": channel,
        "author": author,
        "content": content,
        "timestamp": "2026-01-01T00:00:00+00:00",
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "components": [],
        "pinned": False,
        "type": 0,
        "flags": 0,
    }
