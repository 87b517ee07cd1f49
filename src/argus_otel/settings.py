"""One settings object, resolved once: keyword arguments, then ``ARGUS_*``, then ``OTEL_*``, then defaults.

No other module reads the environment for a setting. (The OTLP exporters of OpenTelemetry read their own
``OTEL_EXPORTER_OTLP_*`` variables, as they do everywhere; of those, only what decides *whether* to export is read
here.)
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar, cast
from urllib.parse import unquote

from .script_name import script_name
from .unquoted import are_headers

T = TypeVar("T")

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 9464
DEFAULT_SHUTDOWN_TIMEOUT = 5.0
DEFAULT_LOOP_BLOCKED_AFTER = 1.0
DEFAULT_HISTORY_STORE = "chdb:argus-history"
DEFAULT_HISTORY_SPOOL = "argus-history-spool"
DEFAULT_HISTORY_SPOOL_LIMIT = 256.0

_OTLP_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_PROTOCOLS = {"grpc": "otlp_proto_grpc", "http/protobuf": "otlp_proto_http"}
_HISTORY_USERS = ("off", "hashed", "plain")
# An address may have a password.
_UNSHOWN = ("endpoint_token", "history_store", "history_user_key", "origins")


class Origin(NamedTuple):
    """Where a setting's value comes from, for people who ask why it is what it is."""

    source: str
    shown: str


class Settings:
    """Everything that can be set. It does not change once it is made.

    (No dataclass and no tuple, whose methods and types are made at each start of a bot, at 1 to 4 ms for so many.)

    Attributes
    ----------
    disabled:
        ``OTEL_SDK_DISABLED``: nothing is hooked, exported or served.
    config_file:
        ``OTEL_CONFIG_FILE``: OpenTelemetry's declarative configuration sets up the SDK, and argus-otel only its hooks.
    service_name:
        ``OTEL_SERVICE_NAME``, else ``service.name`` in ``OTEL_RESOURCE_ATTRIBUTES``, else the script's name.
    metrics_exporters, traces_exporters, logs_exporters:
        ``OTEL_METRICS_EXPORTER`` and its like, as names of OpenTelemetry's entry points. By default ``prometheus`` for
        metrics, and OTLP for each signal that has an OTLP endpoint.
    sampler, sampler_argument:
        ``OTEL_TRACES_SAMPLER``, ``OTEL_TRACES_SAMPLER_ARG``.
    trace_rates:
        ``ARGUS_TRACE_RATES``: the share of traces that is kept, from 0 to 1, by kind of work or by kind and name:
        ``event=0.1,event.message=0,task.cleanup=0.5``.
    disabled_instrumentations:
        ``OTEL_PYTHON_DISABLED_INSTRUMENTATIONS``.
    endpoint:
        ``ARGUS_ENDPOINT``: whether ``/metrics``, ``/healthz``, ``/readyz`` and ``/status`` are served.
    endpoint_host, endpoint_port:
        ``ARGUS_ENDPOINT_HOST`` and ``ARGUS_ENDPOINT_PORT``, else ``OTEL_EXPORTER_PROMETHEUS_HOST`` and ``_PORT``. Port
        0 takes any that is free.
    endpoint_token:
        ``ARGUS_ENDPOINT_TOKEN``: the bearer token that ``/metrics`` and ``/status`` then ask for.
    endpoint_allowed_hosts:
        ``ARGUS_ENDPOINT_ALLOWED_HOSTS``: by what names, beside ``localhost``, IP addresses and ``endpoint_host``,
        ``/metrics`` and ``/status`` may be asked for where there is no token.
    endpoint_certificate, endpoint_key:
        ``ARGUS_ENDPOINT_CERTIFICATE``, ``ARGUS_ENDPOINT_KEY``: PEM files; the endpoint then speaks HTTPS.
    cluster_id:
        ``ARGUS_CLUSTER_ID``: which of several processes of one bot this is, as ``discord.cluster.id``.
    loop_blocked_after:
        ``ARGUS_LOOP_BLOCKED_AFTER``: how long the event loop may stand still before an event tells where, in seconds; 0
        for never.
    shutdown_timeout:
        ``ARGUS_SHUTDOWN_TIMEOUT``: how long the last export may take when the bot ends, in seconds.
    history:
        ``ARGUS_HISTORY``: ``off``, or the way that the history of each guild takes: ``otlp``, as log records to where
        logs go by OTLP, or ``store``, straight to ``history_store``. ``true`` is ``otlp`` where logs are exported by
        OTLP, else ``store``.
    history_store:
        ``ARGUS_HISTORY_STORE``: where history lives, ``clickhouse://user:password@host:8123/database``,
        ``clickhouses://`` for TLS, or ``chdb:DIRECTORY`` for the embedded engine.
    history_users:
        ``ARGUS_HISTORY_USERS``: what history has of users: ``off``, ``hashed`` (by ``history_user_key``)
        or ``plain``.
    history_user_key:
        ``ARGUS_HISTORY_USER_KEY``: the key of the hash.
    history_spool, history_spool_limit:
        ``ARGUS_HISTORY_SPOOL``, ``ARGUS_HISTORY_SPOOL_LIMIT``: the directory of events that wait until they can be
        delivered, and how many MiB it may hold.
    problems:
        What was wrong with the settings: each names the setting, its value, and what would be right.
    origins:
        Where each value comes from, by the attribute's name.
    """

    disabled: bool = False
    config_file: str | None = None
    service_name: str = "discord-bot"
    metrics_exporters: tuple[str, ...] = ("prometheus",)
    traces_exporters: tuple[str, ...] = ()
    logs_exporters: tuple[str, ...] = ()
    sampler: str | None = None
    sampler_argument: str | None = None
    trace_rates: Mapping[str, float] = MappingProxyType({})
    disabled_instrumentations: tuple[str, ...] = ()
    endpoint: bool = True
    endpoint_host: str = DEFAULT_HOST
    endpoint_port: int = DEFAULT_PORT
    endpoint_token: str | None = None
    endpoint_allowed_hosts: tuple[str, ...] = ()
    endpoint_certificate: str | None = None
    endpoint_key: str | None = None
    cluster_id: str | None = None
    loop_blocked_after: float = DEFAULT_LOOP_BLOCKED_AFTER
    shutdown_timeout: float = DEFAULT_SHUTDOWN_TIMEOUT
    history: str = "off"
    history_store: str = DEFAULT_HISTORY_STORE
    history_users: str = "off"
    history_user_key: str | None = None
    history_spool: str = DEFAULT_HISTORY_SPOOL
    history_spool_limit: float = DEFAULT_HISTORY_SPOOL_LIMIT
    problems: tuple[str, ...] = ()
    origins: Mapping[str, Origin] = MappingProxyType({})

    def __init__(self, **values: Any) -> None:
        _refuse_others(values, SETTINGS)
        vars(self).update(values)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"settings do not change: {name} stays as it is")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Settings) and all(getattr(self, name) == getattr(other, name) for name in SETTINGS)

    __hash__ = None  # type: ignore[assignment]  # some of them are mappings

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in SETTINGS if name not in _UNSHOWN)
        return f"Settings({', '.join(shown)})"

    @classmethod
    def resolve(
        cls, environ: Mapping[str, str] | None = None, keywords: Mapping[str, object] | None = None
    ) -> Settings:
        """Resolve the settings.

        Parameters
        ----------
        environ:
            The environment; by default that of the process.
        keywords:
            Attributes of this class, which win over the environment. ``None`` means "not given".

        Raises
        ------
        TypeError
            A keyword that is no setting.
        """
        keywords = keywords or {}
        _refuse_others(keywords, [name for name in SETTINGS if name not in ("problems", "origins")])
        return _Resolution(os.environ if environ is None else environ, keywords).settings()


SETTINGS = tuple(Settings.__annotations__)
"""The attributes of :class:`Settings`."""


def _refuse_others(given: Iterable[str], settable: Sequence[str]) -> None:
    for keyword in given:
        if keyword not in settable:
            raise TypeError(f"argus-otel has no setting {keyword!r}; there are: {', '.join(settable)}")


class _Resolution:
    """One resolving: reads each setting in turn, and keeps what was wrong and where each came from."""

    def __init__(self, environ: Mapping[str, str], keywords: Mapping[str, object]) -> None:
        self._environ = environ
        self._keywords = keywords
        self._problems: list[str] = []
        self._origins: dict[str, Origin] = {}

    def settings(self) -> Settings:
        take = self._take
        values: dict[str, Any] = {
            "disabled": take("disabled", ("OTEL_SDK_DISABLED",), _boolean, False, "true or false"),
            "config_file": take("config_file", ("OTEL_CONFIG_FILE",), str, None, "the path of a file"),
            "service_name": self._service_name(),
            "metrics_exporters": self._exporters("metrics", ("prometheus",)),
            "traces_exporters": self._exporters("traces", ()),
            "logs_exporters": self._exporters("logs", ()),
            "sampler": take("sampler", ("OTEL_TRACES_SAMPLER",), str, None, "the name of a sampler"),
            "sampler_argument": take("sampler_argument", ("OTEL_TRACES_SAMPLER_ARG",), str, None, "its argument"),
            "trace_rates": take(
                "trace_rates",
                ("ARGUS_TRACE_RATES",),
                _rates,
                {},
                "kinds of work and shares from 0 to 1, by commas, such as event=0.1,event.message=0,task=1",
            ),
            "disabled_instrumentations": take(
                "disabled_instrumentations", ("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",), _names, (), "names, by commas"
            ),
            "endpoint": take("endpoint", ("ARGUS_ENDPOINT",), _boolean, True, "true or false"),
            "endpoint_host": take(
                "endpoint_host",
                ("ARGUS_ENDPOINT_HOST", "OTEL_EXPORTER_PROMETHEUS_HOST"),
                str,
                DEFAULT_HOST,
                "a host name or address",
            ),
            "endpoint_port": take(
                "endpoint_port",
                ("ARGUS_ENDPOINT_PORT", "OTEL_EXPORTER_PROMETHEUS_PORT"),
                _port,
                DEFAULT_PORT,
                "a port from 0 to 65535, where 0 takes any that is free",
            ),
            "endpoint_token": take("endpoint_token", ("ARGUS_ENDPOINT_TOKEN",), str, None, "a token", secret=True),
            "endpoint_allowed_hosts": take(
                "endpoint_allowed_hosts",
                ("ARGUS_ENDPOINT_ALLOWED_HOSTS",),
                _host_names,
                (),
                "host names by commas, without scheme, port or wildcard, such as bot,bot.internal",
            ),
            "endpoint_certificate": take(
                "endpoint_certificate", ("ARGUS_ENDPOINT_CERTIFICATE",), str, None, "the path of a PEM file"
            ),
            "endpoint_key": take("endpoint_key", ("ARGUS_ENDPOINT_KEY",), str, None, "the path of a PEM file"),
            "cluster_id": take("cluster_id", ("ARGUS_CLUSTER_ID",), str, None, "a name or number"),
            "loop_blocked_after": take(
                "loop_blocked_after",
                ("ARGUS_LOOP_BLOCKED_AFTER",),
                _seconds,
                DEFAULT_LOOP_BLOCKED_AFTER,
                "a number of seconds, 0 or more",
            ),
            "shutdown_timeout": take(
                "shutdown_timeout",
                ("ARGUS_SHUTDOWN_TIMEOUT",),
                _seconds,
                DEFAULT_SHUTDOWN_TIMEOUT,
                "a number of seconds, 0 or more",
            ),
            "history_store": take(
                "history_store",
                ("ARGUS_HISTORY_STORE",),
                str,
                DEFAULT_HISTORY_STORE,
                "clickhouse://user:password@host:8123/database, clickhouses://… or chdb:DIRECTORY",
                secret=True,
            ),
            "history_user_key": take("history_user_key", ("ARGUS_HISTORY_USER_KEY",), str, None, "a key", secret=True),
            "history_spool": take(
                "history_spool", ("ARGUS_HISTORY_SPOOL",), str, DEFAULT_HISTORY_SPOOL, "the path of a directory"
            ),
            "history_spool_limit": take(
                "history_spool_limit",
                ("ARGUS_HISTORY_SPOOL_LIMIT",),
                _mebibytes,
                DEFAULT_HISTORY_SPOOL_LIMIT,
                "a number of MiB above 0",
            ),
        }
        values["history"] = self._history(values["logs_exporters"])
        values["history_users"] = self._history_users(values["history_user_key"])
        self._look_at_headers()
        return Settings(**values, problems=tuple(self._problems), origins=self._origins)

    def _take(
        self,
        name: str,
        variables: tuple[str, ...],
        parse: Callable[[str], T],
        default: T | None,
        right: str,
        *,
        secret: bool = False,
        show: Callable[[str], str] = str,
    ) -> T | None:
        given = self._keywords.get(name)
        candidates = [(f"{name}=", given)] if given is not None else []
        candidates += [(variable, self._environ.get(variable, "").strip()) for variable in variables]
        value, origin = default, Origin("default", "" if default is None else str(default))
        wrong: list[str] = []
        for source, raw in candidates:
            if raw == "":  # an empty variable counts as unset, as OpenTelemetry has it
                continue
            text = _text(raw)
            shown = "(set)" if secret else show(text)
            try:
                value = parse(text)
            except ValueError:
                wrong.append(f"{source} is {shown!r}, but it has to be {right}")
                continue
            origin = Origin(source.rstrip("="), shown)
            break
        using = "nothing" if value is None else repr(value)
        self._problems += [f"{problem}; using {using} instead" for problem in wrong]
        self._origins[name] = origin
        return value

    def _service_name(self) -> str:
        named = self._take("service_name", ("OTEL_SERVICE_NAME",), _utf8, None, "a name in UTF-8")
        if named:
            return named
        # Of two the last one holds, as it does in OpenTelemetry's resource.
        for pair in reversed(self._environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(",")):
            key, _, value = pair.partition("=")
            if key.strip() == "service.name" and value.strip():
                name = unquote(value.strip())
                self._origins["service_name"] = Origin("OTEL_RESOURCE_ATTRIBUTES", name)
                return name
        name = script_name(sys.orig_argv)
        self._origins["service_name"] = Origin("the script's name", name)
        return name

    def _history(self, logs_exporters: tuple[str, ...]) -> str:
        right = "true, false, otlp or store"
        chosen = self._take("history", ("ARGUS_HISTORY",), _history, "off", right)
        by_otlp = any(exporter in _PROTOCOLS.values() for exporter in logs_exporters)
        if chosen == "true":
            return "otlp" if by_otlp else "store"
        if chosen == "otlp" and not by_otlp:
            self._problems.append(
                "ARGUS_HISTORY is 'otlp', but logs are exported nowhere by OTLP: set OTEL_EXPORTER_OTLP_ENDPOINT, or "
                "ARGUS_HISTORY=store; there is no history"
            )
            return "off"
        return chosen or "off"

    def _history_users(self, key: str | None) -> str:
        right = "off, hashed or plain"
        users = self._take("history_users", ("ARGUS_HISTORY_USERS",), _one_of(_HISTORY_USERS), "off", right) or "off"
        if users == "hashed" and not key:
            self._problems.append(
                "ARGUS_HISTORY_USERS is 'hashed', but ARGUS_HISTORY_USER_KEY has no key for the hash: give it a long "
                "random text, and keep it; using 'off' instead"
            )
            return "off"
        return users

    def _exporters(self, signal: str, always: tuple[str, ...]) -> tuple[str, ...]:
        name, variable = f"{signal}_exporters", f"OTEL_{signal.upper()}_EXPORTER"
        chosen = self._take(name, (variable,), _names, None, "names of exporters, by commas")
        if chosen is None:
            variables = (_signal_endpoint(signal), _OTLP_ENDPOINT)
            endpoint = next((name for name in variables if self._environ.get(name, "").strip()), None)
            chosen = always + (("otlp",) if endpoint else ())
            self._origins[name] = Origin(f"default, as {endpoint} is set" if endpoint else "default", ",".join(chosen))
        if [exporter.lower() for exporter in chosen] == ["none"]:
            return ()
        # Once each: two of the same would send everything twice.
        return tuple(dict.fromkeys(self._entry_point(exporter, signal) for exporter in chosen))

    def _look_at_headers(self) -> None:
        for variable in (f"OTEL_EXPORTER_OTLP_{signal}HEADERS" for signal in ("", "METRICS_", "TRACES_", "LOGS_")):
            if not are_headers(self._environ.get(variable, "")):
                self._problems.append(
                    f"{variable} has an entry that is no header, and is not sent: it has to be name=value, by commas, "
                    "such as authorization=Bearer%20TOKEN, with other than plain characters URL-encoded"
                )

    def _entry_point(self, exporter: str, signal: str) -> str:
        if exporter != "otlp":
            return exporter
        for variable in (f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
            protocol = self._environ.get(variable, "").strip()
            if protocol in _PROTOCOLS:
                return _PROTOCOLS[protocol]
            if protocol:
                problem = f"{variable} is {protocol!r}, but it has to be grpc or http/protobuf; using grpc instead"
                if problem not in self._problems:
                    self._problems.append(problem)
                break
        return _PROTOCOLS["grpc"]


def _signal_endpoint(signal: str) -> str:
    return f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT"


def _text(raw: object) -> str:
    """Return a keyword's value as the environment would spell it, so that both are judged alike."""
    if isinstance(raw, Mapping):
        return ",".join(f"{name}={value}" for name, value in cast("Mapping[object, object]", raw).items())
    if isinstance(raw, (list, tuple, set, frozenset)):
        return ",".join(map(str, cast("Iterable[object]", raw)))
    return str(raw).strip()


def _utf8(text: str) -> str:
    text.encode()  # what is no UTF-8 in the environment raises UnicodeEncodeError, a ValueError
    return text


def _boolean(text: str) -> bool:
    if text.lower() in ("true", "1", "yes", "on"):
        return True
    if text.lower() in ("false", "0", "no", "off"):
        return False
    raise ValueError(text)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _host_names(text: str) -> tuple[str, ...]:
    names = tuple(name.lower().removesuffix(".") for name in _names(text))
    if not all(re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", name) for name in names):
        raise ValueError(text)
    return names


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError(text)
    return port


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise ValueError(text)
    return seconds


def _mebibytes(text: str) -> float:
    mebibytes = float(text)
    if not 0 < mebibytes < float("inf"):
        raise ValueError(text)
    return mebibytes


def _history(text: str) -> str:
    if text.lower() in ("otlp", "store"):
        return text.lower()
    return "true" if _boolean(text) else "off"


def _one_of(words: tuple[str, ...]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(text)
        return text.lower()

    return parse


def _rates(text: str) -> dict[str, float]:
    rates: dict[str, float] = {}
    for pair in _names(text):
        kind, _, share = pair.rpartition("=")
        rates[kind.strip()] = float(share)
        if not kind.strip() or not 0 <= float(share) <= 1:
            raise ValueError(text)
    return rates
