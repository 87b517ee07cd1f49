"""``bot``: another process that argus-otel observes: is it alive, is it ready, and which of its parts is not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast
from urllib.parse import urlsplit

from argus_otel.sources.checks.conditions import Condition
from argus_otel.sources.checks.errors import CheckError, ErrorType
from argus_otel.sources.checks.executor import Executor, Probe
from argus_otel.sources.checks.file.condition_types import DURATION
from argus_otel.sources.checks.file.field_types import Boolean, FieldType, Record, Text, option
from argus_otel.sources.checks.net.http import PORTS, HttpRequest, HttpResponse, exchange
from argus_otel.telemetry import AttributeValue

from .http import Url
from .options import TlsConnectionOptions

_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class BotOptions(TlsConnectionOptions):
    """The options of a bot check."""

    url: str = option(Url(), "The endpoint, such as http://bot:9464.")
    token: str = option(Text("a token"), "The bot's `ARGUS_ENDPOINT_TOKEN`, if it has one.", default="", secret=True)
    ready: bool = option(Boolean(), "Whether it has to be ready, and not only alive.", default=True)


class BotExecutor(Executor[BotOptions]):
    """Asks ``/healthz`` and ``/readyz`` of an endpoint."""

    type = "bot"
    title = "another process that argus-otel observes"
    options = Record(BotOptions, short="url")
    subjects: ClassVar[Mapping[str, FieldType[tuple[Condition, ...]]]] = {"duration": DURATION}

    def host(self, options: BotOptions) -> str:
        """Return the URL's host."""
        return urlsplit(options.url).hostname or ""

    def span_attributes(self, options: BotOptions) -> Mapping[str, AttributeValue]:
        """Return method, host and port; the path is fixed."""
        url = urlsplit(options.url)
        return {
            "http.request.method": "GET",
            "server.address": url.hostname or "",
            "server.port": url.port or PORTS[url.scheme],
        }

    async def run(self, probe: Probe[BotOptions]) -> Mapping[str, object]:
        """Ask; the facts are status, address, parts and parts_ready."""
        alive = await self._ask(probe, "/healthz")
        if alive.status != 200:
            detail = _object(alive).get("detail")
            raise CheckError(ErrorType.STATUS, f"it is not alive: {detail or f'the status is {alive.status}'}")
        facts: dict[str, object] = {"status": alive.status, "address": str(alive.address)}
        if probe.options.ready:
            facts.update(_parts(await self._ask(probe, "/readyz")))
        probe.phases.end()
        return facts

    async def _ask(self, probe: Probe[BotOptions], path: str) -> HttpResponse:
        options = probe.options
        headers = {**probe.headers, "accept": "application/json"}
        if options.token:
            headers["authorization"] = f"Bearer {options.token}"
        request = HttpRequest(
            options.url.rstrip("/") + path,
            "GET",
            headers,
            b"",
            options.family_of_address(),
            0,
            _LARGEST,
            options.tls(),
            options.allowed(),
        )
        return await exchange(self.context.resolver, request, probe.phases)


def _parts(ready: HttpResponse) -> dict[str, object]:
    """Return how many parts, such as shards, there are, and how many are ready.

    Raises
    ------
    CheckError
        One of them is not.
    """
    told = _object(ready)
    listed = cast("list[object]", told.get("checks") or [])
    parts = [cast("dict[str, Any]", each) for each in listed if isinstance(each, dict)]
    missing = [str(each.get("name")) for each in parts if not each.get("ready")]
    if ready.status != 200 or missing:
        why = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        of_all = f"{len(missing)} of {len(parts)} parts are not: {why}" if missing else told.get("detail")
        raise CheckError(ErrorType.STATUS, f"it is not ready: {of_all or f'the status is {ready.status}'}")
    return {"parts": len(parts), "parts_ready": len(parts)}


def _object(response: HttpResponse) -> dict[str, Any]:
    """Return the object in a body.

    Raises
    ------
    CheckError
        The endpoint is none of argus-otel's: it answers anything else.
    """
    try:
        found = json.loads(response.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not {"alive", "ready"} & cast("dict[str, Any]", found).keys():
        raise CheckError(
            ErrorType.JSON, f"the endpoint is none of argus-otel's: it answers something else ({response.status})"
        )
    return cast("dict[str, Any]", found)
