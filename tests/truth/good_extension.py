"""An extension that loads."""

import asyncio
from typing import Any


async def setup(_: Any) -> None:
    await asyncio.sleep(0.2)
