"""Routes: from a method and a path to a template in discord.py's spelling, and to its handler."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote

from ..payloads import as_object

if TYPE_CHECKING:
    from ..payloads import Payload
    from ..state import SimulatorState


class ApiError(Exception):
    """Discord refuses the request.

    Parameters
    ----------
    status:
        The HTTP status.
    code:
        Discord's error code, https://discord.com/developers/docs/topics/opcodes-and-status-codes#json.
    message:
        Discord's message.
    """

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.body: Payload = {"message": message, "code": code}


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request whose route is found and whose body is decoded."""

    parameters: Mapping[str, str]
    query: Mapping[str, str]
    body: Any

    def id(self, name: str) -> int:
        """Return a snowflake from the path.

        Raises
        ------
        ApiError
            It is not a number.
        """
        text = self.parameters[name]
        if not text.isdecimal():
            raise ApiError(400, 50035, f'Invalid Form Body: value "{text}" is not snowflake.')
        return int(text)

    @property
    def object(self) -> Payload:
        """The body, if it is a JSON object.

        Raises
        ------
        ApiError
            It is not an object.
        """
        body = as_object(self.body)
        if body is None:
            raise ApiError(400, 50109, "The request body contains invalid JSON.")
        return body


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """A status, and a JSON body unless the status is 204."""

    status: int = 200
    body: Any = None


NO_CONTENT = ApiResponse(204)

Handler: TypeAlias = "Callable[[SimulatorState, ApiRequest], Awaitable[ApiResponse]]"


@dataclass(frozen=True, slots=True)
class _Route:
    template: str
    segments: tuple[str, ...]
    handler: Handler
    authorized: bool

    def match(self, segments: list[str]) -> dict[str, str] | None:
        parameters: dict[str, str] = {}
        for expected, given in zip(self.segments, segments, strict=True):
            if expected.startswith("{"):
                parameters[expected[1:-1]] = unquote(given)
            elif expected != given:
                return None
        return parameters


@dataclass(frozen=True, slots=True)
class Match:
    """The route of a request."""

    template: str
    parameters: dict[str, str]
    handler: Handler
    authorized: bool


@dataclass(slots=True)
class Routes:
    """A table of routes. If several match, the first one added wins."""

    _routes: defaultdict[tuple[str, int], list[_Route]] = field(
        default_factory=lambda: defaultdict[tuple[str, int], "list[_Route]"](list)
    )

    def on(self, method: str, template: str, *, authorized: bool = True) -> Callable[[Handler], Handler]:
        """Register a handler; ``authorized`` is whether the request has to carry the bot's token."""

        def register(handler: Handler) -> Handler:
            self.add(method, template, handler, authorized=authorized)
            return handler

        return register

    def add(self, method: str, template: str, handler: Handler, *, authorized: bool = True) -> None:
        """Register a handler."""
        segments = tuple(template.strip("/").split("/"))
        self._routes[method, len(segments)].append(_Route(template, segments, handler, authorized))

    def include(self, other: Routes) -> None:
        """Add all routes of another table."""
        for key, routes in other._routes.items():
            self._routes[key].extend(routes)

    def templates(self) -> list[str]:
        """Return the templates in this table, in the order they were added to each length."""
        return [route.template for routes in self._routes.values() for route in routes]

    def find(self, method: str, path: str) -> Match | None:
        """Return the route for a path below ``/api/v10``, as it stands in the URL, percent signs and all."""
        segments = path.strip("/").split("/")
        for route in self._routes.get((method, len(segments)), ()):
            parameters = route.match(segments)
            if parameters is not None:
                return Match(route.template, parameters, route.handler, route.authorized)
        return None
