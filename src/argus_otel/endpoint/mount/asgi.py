"""The endpoint's paths as an ASGI application: https://asgi.readthedocs.io/en/latest/specs/www.html."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from .answering import Answering

Scope: TypeAlias = "MutableMapping[str, Any]"
Message: TypeAlias = "MutableMapping[str, Any]"
Receive: TypeAlias = "Callable[[], Awaitable[Message]]"
Send: TypeAlias = "Callable[[Message], Awaitable[None]]"


class AsgiApp:
    """An ASGI 3 application."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or take part in the start and the end of the server."""
        kind = scope["type"]
        if kind == "http":
            await self._respond(scope, send)
        elif kind == "lifespan":
            await _live(receive, send)
        elif kind == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000, "reason": "there is no WebSocket here"})
        else:
            raise ValueError(f"argus_otel.asgi() does not know the ASGI scope {kind!r}")

    async def _respond(self, scope: Scope, send: Send) -> None:
        method, root = str(scope["method"]), str(scope.get("root_path", "")).rstrip("/")
        path = str(scope["path"])
        # By the specification the path includes that of the mount; some frameworks have taken it off.
        if root and (path == root or path.startswith(f"{root}/")):
            path = path[len(root) :]
        query = bytes(scope.get("query_string", b"")).decode("latin-1")
        answer = await self._answering.respond(method, path, query, scope["headers"], root)
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.all_headers()]
        await send({"type": "http.response.start", "status": int(answer.status), "headers": headers})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else answer.body})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
