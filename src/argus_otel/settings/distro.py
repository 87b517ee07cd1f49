"""The distro's own settings, and those of the installed sources with them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import unquote

from argus_otel.discovery import installed, load_each
from argus_otel.script_name import UNNAMED, script_name

from . import history_rules, parsers
from .otlp import Exporters, check_headers
from .ports import DEFAULT_PORTS, of_the_panel, parse_ports
from .resolution import Resolution
from .setting import Origin, Setting, Table

S = TypeVar("S", bound=Table)

DEFAULT_HOST = "127.0.0.1"
HEARTBEAT_PLACEHOLDERS = ("status", "message", "latency", "shards", "cluster")
"""The names that ``ARGUS_HEARTBEAT_URL`` may hold in braces."""

PARENT_SERVICE = "ARGUS_PARENT_SERVICE"
"""Set by an instrumented process for those that it starts: a worker of multiprocessing is ``python -c``."""


def _service_name(resolution: Resolution, named: str) -> str:
    if named:
        return named
    # Of two the last one holds, as it does in OpenTelemetry's resource.
    for pair in reversed(resolution.environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(",")):
        key, _, value = pair.partition("=")
        if key.strip() == "service.name" and value.strip():
            name = unquote(value.strip())
            resolution.origins["service_name"] = Origin("OTEL_RESOURCE_ATTRIBUTES", name)
            return name
    name, origin = script_name(sys.orig_argv), "the script's name"
    if name == UNNAMED and (parent := resolution.variable(PARENT_SERVICE)):
        name, origin = parent, "the parent process"
    resolution.origins["service_name"] = Origin(origin, name)
    return name


def _known_rates(resolution: Resolution, rates: dict[str, float]) -> dict[str, float]:
    known = [*installed().specs, "timed"]
    for name in rates:
        if name.partition(".")[0] not in known:
            resolution.problems.append(
                f"ARGUS_TRACE_RATES has {name!r}, which applies to nothing: it has to begin with the name of a source, "
                f"one of {', '.join(known)}, such as discord.event"
            )
    return rates


class Settings(Table):
    """Every setting of the distro. Immutable.

    ``settings[TheirTable]`` is the table of a source.

    Attributes
    ----------
    problems:
        One sentence for each invalid value: the setting, its value, and which values are valid.
    origins:
        The origin of each value by the setting's name, including the settings of sources.
    """

    problems: tuple[str, ...]
    origins: Mapping[str, Origin]
    tables: Mapping[type[Table], Table]

    disabled = Setting(
        "OTEL_SDK_DISABLED",
        parse=parsers.boolean,
        default=False,
        right="true or false",
        help="Nothing is hooked, exported or served.",
        type="bool",
    )
    config_file = Setting(
        "OTEL_CONFIG_FILE",
        parse=parsers.optional,
        default=None,
        right="the path of a file",
        help="OpenTelemetry's declarative configuration sets up the SDK from this file; argus-otel adds its hooks.",
        type="str | os.PathLike[str]",
    )
    service_name = Setting(
        "OTEL_SERVICE_NAME",
        parse=parsers.utf8,
        default="",
        right="a name in UTF-8",
        help="The program's name in every metric, trace and log.",
        type="str",
        default_help="the script's name: `bot` for `bot.py`",
        variables_help=", else `service.name` in `OTEL_RESOURCE_ATTRIBUTES`",
        derive=_service_name,
    )
    metrics_exporters = Setting(
        "OTEL_METRICS_EXPORTER",
        parse=parsers.names,
        default=(),
        right="names of exporters, by commas",
        help=(
            "The exporters of metrics: names, separated by commas; `none` for no export. `prometheus` is the "
            "endpoint's `/metrics`."
        ),
        type="str | Sequence[str]",
        default_help="`prometheus`; with an OTLP endpoint `prometheus,otlp`",
        derive=Exporters("metrics", ("prometheus",)),
    )
    traces_exporters = Setting(
        "OTEL_TRACES_EXPORTER",
        parse=parsers.names,
        default=(),
        right="names of exporters, by commas",
        help="The exporters of traces.",
        type="str | Sequence[str]",
        default_help="none; with an OTLP endpoint `otlp`",
        derive=Exporters("traces", ()),
    )
    logs_exporters = Setting(
        "OTEL_LOGS_EXPORTER",
        parse=parsers.names,
        default=(),
        right="names of exporters, by commas",
        help="The exporters of logs and events.",
        type="str | Sequence[str]",
        default_help="none; with an OTLP endpoint `otlp`",
        derive=Exporters("logs", ()),
    )
    sampler = Setting(
        "OTEL_TRACES_SAMPLER",
        parse=parsers.optional,
        default=None,
        right="the name of a sampler",
        help="Which traces are sampled.",
        type="str",
        default_help="OpenTelemetry's: `parentbased_always_on`",
    )
    sampler_argument = Setting(
        "OTEL_TRACES_SAMPLER_ARG",
        parse=parsers.optional,
        default=None,
        right="its argument",
        help="The sampler's argument: for `parentbased_traceidratio`, `0.1` samples every tenth trace.",
        type="str | float",
    )
    trace_rates = Setting(
        "ARGUS_TRACE_RATES",
        parse=parsers.rates,
        default=dict[str, float](),
        right="kinds of work and shares from 0 to 1, by commas, such as discord.event=0.1,discord.task.cleanup=1",
        help=(
            "The share of traces to sample, by source, by kind of work, or by kind and name: "
            "`discord=0.5,discord.event=0.1,discord.event.message=0`."
        ),
        type="str | Mapping[str, float]",
        default_help="see [sampling](#which-traces-are-sampled)",
        derive=_known_rates,
    )
    exception_signal = Setting(
        "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN",
        parse=parsers.one_of("logs", "logs/dup"),
        default="",
        right="logs or logs/dup",
        help=(
            "How exceptions that end work are exported: `logs` (log records in the span's context) or `logs/dup` "
            "(span events too)."
        ),
        type="str",
        default_help="`logs` if logs are exported, span events if not",
    )
    disabled_instrumentations = Setting(
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",
        parse=parsers.names,
        default=(),
        right="names, by commas",
        help=(
            "Instrumentations and sources to switch off, separated by commas: any of OpenTelemetry's, such as "
            "`logging`, and any source, such as `process`; `*` is all."
        ),
        type="str | Sequence[str]",
    )
    endpoint = Setting(
        "ARGUS_ENDPOINT",
        parse=parsers.boolean,
        default=True,
        right="true or false",
        help="Whether `/metrics`, `/healthz`, `/readyz` and `/status` are served.",
        type="bool",
    )
    endpoint_host = Setting(
        "ARGUS_ENDPOINT_HOST",
        "OTEL_EXPORTER_PROMETHEUS_HOST",
        parse=str,
        default=DEFAULT_HOST,
        right="a host name or address",
        help="The address to serve on. `0.0.0.0` is every IPv4 interface; set a token then.",
        type="str",
    )
    endpoint_port = Setting(
        "ARGUS_ENDPOINT_PORT",
        "OTEL_EXPORTER_PROMETHEUS_PORT",
        parse=parse_ports,
        default=DEFAULT_PORTS,
        right="a port from 0 to 65535, where 0 is any free one, a range such as 9464-9479, or panel",
        help=(
            "The port, or a range such as `9464-9479`: the first free one is used, and the line at the start says "
            "which. `0` is any free port; `panel` is [the hosting panel's](endpoint.md#hosting-panels)."
        ),
        type="int | str",
        derive=of_the_panel,
    )
    endpoint_targets = Setting(
        "ARGUS_ENDPOINT_TARGETS",
        parse=parsers.optional,
        default=None,
        right="the path of a directory",
        help=(
            "The directory in which each process names its endpoint, for Prometheus' `file_sd` and for "
            "`argus-otel top`: see [clusters](clusters.md)."
        ),
        type="str | os.PathLike[str]",
        default_help="`argus-otel-UID` in the system's directory for temporary files",
    )
    endpoint_token = Setting(
        "ARGUS_ENDPOINT_TOKEN",
        parse=parsers.optional,
        default=None,
        right="a token",
        help="A bearer token that `/metrics` and `/status` then require.",
        type="str",
        secret=True,
    )
    endpoint_allowed_hosts = Setting(
        "ARGUS_ENDPOINT_ALLOWED_HOSTS",
        parse=parsers.host_names,
        default=(),
        right="host names by commas, without scheme, port or wildcard, such as bot,bot.internal",
        help=(
            "Names by which `/metrics` and `/status` may be requested if no token is set, separated by commas, "
            "beside `localhost`, IP addresses and `ARGUS_ENDPOINT_HOST`: see [hosts](endpoint.md#hosts)."
        ),
        type="str | Sequence[str]",
    )
    endpoint_certificate = Setting(
        "ARGUS_ENDPOINT_CERTIFICATE",
        parse=parsers.optional,
        default=None,
        right="the path of a PEM file",
        help="The path of a PEM file with the certificate and its chain; the endpoint then speaks HTTPS.",
        type="str | os.PathLike[str]",
    )
    endpoint_key = Setting(
        "ARGUS_ENDPOINT_KEY",
        parse=parsers.optional,
        default=None,
        right="the path of a PEM file",
        help="The path of the certificate's key, a PEM file without a password.",
        type="str | os.PathLike[str]",
    )
    heartbeat_url = Setting(
        "ARGUS_HEARTBEAT_URL",
        parse=parsers.url_with(*HEARTBEAT_PLACEHOLDERS),
        default=None,
        right=(
            "a URL that begins with https:// or http://, without user and password, and with no other placeholders "
            f"than {', '.join(f'{{{name}}}' for name in HEARTBEAT_PLACEHOLDERS)}"
        ),
        help=(
            "A URL of a monitor, which is called each minute while the program works, and not otherwise: see "
            "[heartbeat](hosting.md#a-heartbeat-for-a-monitor)."
        ),
        type="str",
        secret=True,
    )
    shutdown_timeout = Setting(
        "ARGUS_SHUTDOWN_TIMEOUT",
        parse=parsers.seconds,
        default=5.0,
        right="a number of seconds, 0 or more",
        help="How long the last export may delay the program's end, in seconds.",
        type="float",
    )
    history = Setting(
        "ARGUS_HISTORY",
        parse=history_rules.wanted,
        default="off",
        right="true, false, otlp or store",
        help=(
            "Whether [history](history-recording.md) is recorded, and its destination: `otlp` (log records, to the "
            "OTLP endpoint for logs), `store` (directly to `ARGUS_HISTORY_STORE`), or `true` (`otlp` if logs are "
            "exported by OTLP, else `store`)."
        ),
        type="bool | str",
        default_help="`false`",
        derive=history_rules.destination,
    )
    history_store = Setting(
        "ARGUS_HISTORY_STORE",
        parse=str,
        default=history_rules.DEFAULT_STORE,
        right="clickhouse://user:password@host:8123/database, clickhouses://…, chdb:DIRECTORY or files:DIRECTORY",
        help=(
            "The store of [history](history.md): `clickhouse://user:password@host:8123/database`, the same with "
            "`clickhouses://` (TLS), `chdb:DIRECTORY`, the embedded engine, or `files:DIRECTORY`, daily files, which "
            "need no engine."
        ),
        type="str",
        secret=True,
        default_help="`chdb:argus-history`; without the engine `files:argus-history-files`",
        derive=history_rules.store,
    )
    history_files_days = Setting(
        "ARGUS_HISTORY_FILES_DAYS",
        parse=parsers.positive,
        default=90,
        right="a whole number of days above 0",
        help="How many days daily files are kept, today included. Older ones are removed, and their events counted.",
        type="int",
    )
    history_files_limit = Setting(
        "ARGUS_HISTORY_FILES_LIMIT",
        parse=parsers.mebibytes,
        default=256.0,
        right="a number of MiB above 0",
        help="The maximum size of daily files in MiB. Beyond it, the oldest day is removed, and its events counted.",
        type="float",
    )
    history_user_key = Setting(
        "ARGUS_HISTORY_USER_KEY",
        parse=parsers.optional,
        default=None,
        right="a key",
        help=(
            "The key for `ARGUS_HISTORY_USERS=hashed`, a long random text. With another key, the same user gets "
            "another hash. Without a key, `hashed` is treated as `off`."
        ),
        type="str",
        secret=True,
    )
    history_users = Setting(
        "ARGUS_HISTORY_USERS",
        parse=parsers.one_of("off", "hashed", "plain"),
        default="off",
        right="off, hashed or plain",
        help="How history stores users: `off` (not at all), `hashed` (a keyed hash of the id) or `plain` (the id).",
        type="str",
        derive=history_rules.users,
    )
    history_spool = Setting(
        "ARGUS_HISTORY_SPOOL",
        parse=str,
        default="argus-history-spool",
        right="the path of a directory",
        help="The directory for events that cannot be delivered yet. It is created when the first event has to wait.",
        type="str | os.PathLike[str]",
    )
    history_spool_limit = Setting(
        "ARGUS_HISTORY_SPOOL_LIMIT",
        parse=parsers.mebibytes,
        default=256.0,
        right="a number of MiB above 0",
        help="The spool's maximum size in MiB. While it is full, new events are dropped and counted.",
        type="float",
    )

    def __init__(
        self,
        *,
        problems: Iterable[str] = (),
        origins: Mapping[str, Origin] | None = None,
        tables: Mapping[type[Table], Table] | None = None,
        **values: Any,
    ) -> None:
        _refuse_others(values, [setting.name for setting in type(self).settings()])
        super().__init__(**values)
        vars(self).update(problems=tuple(problems), origins=origins or {}, tables=tables or {})

    def __getitem__(self, table: type[S]) -> S:
        """Return the settings of a source: an instance of ``table``, with defaults if it was not resolved."""
        found = self.tables.get(table)
        return found if isinstance(found, table) else table()

    def value(self, name: str) -> Any:
        """Return the value of a setting of any source, or of the distro's own.

        Raises
        ------
        KeyError
            There is none of this name, or its source is not installed.
        """
        for table in (self, *self.tables.values()):
            for setting in type(table).settings():
                if setting.name == name:
                    return setting.__get__(table, type(table))
        raise KeyError(name)

    def __repr__(self) -> str:
        return "; ".join(map(Table.__repr__, (self, *self.tables.values())))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Settings):
            return NotImplemented
        return super().__eq__(other) and all(self[table] == other[table] for table in {*self.tables, *other.tables})

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def resolve(
        cls, environ: Mapping[str, str] | None = None, keywords: Mapping[str, object] | None = None
    ) -> Settings:
        """Resolve the settings, those of every installed source included.

        Parameters
        ----------
        environ:
            The environment; by default that of the process.
        keywords:
            Names of settings and their values, which win over the environment. ``None`` means "not given".

        Raises
        ------
        TypeError
            A keyword that is no setting.
        """
        problems: list[str] = []
        tables = list(_tables(problems))
        keywords = keywords or {}
        _refuse_others(keywords, [setting.name for table in (cls, *tables) for setting in table.settings()])
        resolution = Resolution(os.environ if environ is None else environ, keywords)
        for table in (cls, *tables):
            for setting in table.settings():
                resolution.take(setting)
        check_headers(resolution)
        of_sources = {
            table: table(**{setting.name: resolution.values[setting.name] for setting in table.settings()})
            for table in tables
        }
        return cls(
            problems=[*resolution.problems, *problems],
            origins=resolution.origins,
            tables=of_sources,
            **{setting.name: resolution.values[setting.name] for setting in cls.settings()},
        )


def all_settings() -> tuple[Setting[Any], ...]:
    """Return every setting: the distro's own, then each installed source's."""
    return tuple(setting for table in (Settings, *_tables([])) for setting in table.settings())


def _tables(problems: list[str]) -> Iterable[type[Table]]:
    for spec, table, reason in load_each("settings"):
        if reason is None:
            yield table
        else:
            problems.append(f"{spec.settings} cannot be loaded, and its settings have their defaults: {reason}")


def _refuse_others(given: Iterable[str], settable: Iterable[str]) -> None:
    settable = list(settable)
    for keyword in given:
        if keyword not in settable:
            raise TypeError(f"argus-otel has no setting {keyword!r}; there are: {', '.join(settable)}")
