"""Answers the requests of a web application on threads of their own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

from argus_otel.endpoint.responses import Request, Response, not_allowed, text
from argus_otel.endpoint.routes import Routes

_THREADS = 16
"""More than scrapes may wait for each other, so that a probe does not wait for them."""


class Answering:
    """Answers requests.

    Parameters
    ----------
    routes:
        Returns what answers now; called at each request.
    check_token:
        Whether ``ARGUS_ENDPOINT_TOKEN`` is required, if it is set.
    """

    def __init__(self, routes: Callable[[], Routes], *, check_token: bool) -> None:
        self._routes = routes
        self._check_token = check_token
        self._threads: tuple[int, ThreadPoolExecutor] | None = None

    async def respond(
        self, method: str, path: str, query: str, headers: Iterable[tuple[bytes, bytes]], mounted_at: str
    ) -> Response:
        """Return the response to a request.

        Parameters
        ----------
        path:
            Below the place where the application is mounted.
        mounted_at:
            The path of that place.
        """
        if method not in ("GET", "HEAD"):
            return not_allowed(method)
        if not path and mounted_at:
            # The page's links are relative, and lead elsewhere without the slash.
            asked = f"?{query}" if query else ""
            target = f"{mounted_at.rpartition('/')[2]}/{asked}"
            return text(HTTPStatus.TEMPORARY_REDIRECT, f"see {target}", ("Location", target))
        named = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}
        request = Request(path, query, named)
        return await asyncio.get_running_loop().run_in_executor(self._executor(), self._answer, request)

    def _answer(self, request: Request) -> Response:
        return self._routes().respond(request, hosts=False, token=self._check_token)

    def _executor(self) -> ThreadPoolExecutor:
        process = os.getpid()
        if self._threads is None or self._threads[0] != process:  # a forked child has none of its parent's threads
            self._threads = (process, ThreadPoolExecutor(_THREADS, thread_name_prefix="argus-otel mounted"))
        return self._threads[1]
