"""The endpoint's paths as an application of aiohttp, which discord.py has installed."""

from __future__ import annotations

from aiohttp import web

from .answering import Answering


def application(answering: Answering) -> web.Application:
    """Return the application, for ``add_subapp``, or to be served by itself."""

    async def respond(request: web.Request) -> web.Response:
        below = request.match_info.get("below")
        path = "" if below is None else f"/{below}"
        mounted_at = request.path.removesuffix(path).rstrip("/")
        query = request.rel_url.raw_query_string
        answer = await answering.respond(request.method, path, query, request.raw_headers, mounted_at)
        # aiohttp sends no body to HEAD, but the length of the one that GET would have.
        return web.Response(status=int(answer.status), body=answer.body, headers=answer.all_headers())

    app = web.Application()
    app.router.add_route("*", "/{below:.*}", respond)
    app.router.add_route("*", "", respond)
    return app
