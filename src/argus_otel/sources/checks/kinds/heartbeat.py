"""``heartbeat``: a job or a program calls in; it is missed if it does not."""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import ClassVar
from zoneinfo import ZoneInfo

from argus_otel.sources.checks.beats import Beats
from argus_otel.sources.checks.conditions import Condition
from argus_otel.sources.checks.errors import CheckError, ErrorType, NotJudgedError
from argus_otel.sources.checks.executor import Executor, ExecutorContext, Probe
from argus_otel.sources.checks.file.condition_types import shown_seconds
from argus_otel.sources.checks.file.field_types import FieldType, Record, Text, duration, option
from argus_otel.sources.checks.file.places import Place
from argus_otel.sources.checks.file.scalars import Cron, Zone

PREFIX = "/heartbeat/"
"""The path of calls at the endpoint, before the check's name."""

_MOST_CALLS = 5
"""How many calls of one check are accepted within a second. A job that calls in a loop must not fill a disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatOptions:
    """The options of a heartbeat check."""

    token: str = option(Text("a token"), "What a caller has to offer.", secret=True)
    every: float = option(duration("1d", least=1), "The longest time between two calls.", default=0.0)
    cron: str = option(Cron(), "When the job runs, instead of `every`.", default="")
    timezone: str = option(Zone(), "In which the times of cron are meant.", default="UTC")
    grace: float = option(duration("5m"), "How much later than that a call may come.", default=60.0)
    runtime: float = option(duration("1h"), "How long a job may run that has said that it begins.", default=0.0)


def _check(place: Place, options: HeartbeatOptions) -> None:
    if bool(options.every) is bool(options.cron):
        raise place.wrong("a heartbeat has either `every: 1d` or `cron: '0 3 * * *'`")
    if len(options.token) < 8:
        raise place.wrong("the token is too short; take at least 8 characters, as `openssl rand -hex 16` makes")


class HeartbeatExecutor(Executor[HeartbeatOptions]):
    """Compares the last call with the time at which the next was due. Nothing is sent.

    Calls come as ``POST /heartbeat/NAME``, ``…/start`` and ``…/fail``, on a thread of the endpoint.
    """

    type = "heartbeat"
    title = "a job or program that calls in"
    options = Record(HeartbeatOptions, check=_check)
    subjects: ClassVar[Mapping[str, FieldType[tuple[Condition, ...]]]] = {}
    waits = True

    def __init__(self, context: ExecutorContext) -> None:
        super().__init__(context)
        self._beats = Beats(context.directory)
        self._checks: Mapping[str, HeartbeatOptions] = {}
        self._calls: dict[str, list[float]] = {}

    def host(self, options: HeartbeatOptions) -> str:
        """Return nothing that others share: nothing is connected to."""
        return f"heartbeat {id(options)}"

    def span_attributes(self, options: HeartbeatOptions) -> Mapping[str, str]:  # noqa: ARG002 - the same for all
        """Return nothing."""
        return {}

    def use(self, checks: Mapping[str, HeartbeatOptions]) -> None:
        """Accept calls of these checks from now on, and of no others."""
        self._checks = dict(checks)
        self._beats.keep(self._checks, _now())
        if self._checks:
            self.context.accept_calls(PREFIX, self._answer)

    async def run(self, probe: Probe[HeartbeatOptions]) -> Mapping[str, object]:
        """Judge the last call; the facts are last_heartbeat and runtime."""
        if probe.check not in self._checks:
            raise NotJudgedError(ErrorType.BLOCKED, "only an agent, which takes its calls, can judge it")
        options, beat, now = probe.options, self._beats.of(probe.check), _now()
        if beat.failed:
            raise CheckError(ErrorType.ANSWER, f"it said that it failed, {shown_seconds(now - beat.last)} ago")
        due = _due(options, beat.last or beat.known_since) + options.grace
        if now > due:
            ago = f"the last call came {_long_ago(now - beat.last)} ago" if beat.last else "no call has ever come"
            raise CheckError(ErrorType.MISSING, f"{ago}; one was due {_long_ago(now - due)} ago")
        if options.runtime and beat.started > beat.last and now - beat.started > options.runtime:
            raise CheckError(ErrorType.MISSING, f"it began {_long_ago(now - beat.started)} ago, and has not ended")
        facts: dict[str, object] = {}
        if beat.last:
            facts["last_heartbeat"] = beat.last
        if beat.runtime is not None:
            facts["runtime"] = beat.runtime
        return facts

    async def close(self) -> None:
        """Accept no calls any more."""
        self.context.accept_calls(PREFIX, None)

    # -- calls, on a thread of the endpoint

    def _answer(self, path: str, token: bytes) -> int:
        name, what = path, ""
        for ending in ("start", "fail"):
            if path.endswith(f"/{ending}") and path not in self._checks:
                name, what = path[: -len(ending) - 1], ending
        options = self._checks.get(name)
        # A wrong token is answered as an unknown name is: neither tells which names there are.
        if options is None or not hmac.compare_digest(token, options.token.encode()):
            return 404
        if self._is_too_often(name):
            return 429
        if not self._beats.add(name, what, _now()):
            return 503
        self.context.run_soon(name)
        return 200

    def _is_too_often(self, name: str) -> bool:
        now = time.monotonic()
        recent = [call for call in self._calls.get(name, ()) if now - call < 1]
        self._calls[name] = [*recent, now] if len(recent) < _MOST_CALLS else recent
        return len(recent) >= _MOST_CALLS


def _now() -> float:
    return time.time()


def _due(options: HeartbeatOptions, last: float) -> float:
    """Return when the call after ``last`` is due, both in seconds since 1970."""
    if options.every:
        return last + options.every
    from cronsim import CronSim

    here = datetime.fromtimestamp(last, timezone.utc).astimezone(ZoneInfo(options.timezone))
    return next(CronSim(options.cron, here)).timestamp()


def _long_ago(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
