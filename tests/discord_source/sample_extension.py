"""An extension that does nothing."""

from __future__ import annotations


async def setup(_: object) -> None:
    """Add nothing to the bot."""
