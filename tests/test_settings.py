from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from argus_otel.script_name import script_name
from argus_otel.settings import Ports, Setting, Settings, Table, all_settings
from argus_otel.sources.discord.settings import DiscordSettings
from argus_otel.sources.process.settings import ProcessSettings


def resolve(environ: Mapping[str, str] | None = None, **keywords: object) -> Settings:
    return Settings.resolve(environ or {}, keywords)


# -- precedence


def test_without_anything_the_defaults_hold() -> None:
    settings = resolve()
    assert settings == Settings(service_name=settings.service_name, metrics_exporters=("prometheus",))
    assert settings[DiscordSettings] == DiscordSettings()
    assert settings.problems == ()
    assert (settings.endpoint_host, settings.endpoint_port) == ("127.0.0.1", Ports(9464, 9479))


def test_keyword_before_argus_before_otel_before_default() -> None:
    otel = {"OTEL_EXPORTER_PROMETHEUS_PORT": "1"}
    argus = {**otel, "ARGUS_ENDPOINT_PORT": "2"}
    found = [
        (settings.endpoint_port, settings.origins["endpoint_port"].source)
        for settings in (resolve(), resolve(otel), resolve(argus), resolve(argus, endpoint_port=3))
    ]
    assert found == [
        (Ports(9464, 9479), "default"),
        (Ports(1), "OTEL_EXPORTER_PROMETHEUS_PORT"),
        (Ports(2), "ARGUS_ENDPOINT_PORT"),
        (Ports(3), "endpoint_port"),
    ]


@pytest.mark.parametrize(
    ("variable", "text", "attribute", "value"),
    [
        ("OTEL_SDK_DISABLED", "true", "disabled", True),
        ("OTEL_CONFIG_FILE", "otel.yaml", "config_file", "otel.yaml"),
        ("OTEL_SERVICE_NAME", "jukebox", "service_name", "jukebox"),
        ("OTEL_METRICS_EXPORTER", "console, prometheus", "metrics_exporters", ("console", "prometheus")),
        ("OTEL_TRACES_EXPORTER", "console", "traces_exporters", ("console",)),
        ("OTEL_LOGS_EXPORTER", "console", "logs_exporters", ("console",)),
        ("OTEL_TRACES_SAMPLER", "always_off", "sampler", "always_off"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.5", "sampler_argument", "0.5"),
        ("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "requests, discord", "disabled_instrumentations", None),
        ("ARGUS_ENDPOINT", "off", "endpoint", False),
        ("ARGUS_ENDPOINT_HOST", "::1", "endpoint_host", "::1"),
        ("OTEL_EXPORTER_PROMETHEUS_HOST", "::1", "endpoint_host", "::1"),
        ("ARGUS_ENDPOINT_PORT", "0", "endpoint_port", Ports(0)),
        ("ARGUS_ENDPOINT_PORT", "9500-9515", "endpoint_port", Ports(9500, 9515)),
        ("ARGUS_ENDPOINT_TOKEN", "sesame", "endpoint_token", "sesame"),
        ("ARGUS_ENDPOINT_ALLOWED_HOSTS", "Bot, bot.internal.,,", "endpoint_allowed_hosts", ("bot", "bot.internal")),
        ("ARGUS_ENDPOINT_CERTIFICATE", "c.pem", "endpoint_certificate", "c.pem"),
        ("ARGUS_ENDPOINT_KEY", "k.pem", "endpoint_key", "k.pem"),
        ("ARGUS_SHUTDOWN_TIMEOUT", "2.5", "shutdown_timeout", 2.5),
    ],
)
def test_every_setting_is_read_from_its_variable(variable: str, text: str, attribute: str, value: object) -> None:
    settings = resolve({variable: f"  {text} "})
    assert getattr(settings, attribute) == (("requests", "discord") if value is None else value)
    assert settings.origins[attribute].source == variable
    assert settings.problems == ()


@pytest.mark.parametrize(
    "variable",
    ["OTEL_SDK_DISABLED", "OTEL_METRICS_EXPORTER", "ARGUS_ENDPOINT_PORT", "ARGUS_ENDPOINT", "OTEL_SERVICE_NAME"],
)
@pytest.mark.parametrize("nothing", ["", "  "])
def test_an_empty_variable_is_as_good_as_none(variable: str, nothing: str) -> None:
    settings = resolve({variable: nothing})
    assert settings == resolve()
    assert settings.problems == ()


def test_an_empty_variable_does_not_hide_the_next_one() -> None:
    assert resolve({"ARGUS_ENDPOINT_PORT": "", "OTEL_EXPORTER_PROMETHEUS_PORT": "1"}).endpoint_port == Ports(1)


def test_the_environment_of_the_process_is_read_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGUS_ENDPOINT_PORT", "1234")
    assert Settings.resolve().endpoint_port == Ports(1234)


@pytest.mark.parametrize("text", ["true", "TRUE", "1", "yes", "on"])
def test_there_are_several_words_for_true(text: str) -> None:
    assert resolve({"OTEL_SDK_DISABLED": text}).disabled


# -- wrong values


@pytest.mark.parametrize(
    ("variable", "text", "right", "used"),
    [
        ("OTEL_SDK_DISABLED", "maybe", "true or false", "False"),
        ("ARGUS_ENDPOINT", "perhaps", "true or false", "True"),
        ("ARGUS_ENDPOINT_PORT", "abc", "a port from 0 to 65535", "9464-9479"),
        ("ARGUS_ENDPOINT_PORT", "65536", "a port from 0 to 65535", "9464-9479"),
        ("ARGUS_ENDPOINT_PORT", "-1", "a port from 0 to 65535", "9464-9479"),
        ("ARGUS_ENDPOINT_PORT", "9" * 5000, "a port from 0 to 65535", "9464-9479"),
        *(
            ("ARGUS_ENDPOINT_ALLOWED_HOSTS", wrong, "host names by commas, without scheme, port or wildcard", "()")
            for wrong in ("http://bot", "bot:9464", "*", "*.internal", "bot,[::1]", "bot internal", "bücher", "a..b")
        ),
        ("OTEL_EXPORTER_PROMETHEUS_PORT", "9.5", "a port from 0 to 65535", "9464-9479"),
        ("ARGUS_SHUTDOWN_TIMEOUT", "soon", "a number of seconds, 0 or more", "5.0"),
        ("ARGUS_SHUTDOWN_TIMEOUT", "-1", "a number of seconds, 0 or more", "5.0"),
        ("ARGUS_SHUTDOWN_TIMEOUT", "nan", "a number of seconds, 0 or more", "5.0"),
        ("ARGUS_SHUTDOWN_TIMEOUT", "inf", "a number of seconds, 0 or more", "5.0"),
    ],
)
def test_a_wrong_value_is_named_with_what_would_be_right(variable: str, text: str, right: str, used: str) -> None:
    settings = resolve({variable: text})
    (problem,) = settings.problems
    assert problem.startswith(f"{variable} is {text!r}, but it has to be {right}")
    assert problem.endswith(f"using {used} instead")
    assert settings == resolve()


def test_a_wrong_value_gives_way_to_the_next_one_and_says_so() -> None:
    settings = resolve({"ARGUS_ENDPOINT_PORT": "abc", "OTEL_EXPORTER_PROMETHEUS_PORT": "9000"})
    assert settings.endpoint_port == Ports(9000)
    (problem,) = settings.problems
    assert problem.endswith("using 9000 instead")


def test_every_wrong_value_is_named() -> None:
    assert (
        len(resolve({"ARGUS_ENDPOINT_PORT": "a", "ARGUS_SHUTDOWN_TIMEOUT": "b", "ARGUS_ENDPOINT": "c"}).problems) == 3
    )


@pytest.mark.parametrize(
    ("keywords", "right"),
    [
        ({"endpoint_port": 99999}, "a port"),
        ({"endpoint_port": "abc"}, "a port"),
        ({"endpoint_port": "9479-9464"}, "a range such as 9464-9479"),
        ({"endpoint_port": "0-9"}, "a range such as 9464-9479"),
        ({"endpoint_port": "9464-"}, "a range such as 9464-9479"),
        ({"endpoint_port": "65530-65536"}, "a range such as 9464-9479"),
        ({"endpoint_port": 1.5}, "a port"),
        ({"endpoint_port": True}, "a port"),
        ({"endpoint_port": object()}, "a port"),
        ({"shutdown_timeout": -1}, "a number of seconds"),
        ({"shutdown_timeout": float("nan")}, "a number of seconds"),
        ({"shutdown_timeout": [1, 2]}, "a number of seconds"),
        ({"endpoint": "perhaps"}, "true or false"),
        ({"disabled": 7}, "true or false"),
    ],
)
def test_a_wrong_keyword_is_named_and_never_raised(keywords: dict[str, object], right: str) -> None:
    settings = resolve(**keywords)
    ((name, value),) = keywords.items()
    (problem,) = settings.problems
    assert problem.startswith(f"{name}= is ")
    assert right in problem
    assert getattr(settings, name) == getattr(Settings(), name) != value


@pytest.mark.parametrize(
    ("keywords", "value"),
    [
        ({"endpoint_port": 0}, Ports(0)),
        ({"endpoint_port": "9500"}, Ports(9500)),
        ({"shutdown_timeout": 2}, 2.0),
        ({"endpoint": False}, False),
        ({"metrics_exporters": "otlp, console"}, ("otlp_proto_grpc", "console")),
        ({"metrics_exporters": ["console"]}, ("console",)),
        ({"metrics_exporters": ()}, ()),
        ({"endpoint_certificate": Path("c.pem")}, "c.pem"),
        ({"service_name": "jukebox"}, "jukebox"),
    ],
)
def test_keywords_may_be_of_the_settings_type_or_a_text(keywords: dict[str, object], value: object) -> None:
    settings = resolve(**keywords)
    assert settings.problems == ()
    found = getattr(settings, next(iter(keywords)))
    assert found == value
    assert type(found) is type(value)


def test_a_keyword_of_none_is_not_given() -> None:
    assert resolve({"ARGUS_ENDPOINT_PORT": "1"}, endpoint_port=None).endpoint_port == Ports(1)


@pytest.mark.parametrize("keyword", ["endpoint_prot", "problems", "origins", "OTEL_SERVICE_NAME"])
def test_an_unknown_keyword_is_a_type_error_that_names_the_known_ones(keyword: str) -> None:
    with pytest.raises(TypeError, match=rf"no setting '{keyword}'; there are: disabled, .*endpoint_port"):
        resolve(**{keyword: 1})


# -- the service's name


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ("service.name=jukebox", "jukebox"),
        ("deployment=prod, service.name = jukebox ,x=y", "jukebox"),
        ("service.name=juke%20box%2C%3D", "juke box,="),
        ("service.name=a=b", "a=b"),
        ("service.name=first,service.name=last", "last"),
    ],
)
def test_the_service_is_named_by_the_resource_attributes(attributes: str, name: str) -> None:
    settings = resolve({"OTEL_RESOURCE_ATTRIBUTES": attributes})
    assert settings.service_name == name
    assert settings.origins["service_name"].source == "OTEL_RESOURCE_ATTRIBUTES"


def test_the_services_own_variable_comes_before_the_resource_attributes() -> None:
    environ = {"OTEL_RESOURCE_ATTRIBUTES": "service.name=one", "OTEL_SERVICE_NAME": "two"}
    assert resolve(environ).service_name == "two"
    assert resolve(environ, service_name="three").service_name == "three"


@pytest.mark.parametrize("attributes", ["", "service.name=", "service.name", ",,=,", "service.namespace=x"])
def test_otherwise_the_script_names_the_service(attributes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.orig_argv", ["python", "/srv/jukebox.py"])
    settings = resolve({"OTEL_RESOURCE_ATTRIBUTES": attributes})
    assert settings.service_name == "jukebox"
    assert settings.origins["service_name"].source == "the script's name"


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("python bot.py", "bot"),
        ("python /srv/my.bot.py --shards 2", "my.bot"),
        ("python -m my.bot", "my.bot"),
        ("python -X dev -W error -u bot.py", "bot"),
        ("python -u -m bot", "bot"),
        ("python -c pass", "unknown_service"),
        ("python", "unknown_service"),
        ("python -m", "unknown_service"),
        ("python __main__.py", "unknown_service"),
        ("python /usr/bin/argus-otel run bot.py", "bot"),
        ("python /usr/bin/argus-otel run -m my.bot", "my.bot"),
        ("python /usr/bin/argus-otel doctor", "unknown_service"),
        ("python jukebox", "jukebox"),
    ],
)
def test_a_service_is_named_after_its_program(line: str, name: str) -> None:
    assert script_name(line.split()) == name


def test_no_command_line_names_no_program() -> None:
    assert script_name([]) == "unknown_service"


# -- exporters


def exporters(settings: Settings) -> tuple[tuple[str, ...], ...]:
    return settings.metrics_exporters, settings.traces_exporters, settings.logs_exporters


def test_without_an_endpoint_there_is_prometheus_only() -> None:
    assert exporters(resolve()) == (("prometheus",), (), ())


def test_with_an_otlp_endpoint_everything_is_sent_there_too() -> None:
    settings = resolve({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317"})
    assert exporters(settings) == (("prometheus", "otlp_proto_grpc"), ("otlp_proto_grpc",), ("otlp_proto_grpc",))
    assert settings.origins["traces_exporters"].source == "default, as OTEL_EXPORTER_OTLP_ENDPOINT is set"


@pytest.mark.parametrize("signal", ["metrics", "traces", "logs"])
def test_a_signals_own_endpoint_makes_that_signal_be_sent(signal: str) -> None:
    settings = resolve({f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT": "http://collector:4317"})
    sent = {name: "otlp_proto_grpc" in getattr(settings, f"{name}_exporters") for name in ("metrics", "traces", "logs")}
    assert sent == {name: name == signal for name in sent}


@pytest.mark.parametrize("nothing", ["", "  "])
def test_an_empty_endpoint_is_none(nothing: str) -> None:
    assert exporters(resolve({"OTEL_EXPORTER_OTLP_ENDPOINT": nothing})) == (("prometheus",), (), ())


@pytest.mark.parametrize("none", ["none", "None", " NONE "])
def test_none_exports_nothing_whatever_the_endpoint(none: str) -> None:
    environ = {f"OTEL_{signal}_EXPORTER": none for signal in ("METRICS", "TRACES", "LOGS")}
    assert exporters(resolve({**environ, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317"})) == ((), (), ())


def test_what_is_chosen_stands_in_the_place_of_the_defaults() -> None:
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317", "OTEL_METRICS_EXPORTER": "console"}
    assert resolve(environ).metrics_exporters == ("console",)


@pytest.mark.parametrize(
    ("environ", "metrics", "traces"),
    [
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, "otlp_proto_http", "otlp_proto_http"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "otlp_proto_grpc", "otlp_proto_grpc"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": ""}, "otlp_proto_grpc", "otlp_proto_grpc"),
        ({"OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "http/protobuf"}, "otlp_proto_http", "otlp_proto_grpc"),
        (
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"},
            "otlp_proto_http",
            "otlp_proto_grpc",
        ),
    ],
)
def test_otlp_is_sent_by_the_protocol_that_is_asked_for(environ: dict[str, str], metrics: str, traces: str) -> None:
    settings = resolve({"OTEL_METRICS_EXPORTER": "otlp", "OTEL_TRACES_EXPORTER": "otlp", **environ})
    assert exporters(settings)[:2] == ((metrics,), (traces,))
    assert settings.problems == ()


@pytest.mark.parametrize(
    ("endpoint", "exporter"),
    [
        ("http://collector:4317", "otlp_proto_grpc"),
        ("https://collector", "otlp_proto_grpc"),
        ("https://collector/", "otlp_proto_grpc"),
        ("collector:4317", "otlp_proto_grpc"),
        ("https://ingest.eu.signoz.cloud:443", "otlp_proto_grpc"),
        ("http://[::1]:4317", "otlp_proto_grpc"),
        ("http://collector:4317/v1/traces", "otlp_proto_grpc"),  # gRPC ignores the path
        ("http://collector:4318", "otlp_proto_http"),
        ("http://collector:4318/", "otlp_proto_http"),
        ("http://[::1]:4318", "otlp_proto_http"),
        ("https://otlp-gateway-prod-eu-west-2.grafana.net/otlp", "otlp_proto_http"),
        ("https://api.openobserve.ai/api/default", "otlp_proto_http"),
        ("http://prometheus:9090/api/v1/otlp", "otlp_proto_http"),
    ],
)
def test_without_a_protocol_the_endpoint_tells_it(endpoint: str, exporter: str) -> None:
    settings = resolve({"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint})
    assert settings.traces_exporters == settings.logs_exporters == (exporter,)
    assert settings.metrics_exporters == ("prometheus", exporter)
    assert settings.problems == ()
    chosen = resolve({"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
    assert chosen.traces_exporters == ("otlp_proto_grpc",)


def test_the_endpoint_of_a_signal_tells_its_protocol() -> None:
    settings = resolve(
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317",
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://prometheus:9090/api/v1/otlp/v1/metrics",
        }
    )
    assert settings.metrics_exporters == ("prometheus", "otlp_proto_http")
    assert settings.traces_exporters == ("otlp_proto_grpc",)


def test_an_unknown_protocol_is_named_once() -> None:
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "carrier/pigeon"}
    settings = resolve(environ)
    (problem,) = settings.problems
    assert problem == (
        "OTEL_EXPORTER_OTLP_PROTOCOL is 'carrier/pigeon', but it has to be grpc or http/protobuf; using grpc instead"
    )
    assert settings.traces_exporters == ("otlp_proto_grpc",)


@pytest.mark.parametrize("twice", ["otlp,otlp", "otlp,otlp_proto_grpc", "otlp_proto_grpc, otlp"])
def test_an_exporter_that_is_named_twice_exports_once(twice: str) -> None:
    assert resolve({"OTEL_TRACES_EXPORTER": twice}).traces_exporters == ("otlp_proto_grpc",)


# -- secrets


@pytest.mark.parametrize("given", ["environment", "keyword"])
def test_a_secret_shows_nowhere(given: str) -> None:
    secret = "open-sesame"
    if given == "keyword":
        settings = resolve({"ARGUS_ENDPOINT_PORT": "x"}, endpoint_token=secret)
    else:
        settings = resolve({"ARGUS_ENDPOINT_PORT": "x", "ARGUS_ENDPOINT_TOKEN": secret})
    assert settings.endpoint_token == secret
    assert secret not in repr(settings)
    assert secret not in str(settings)
    assert secret not in repr(settings.origins)
    assert secret not in repr(settings.problems)
    assert settings.origins["endpoint_token"].shown == "(set)"


def test_every_setting_tells_where_it_comes_from() -> None:
    assert set(resolve().origins) == {setting.name for setting in all_settings()}


def test_settings_do_not_change() -> None:
    with pytest.raises(AttributeError, match="settings do not change: endpoint_port stays as it is"):
        resolve().endpoint_port = 1  # type: ignore[misc]


def test_every_secret_is_left_out_of_what_is_shown() -> None:
    """Whichever setting it is, and however it is given."""
    secrets = [setting for setting in all_settings() if setting.secret]
    assert {setting.name for setting in secrets} >= {"endpoint_token", "history_store", "history_user_key"}
    for setting in secrets:
        settings = resolve({setting.variables[0]: "open-sesame"})
        assert "open-sesame" not in f"{settings!r} {settings.problems} {settings.origins}"


# -- sources


def test_a_source_has_settings_of_its_own() -> None:
    settings = resolve({"ARGUS_DISCORD_CLUSTER_ID": "3"}, process_loop_blocked_after=0.5)
    assert settings[DiscordSettings].cluster_id == "3"
    assert settings[ProcessSettings].loop_blocked_after == 0.5
    assert settings.origins["discord_cluster_id"].source == "ARGUS_DISCORD_CLUSTER_ID"
    assert settings.origins["process_loop_blocked_after"].source == "process_loop_blocked_after"
    assert settings != resolve()


def test_a_wrong_value_of_a_source_is_named_like_any_other() -> None:
    settings = resolve({"ARGUS_PROCESS_LOOP_BLOCKED_AFTER": "soon"})
    (problem,) = settings.problems
    assert problem.startswith("ARGUS_PROCESS_LOOP_BLOCKED_AFTER is 'soon', but it has to be a number of seconds")


def test_a_source_that_was_not_resolved_has_its_defaults() -> None:
    class Other(Table):
        source = "other"
        secret = Setting("X", parse=str, default="open", right="a word", help="", type="str", secret=True)

    assert resolve()[Other].secret == "open"
    assert isinstance(Other.secret, Setting)
    assert Other.secret.name == "other_secret"
    assert repr(Other(other_secret="sesame")) == "Other()"


OF_LAUNCHERS = ("RANK", "WORLD_SIZE", "TORCHELASTIC_RESTART_COUNT", "SLURM_RESTART_COUNT")
"""What torchrun and Slurm set."""


def test_every_variable_of_a_source_bears_its_name() -> None:
    for setting in all_settings():
        ours = [name for name in setting.variables if not name.startswith("OTEL_") and name not in OF_LAUNCHERS]
        # The conventions' names are not of graphs alone.
        assert ours in ([], [f"ARGUS_{setting.name.upper()}"], ["ARGUS_GENAI_CONVENTIONS"], ["ARGUS_CONTROL"])


def test_rates_of_what_is_no_source_are_named() -> None:
    settings = resolve({"ARGUS_TRACE_RATES": "event=0.5,discord.task=1,timed=0"})
    (problem,) = settings.problems
    assert problem.startswith("ARGUS_TRACE_RATES has 'event', which applies to nothing")
    assert settings.trace_rates == {"event": 0.5, "discord.task": 1.0, "timed": 0.0}


# -- history

_LOGS = {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://127.0.0.1:4317"}


@pytest.mark.parametrize(
    ("environ", "mode"),
    [
        ({}, "off"),
        ({"ARGUS_HISTORY": "false"}, "off"),
        ({"ARGUS_HISTORY": "true"}, "store"),
        ({"ARGUS_HISTORY": "yes", **_LOGS}, "otlp"),
        ({"ARGUS_HISTORY": "OTLP", **_LOGS}, "otlp"),
        ({"ARGUS_HISTORY": "store", **_LOGS}, "store"),
        ({"ARGUS_HISTORY": "true", **_LOGS, "OTEL_LOGS_EXPORTER": "none"}, "store"),
        ({"ARGUS_HISTORY": "true", **_LOGS, "OTEL_LOGS_EXPORTER": "console"}, "store"),
    ],
)
def test_history_goes_by_otlp_where_logs_do_and_else_to_the_store(environ: dict[str, str], mode: str) -> None:
    assert resolve(environ).history == mode
    assert resolve(environ).problems == ()


def test_history_may_be_a_keyword() -> None:
    assert resolve(history=True).history == "store"
    assert resolve({"ARGUS_HISTORY": "store"}, history=False).history == "off"


def test_history_by_otlp_needs_somewhere_to_go() -> None:
    settings = resolve({"ARGUS_HISTORY": "otlp"})
    assert settings.history == "off"
    (problem,) = settings.problems
    assert "set OTEL_EXPORTER_OTLP_ENDPOINT, or ARGUS_HISTORY=store" in problem


def test_hashed_users_need_a_key() -> None:
    settings = resolve({"ARGUS_HISTORY_USERS": "hashed"})
    assert settings.history_users == "off"
    assert "ARGUS_HISTORY_USER_KEY" in settings.problems[0]
    settings = resolve({"ARGUS_HISTORY_USERS": "Hashed", "ARGUS_HISTORY_USER_KEY": "sesame"})
    assert (settings.history_users, settings.problems) == ("hashed", ())
    assert "sesame" not in repr(settings)


# -- the port of a hosting panel


@pytest.mark.parametrize(
    ("environ", "host", "port", "origin"),
    [
        ({"SERVER_PORT": "25565", "SERVER_IP": "10.0.0.3", "PORT": "1"}, "10.0.0.3", Ports(25565), "SERVER_PORT"),
        ({"SERVER_PORT": "25565"}, "0.0.0.0", Ports(25565), "SERVER_PORT"),  # noqa: S104
        ({"PORT": "8080"}, "0.0.0.0", Ports(8080), "PORT"),  # noqa: S104
        ({"PORT": "8080", "SERVER_IP": "10.0.0.3"}, "0.0.0.0", Ports(8080), "PORT"),  # noqa: S104
        ({"PORT": "8080", "ARGUS_ENDPOINT_HOST": "::1"}, "::1", Ports(8080), "PORT"),
    ],
)
def test_the_port_of_a_hosting_panel_is_used_on_request(
    environ: dict[str, str], host: str, port: Ports, origin: str
) -> None:
    settings = resolve({**environ, "ARGUS_ENDPOINT_PORT": "panel"})
    assert settings.problems == ()
    assert (settings.endpoint_host, settings.endpoint_port) == (host, port)
    assert settings.origins["endpoint_port"].source == origin
    unasked = resolve(environ)
    assert unasked.endpoint_port == Ports(9464, 9479)  # the program's own web server needs that port


@pytest.mark.parametrize("environ", [{}, {"PORT": ""}, {"PORT": "tcp://10.0.0.3:80"}, {"SERVER_PORT": "0"}])
def test_a_hosting_panel_without_a_port(environ: dict[str, str]) -> None:
    settings = resolve({**environ, "ARGUS_ENDPOINT_PORT": "panel"})
    (problem,) = settings.problems
    assert "neither SERVER_PORT nor PORT" in problem
    assert (settings.endpoint_host, settings.endpoint_port) == ("127.0.0.1", Ports(9464, 9479))
