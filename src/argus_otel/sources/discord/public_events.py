"""How discord.py's public events are heard without a task: by ``Client.wait_for`` and a check that is never true.

The check runs synchronously when the event is dispatched. What waits is never resolved, so the check stays for as long
as the client lives, also over ``Client.clear`` and a new event loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from discord.client import Client


def listen(client: Client, event: str, heard: Callable[..., object]) -> None:
    """Call ``heard``, which must not raise, with the arguments of each ``event`` of ``client`` from now on."""

    def check(*arguments: object) -> bool:
        heard(*arguments)
        return False

    waiting = client.wait_for(event, check=check)  # type: ignore[call-overload]
    # The check is in place by now; the coroutine that would wait must not be left to warn of being unused.
    waiting.close()
