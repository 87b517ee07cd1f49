"""Interactions by HTTP: Discord posts them to a URL of the bot's, signed, instead of sending them over the gateway.

https://docs.discord.com/developers/interactions/overview#preparing-for-interactions
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import aiohttp

from .entries import ACKNOWLEDGEMENT_DEADLINE
from .errors import SimulatorError
from .payloads import as_object

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .interactions import Interaction
    from .payloads import Payload

_PING, _PONG = 1, 1
_NO_SIGNATURES = "Discord signs interactions that it posts, and the simulator needs PyNaCl for that: pip install pynacl"


class HttpDelivery:
    """The URL that interactions are posted to, if the bot has one.

    Attributes
    ----------
    url:
        The URL; ``None`` while interactions go over the gateway.
    verify_key:
        The application's public key, in hexadecimal digits.
    """

    def __init__(self) -> None:
        self.url: str | None = None
        self.verify_key = "0" * 64
        self._key: Any = None
        self._posting: set[asyncio.Task[None]] = set()

    def make_key(self) -> None:
        """Make the application's key pair; safe to repeat.

        Raises
        ------
        SimulatorError
            PyNaCl is not installed.
        """
        if self._key is not None:
            return
        try:
            from nacl.signing import SigningKey
        except ImportError:
            raise SimulatorError(_NO_SIGNATURES) from None
        self._key = SigningKey.generate()
        self.verify_key = bytes(self._key.verify_key).hex()

    async def set_url(self, url: str | None) -> None:
        """Post interactions to ``url`` from now on, if it answers a PING and refuses a wrong signature.

        Raises
        ------
        SimulatorError
            It does not, or PyNaCl is not installed.
        """
        if url is not None:
            self.make_key()
            body = json.dumps({"type": _PING, "id": "1", "application_id": "1", "token": "", "version": 1})
            try:
                status, answer = await self._post(url, body, self._signed(body))
                forged, _ = await self._post(url, body, self._signed(body + " "))
            except (aiohttp.ClientError, TimeoutError, asyncio.TimeoutError) as error:
                raise SimulatorError(f"{url} does not answer a PING: {error!r}") from error
            if status != 200 or (answer or {}).get("type") != _PONG:
                raise SimulatorError(f"{url} answers a PING with status {status} and {answer}, not with type {_PONG}")
            if forged != 401:
                raise SimulatorError(f"{url} answers a wrong signature with status {forged}, not 401")
        self.url = url

    def deliver(
        self, interaction: Interaction, payload: Payload, accept: Callable[[Payload], Awaitable[object]]
    ) -> None:
        """Post an interaction, and record the response once it comes.

        Parameters
        ----------
        accept:
            Called with the response's JSON, which is a callback if it is an object with a ``type``.
        """
        task = asyncio.create_task(self._deliver(interaction, payload, accept))
        self._posting.add(task)
        task.add_done_callback(self._posting.discard)

    @property
    def posting(self) -> int:
        """How many interactions have not been responded to."""
        return len(self._posting)

    async def stop(self) -> None:
        """Give up the interactions that have not been responded to."""
        for task in self._posting:
            task.cancel()
        await asyncio.gather(*self._posting, return_exceptions=True)

    async def _deliver(
        self, interaction: Interaction, payload: Payload, accept: Callable[[Payload], Awaitable[object]]
    ) -> None:
        entry, body = interaction.entry, json.dumps(payload)
        try:
            status, answer = await self._post(str(self.url), body, self._signed(body))
        except (aiohttp.ClientError, TimeoutError, asyncio.TimeoutError):
            entry.response_status = 0
        else:
            entry.response_status = status
            if status == 200 and answer is not None and "type" in answer:
                await accept(answer)
        finally:
            entry.responded = time.perf_counter()
            interaction.changed.notify()

    def _signed(self, body: str) -> dict[str, str]:
        timestamp = str(int(time.time()))
        signature = self._key.sign(f"{timestamp}{body}".encode()).signature.hex()
        return {"X-Signature-Ed25519": signature, "X-Signature-Timestamp": timestamp}

    async def _post(self, url: str, body: str, headers: dict[str, str]) -> tuple[int, Payload | None]:
        # Discord hangs up at the deadline; what the bot still answers through the callback's route is refused there.
        timeout = aiohttp.ClientTimeout(total=ACKNOWLEDGEMENT_DEADLINE)
        headers = {**headers, "Content-Type": "application/json", "User-Agent": "Discord-Interactions/1.0"}
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, data=body, headers=headers) as response,
        ):
            text = await response.text()
        try:
            return response.status, as_object(json.loads(text))
        except ValueError:
            return response.status, None
