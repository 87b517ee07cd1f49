"""An extension that does not."""

from typing import Any


async def setup(_: Any) -> None:
    raise LookupError("its configuration")
