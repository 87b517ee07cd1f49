"""Redirects discord.py, or a fork of it, to a simulator, in this process."""

from __future__ import annotations

import functools
import importlib
import ipaddress
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .environment import LIBRARIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from discord import Client
    from typing_extensions import Self

_RIGHT = "expected something like http://127.0.0.1:8080, without a user, a path or anything else"
_NOT_LOOPBACK = "{host!r} is not on this machine: a bot token must only ever be sent to Discord or to the loopback"


class Redirect:
    """The redirection of this process's libraries; a context manager that undoes it at the end.

    It sets ``Route.BASE`` and ``DiscordWebSocket.DEFAULT_GATEWAY``, or their equivalents in a fork. Since the libraries
    spell ``wss://`` before a voice server's address, it wraps ``HTTPClient.ws_connect``, which then dials addresses of
    this machine, and no others, without TLS.
    """

    def __init__(self, url: str, libraries: Iterable[str]) -> None:
        self._before: list[tuple[Any, str, Any, Any]] = []
        for library in libraries:
            # Imported here, since a simulator for another process does not need the library.
            http = importlib.import_module(f"{library}.http")
            # py-cord has a property there, which a string can replace.
            self._set(http.Route, "BASE" if hasattr(http.Route, "BASE") else "base", f"{url}/api/v10")
            self._set(http.HTTPClient, "ws_connect", _dialling_plainly(http.HTTPClient.ws_connect))
            websocket = importlib.import_module(f"{library}.gateway").DiscordWebSocket
            # The others ask the API where the gateway is.
            if hasattr(websocket, "DEFAULT_GATEWAY"):
                yarl = importlib.import_module("yarl")
                self._set(websocket, "DEFAULT_GATEWAY", yarl.URL(f"ws://{urlsplit(url).netloc}/"))

    def _set(self, owner: Any, name: str, value: object) -> None:
        self._before.append((owner, name, getattr(owner, name), value))
        setattr(owner, name, value)

    def undo(self) -> None:
        """Undo the redirection; safe to repeat."""
        while self._before:
            owner, name, before, ours = self._before.pop()
            # A wrapper that was installed since stays.
            if getattr(owner, name) is ours:
                setattr(owner, name, before)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self.undo()


def redirect(url: str) -> Redirect:
    """Redirect every client of discord.py in this process to a simulator; of a fork, if it is imported.

    It does not matter whether discord.py is imported already, nor whether clients exist; those that are connected stay
    where they are. A fork has to be imported first.

    Parameters
    ----------
    url:
        ``Simulator.url``: ``http://127.0.0.1:PORT``.

    Raises
    ------
    ValueError
        The URL is not an ``http`` URL of this machine without a path.
    ImportError
        No fork is imported, and discord.py is not installed.
    """
    return Redirect(loopback(url), [library for library in LIBRARIES if library in sys.modules] or ["discord"])


def loopback(url: str) -> str:
    """Return a URL without a trailing slash, if a bot token may be sent to it.

    Raises
    ------
    ValueError
        It is not an ``http`` URL of this machine without a path. The message does not quote it: it may have a password.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError(_RIGHT) from None
    beside = parts.path not in ("", "/") or parts.query or parts.fragment or parts.username is not None
    if parts.scheme != "http" or beside:
        raise ValueError(_RIGHT)
    if not _is_local(parts.hostname or ""):
        raise ValueError(_NOT_LOOPBACK.format(host=parts.hostname))
    return f"http://{parts.netloc}"


def _is_local(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _dialling_plainly(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def ws_connect(self: object, url: Any, **options: Any) -> Any:
        parts = urlsplit(str(url))
        if parts.scheme == "wss" and _is_local(parts.hostname or ""):
            url = parts._replace(scheme="ws").geturl()
        return original(self, url, **options)

    return ws_connect


def hurry(client: Client, *, guild_ready_timeout: float = 0.1) -> None:
    """Remove the waits that a client makes for Discord's sake; for tests only.

    discord.py waits 2 s after READY for more guilds, and 5 s before each IDENTIFY but the first. Call this before
    the client is started.

    Parameters
    ----------
    client:
        The client. The change is permanent.
    guild_ready_timeout:
        Seconds to wait after the last guild.
    """

    async def at_once(shard_id: int | None, *, initial: bool = False) -> None:
        """Wait for nothing."""

    client._connection.guild_ready_timeout = guild_ready_timeout  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    client.before_identify_hook = at_once
